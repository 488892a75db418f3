"""``pretese evidence``: published studies, listed or pooled."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

import pretese
from pretese.api.display import Shown
from pretese.commands.option_names import options_named
from pretese.commands.option_types import Number
from pretese.commands.options import json_option, plot_option
from pretese.commands.output_types import InputPath, OutputFile, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo
from protocol.errors import InputError

if TYPE_CHECKING:  # loaded by the call
    from pretese.api.evidence.published_evidence import Evidence, Pooled

ENDPOINT = "sperm retrieved"

#: What messages name in place of functions of the interface and their arguments.
NAMES = {
    "pool": "pretese evidence", "pool_counts": "pretese evidence", "evidence": "pretese evidence",
    "endpoint": "--pool",
}  # fmt: skip

#: Options that select studies, and those that ask for a meta-analysis.
FILTERS = ("topic", "design", "fsh_class", "surgery", "drug", "read", "without")
POOLING = ("pool", "by", "bias", "bias_shift", "bias_sd")


@click.command(cls=WritingCommand)
@click.argument("sources", nargs=-1)
@click.option("--topic", help="Only this topic.")
@click.option("--design", help="Only this study design, such as cohort.")
@click.option("--fsh-class", help="Only this class of FSH, such as hypergonadotropic.")
@click.option("--surgery", help="Only this kind of retrieval: first, second, mixed, 'not stated'.")
@click.option("--drug", help="Only studies of a drug whose name contains this text.")
@click.option("--read", help="Only studies read as article, abstract, registry or secondary.")
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
    "--by",
    metavar="PROPERTY",
    help="Also pool in subgroups: fsh_class, surgery, design or read.",
)
@click.option(
    "--model",
    metavar="NAME",
    help="Pool counts by binomial-normal, beta-binomial or peto, in place of effects.",
)
@click.option(
    "--bias",
    type=InputPath(),
    metavar="FILE",
    help="Assumed bias by domain and judgement of risk of bias.",
)
@click.option(
    "--bias-shift",
    type=Number(),
    default=0.0,
    show_default=True,
    help="Assumed bias of studies without randomisation; its logarithm for ratios.",
)
@click.option(
    "--bias-sd",
    type=Number(),
    default=0.0,
    show_default=True,
    help="Standard deviation of that bias.",
)
@click.option(
    "--prior-out", type=OutputFile(".yaml"), metavar="FILE",
    help="Write the prior of the effect in a new trial, for pretese power --prior.",
)  # fmt: skip
@plot_option
@click.option(
    "--plot-kind", type=click.Choice(["forest", "funnel"]), default="forest", show_default=True,
    help="What --plot draws.",
)  # fmt: skip
@json_option
def command(
    sources: tuple[str, ...],
    model: str | None,
    prior_out: Path | None,
    plot: Path | None,
    plot_kind: Literal["forest", "funnel"],
    as_json: bool,
    **chosen: Any,
) -> None:
    """List published studies of hormonal treatment before sperm retrieval, or pool them.

    SOURCES are shipped topics or your own files; the default is all shipped topics.
    """
    filters = {name: chosen.pop(name) for name in FILTERS}
    with options_named(NAMES):
        found = pretese.evidence(*sources, **filters)
        shown: Shown = found
        if model is not None:
            _refuse_with_counts(chosen, {"--plot": plot, "--prior-out": prior_out})
            shown = found.pool_counts(chosen["pool"] or ENDPOINT, model)
        elif any(chosen[name] for name in POOLING) or plot or prior_out:
            shown = _pool(found, chosen, plot, plot_kind, prior_out)
    if as_json:
        print_json(shown.to_dict())
    else:
        echo(str(shown))


def _pool(
    found: "Evidence",
    chosen: dict[str, Any],
    plot: Path | None,
    plot_kind: Literal["forest", "funnel"],
    prior_out: Path | None,
) -> "Pooled":
    pooled = found.pool(chosen.pop("pool") or ENDPOINT, chosen.pop("scale"), **chosen)
    if plot is not None:
        from pretese.plots.style import save

        save(pooled.plot(plot_kind), plot, "--plot")
    if prior_out is not None:
        with options_named({"path": "--prior-out"}):
            pooled.prior().write(prior_out)
    return pooled


def _refuse_with_counts(chosen: dict[str, Any], written: dict[str, Path | None]) -> None:
    """Refuse options of the pooling of effects where counts are pooled."""
    context = click.get_current_context()
    given = [
        name for name in chosen
        if name != "pool" and context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    ]  # fmt: skip
    names = [f"--{name.replace('_', '-')}" for name in given]
    names += [name for name, path in written.items() if path is not None]
    if names:
        problem = f"counts are pooled without {names[0]}"
        raise InputError.of("--model", "", problem, f"leave --model or {names[0]} out")
