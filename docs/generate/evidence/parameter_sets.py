"""The page of the ensemble of parameter sets, from its record.

``python -m docs.generate.evidence.parameter_sets > docs/reference/parameter-sets.md`` writes it.
"""

import sys

from pretese.article.ensemble.ensemble_view import open_number_rows
from simulate.core.shipped import scenario_path
from simulate.scenario.ensemble import EnsembleFile, OpenNumber, ensemble_path, read_ensemble
from simulate.scenario.load import load
from simulate.scenario.parameter_paths import parameters

WORDS = """# What the published numbers leave open

A calibrated scenario is one set of numbers that reproduces the article. Many other sets do so too:
most numbers are assumed within a range, and calibration targets have sampling error. The *ensemble
of parameter sets* holds sets that all reproduce the article. What is the same in all of them is
what the article fixes; the *band*, the middle 95 % over the sets, is what it leaves open.

```
pretese truth paper --worlds 50                      # true effects with bands
pretese power superiority-any-sperm --worlds 50      # power with bands
pretese reproduce --worlds 50                        # published numbers with bands
pretese simulate paper --worlds 50 --out cohorts     # a cohort for each set
```

In Python: `pretese.scenario("paper").truth(worlds=50)`, `.worlds(50)`, `.ensemble()`,
`pretese.design(...).power_bands(50)`, `pretese.reproduce(worlds=50)`. A scenario that extends
`paper` takes the same sets; numbers that it states itself, and those that you set, are kept.

## How the sets are made

`make worlds` (`pretese calibrate paper --worlds 200 --workers 2`) makes them:

1. Every number with a range (`sweep`) is drawn uniformly from it, all at once. One of 64 such draws
   is chosen by its marginal likelihood in the model linearised at the calibrated point.
2. The targets are perturbed by the sampling error of one study of 569 patients (quartiles in whole
   units: before rounding, with the error of rounding), and the calibrated numbers, which have
   normal priors with a standard deviation of 1 on their log odds or log scale, are solved for them
   by Gauss-Newton steps over simulated studies. In a linear model with normal errors this is an
   exact draw from the posterior (randomised maximum likelihood: Kitanidis 1995; Oliver, He and
   Reynolds 1996).
3. The set is tested in {studies} fresh simulated studies. It is accepted if every target that must
   match lies between the 0.135th and the 99.865th percentile of them: three standard errors either
   way for a normal number.

{proposed} sets were proposed, {sets} accepted. The rarest published value in any accepted set has
{tail:.2g} % of the studies on its side. This test cuts the tails of the posterior: sets at which a
published value lies beyond three standard errors are proposed and dropped, so that the bands are
slightly narrower than those of the posterior without the test.

{varied} numbers with a range are varied in the sets.{held}

The sets widen what the calibrated scenario predicts: of the predicted numbers of
`pretese reproduce --worlds 200` (seed 1, 200 studies), 132 of 134 lie between the 2.5th and the
97.5th percentile of the studies of the calibrated scenario, and 133 of 134 over all sets.

**Check of the method.** Simulation-based calibration (Talts and co-workers 2018) on a problem with
two calibrated and one open number and binomial data: 400 data sets, 19 members each. The ranks of
the true values are uniform (chi-square p 0.54, 0.87 and 0.87). The suite repeats a smaller run.

**Check on the article's own problem** (`python -m benchmarks.ensemble_ranks`), with all its
numbers:
78 calibrated ones and 125 with a range, drawn from their priors.

* *Linear model* of the article's 88 targets, with the derivatives, sampling covariance and priors
  that the sets are made with: 300 data sets, 19 members each. The ranks of all true values together
  fall into the five fifths in shares of 20.1, 20.2, 19.8, 19.9 and 19.9 %. The chi-square
  p-values are uniform (Kolmogorov-Smirnov p 0.30); the smallest is 0.0032, 0.64 after correction
  for their number. This checks the choice among 64 draws and the solution together.
{simulated}
The ranks are those of proposed sets, before the test of step 3.

## How far each open number moves the effect

True difference in any sperm, all patients: {difference:.1f} percentage points at the calibrated
point. One number at a time is set to both ends of its range, and the calibrated numbers are solved
again, so that the article is still reproduced. *Misfit* is the largest distance of a target that
remains, in standard errors of the published study. Confounding by a hidden cause needs two numbers,
which are also moved together.

| number | status | range | difference, points | moves by | misfit |
|---|---|---|---|---|---|
"""


#: The check that simulates studies.
SIMULATED = """\
* *Simulated studies*: 66 studies of 569 patients, 4 members each, drawn and solved by simulation
  with 40 studies behind an expected value (the sets were made with 120). The 125 open numbers have
  the priors of the sets; the 78 calibrated ones have normal priors with the standard deviations of
  their posterior, because a study far from the article has no neighbourhood in which the model is
  nearly linear. Of 100 drawn parameter vectors, 34 were no possible scenario. Ranks of the open
  numbers and of the true risk difference of any sperm together fall into the five ranks in shares
  of 20.3, 20.3, 19.8, 19.6 and 19.9 %. Chi-square p-values: uniform (p 0.48), the smallest 0.0064
  (0.80 after correction); of the risk difference 0.23 (ranks 8, 13, 12, 13, 20). With so few
  studies only a gross fault would show.
"""


def _held(file: EnsembleFile) -> str:
    """Return which numbers with a range the sets do not vary, and what each would do."""
    held = [each for each in file.open_numbers if not set(each.paths) & set(file.paths)]
    if not held:
        return ""
    names = ", ".join(f"`{each.paths[0]}`" for each in held)
    return (
        f" {len(held)} more, transported from other patients or doses, keep their values: "
        f"{names}. In the table below, one at a time, they change the effect by at most "
        f"{max(100 * _span(each) for each in held):.1f} percentage points."
    )


def _span(each: OpenNumber) -> float:
    """Return how far a number moves the risk difference."""
    low, high = (risks[1] - risks[0] for risks in (each.risks_low, each.risks_high))
    return abs(high - low)


def page(file: EnsembleFile) -> str:
    """Return the page."""
    statuses = {
        path: each.status for path, each in parameters(load(file.scenario).scenario).items()
    }
    untreated, treated = file.risks
    words = WORDS.format(
        studies=file.studies, proposed=file.proposed, sets=len(file.worlds),
        tail=100 * file.smallest_tail, difference=100 * (treated - untreated),
        varied=len({p for e in file.open_numbers for p in e.paths} & set(file.paths)),
        held=_held(file), simulated=SIMULATED,
    )  # fmt: skip
    rows = [
        f"| `{row['number']}` | {statuses[row['number'].split(' with ')[0]]} "
        f"| {row['low']:.4g} to {row['high']:.4g} "
        f"| {row['difference_low']:.1f} to {row['difference_high']:.1f} | {row['span']:.1f} "
        f"| {row['largest_misfit']:.1f} |"
        for row in open_number_rows(file)
    ]
    return words + "\n".join(rows) + "\n"


def shipped() -> EnsembleFile:
    """Return the shipped ensemble."""
    return read_ensemble(ensemble_path(scenario_path("paper"), "paper"))


if __name__ == "__main__":
    sys.stdout.write(page(shipped()))
