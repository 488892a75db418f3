"""The figure of boundaries: its curves, and figures of every design."""

import numpy as np
import pytest

import pretese as pt
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.spending import Spending
from pretese.trial.group_sequential.boundary_figure import operating_curves


@pytest.mark.parametrize("options", [{"futility": "OF"}, {"sides": 2, "alpha": 0.05}])
def test_curves_are_those_of_the_design(options):
    document = pt.boundaries(3, **options).to_dict()
    futility = Spending("OF") if "futility" in options else None
    design = plan_sequential(
        [1 / 3, 2 / 3, 1], Spending("OF"), futility=futility, alpha=options.get("alpha", 0.025),
        sides=options.get("sides", 1),
    )  # fmt: skip
    power, size = operating_curves(document, np.array([0.0, 0.5, 1.0]))
    assert power[2] == pytest.approx(0.8, abs=1e-5)
    assert size == pytest.approx(design.expected_rate(design.drift * np.array([0, 0.5, 1])), 1e-5)


def test_boundaries_are_drawn_as_z_p_and_effect():
    found = pt.boundaries([0.4, 1], futility="OF")
    figure = found.plot()
    z, p, effect, curves = figure.axes
    rows = found.to_dict()["analyses"]
    assert z.lines[0].get_ydata().tolist() == [row["upper"] for row in rows]
    assert p.lines[0].get_ydata().tolist() == [row["nominal_p"] for row in rows]
    drift = found.to_dict()["drift"]
    assert effect.lines[0].get_ydata()[1] == pytest.approx(100 * rows[1]["upper"] / drift)
    assert len(curves.lines) == 2
    assert len(pt.boundaries(2, treatment_arms=3, futility_z=[0]).plot().axes) == 3
