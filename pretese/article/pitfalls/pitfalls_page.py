"""The bias analysis as Markdown, written from its figures.

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
# Bias analysis of the published design

A retrospective cohort study of this kind is prone to known sources of bias. Each is shown here in
simulated patients whose potential outcomes, with and without therapy, are known, so that every
estimate can be compared with the true effect. The analysis does not show that the article's
conclusion is wrong, or right; it shows what each analysis can and cannot establish.

MCSE is the Monte Carlo standard error over {replicates} simulated studies per scenario (seed
{seed}; fewer where a method is slow, more where stated). A figure without one follows
from printed counts. Odds ratios are geometric means over studies.

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
    return f"| {figure.words} | {figure} |"


if __name__ == "__main__":
    with progress("pitfalls") as tell:
        sys.stdout.write(pitfalls_text(all_pitfalls(REPLICATES, SEED, tell), REPLICATES, SEED))
