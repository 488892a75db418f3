"""``pretese evidence``: published studies, listed or pooled."""

from pathlib import Path
from typing import Any

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.options import json_option, plot_option
from pretese.commands.output_types import OutputFile, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo


@click.command(cls=WritingCommand)
@click.argument("sources", nargs=-1)
@click.option("--topic", help="Only this topic.")
@click.option("--design", help="Only this study design, such as cohort.")
@click.option("--fsh-class", help="Only this class of FSH, such as hypergonadotropic.")
@click.option("--surgery", help="Only this kind of retrieval: first, second, mixed, none.")
@click.option("--drug", help="Only studies of a drug whose name contains this text.")
@click.option("--without", multiple=True, metavar="NAME", help="Exclude a study. May be repeated.")
@click.option(
    "--pool", metavar="ENDPOINT", help="Pool the effects on an endpoint, such as 'sperm retrieved'."
)
@click.option(
    "--scale",
    default="odds ratio",
    show_default=True,
    help="Effect measure: odds ratio, risk ratio or risk difference.",
)
@click.option(
    "--prefer",
    default="adjusted",
    show_default=True,
    help="Estimate used from each study: adjusted, or unadjusted (from counts).",
)
@click.option(
    "--method",
    default="REML",
    show_default=True,
    help="Estimator of the between-study variance: REML, EE, DL, HE, SJ, PM or ML.",
)
@click.option(
    "--test",
    default="knapp-hartung",
    show_default=True,
    help="Test and interval of the pooled effect: knapp-hartung or normal.",
)
@click.option(
    "--prior-out", type=OutputFile(".yaml"), metavar="FILE",
    help="Write the prior of the effect in a new trial, for pretese power --prior.",
)  # fmt: skip
@plot_option
@json_option
def command(
    sources: tuple[str, ...],
    pool: str | None,
    scale: str,
    prefer: str,
    method: str,
    test: str,
    prior_out: Path | None,
    plot: Path | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """List published studies of hormonal treatment before sperm retrieval, or pool them.

    SOURCES are shipped topics or your own files; the default is all shipped topics.
    """
    with options_named():
        found = pretese.evidence(*sources, **filters)
        pooled = None
        if pool or plot or prior_out:
            endpoint = pool or "sperm retrieved"
            pooled = found.pool(endpoint, scale, prefer=prefer, method=method, test=test)
    if pooled is not None and plot is not None:
        from pretese.plots.style import save

        save(pooled.plot(), plot, "--plot")
    if pooled is not None and prior_out is not None:
        with options_named({"path": "--prior-out"}):
            pooled.prior().write(prior_out)
    shown = pooled or found
    if as_json:
        print_json(shown.to_dict())
    else:
        echo(str(shown))
