"""The audit as Markdown, written from its figures.

``python -m pretese.article.pitfalls.pitfalls_page`` prints `docs/explanation/bias-analysis.md`.
"""

import sys
from collections.abc import Iterable

from pretese.article.pitfalls.all_pitfalls import all_pitfalls
from pretese.article.pitfalls.pitfall_result import Figure, Pitfall
from pretese.screen.progress import progress

#: Studies per scenario of the page in docs.
REPLICATES = 200

SEED = 2022

INTRODUCTION = """\
# The published design, audited

A retrospective cohort of this kind can go wrong in known ways. Each is shown here on simulated men
whose two outcomes, with and without therapy, are known, so that a method's answer can be laid
beside the truth. Nothing here says that the article's conclusion is wrong, or right: it says what
each way of analysing can and cannot tell.

Every figure is computed. A figure after `±` is its Monte Carlo standard error, over {replicates}
simulated studies per scenario (seed {seed}; fewer where a method is slow, more where the question
says so); a figure without one follows from counts that the article prints. Odds ratios are
geometric means over studies.

```sh
pretese reproduce --bias-analysis --replicates {replicates} --seed {seed}
```
"""


def pitfalls_text(pitfalls: Iterable[Pitfall], replicates: int, seed: int) -> str:
    """Return the page as Markdown, ending in one newline."""
    parts = [INTRODUCTION.format(replicates=replicates, seed=seed), *map(_section, pitfalls)]
    return "\n".join(parts)


def _section(pitfall: Pitfall) -> str:
    table = "\n".join(["| | |", "|---|---:|", *map(_row, pitfall.figures)])
    parts = (f"## {pitfall.title}", pitfall.question, _origin(pitfall), table, pitfall.reading)
    return "\n\n".join(parts) + "\n"


def _origin(pitfall: Pitfall) -> str:
    if not pitfall.scenarios:
        return "From printed counts."
    names = ", ".join(f"`{name}`" for name in pitfall.scenarios)
    return f"Scenario{'s' if len(pitfall.scenarios) > 1 else ''}: {names}."


def _row(figure: Figure) -> str:
    return f"| {figure.words} | {figure.shown} |"


if __name__ == "__main__":
    with progress("pitfalls") as tell:
        sys.stdout.write(pitfalls_text(all_pitfalls(REPLICATES, SEED, tell), REPLICATES, SEED))
