"""Marginal distributions: exact quartiles, continuous density, values within the limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulate.patients.marginals import coefficients, score_of, value_at
from simulate.scenario import Marginal
from simulate.scenario.load import load_scenario
from simulate.scenario.sections.enrolment import MAX_SKEWNESS, Z_QUARTILE
from simulate.scenario.sections.parameter import Parameter


def number(value):
    return Parameter(value=value, unit="1", status="derived", source="test")


def marginal(quartiles, lower, upper, scale="natural"):
    """Return the marginal with these quartiles; raise ValidationError if there is none."""
    low, median, high = quartiles
    down, up = (median - low, high - median)
    if scale == "log":
        down, up = np.log(median / low), np.log(high / median)
    return Marginal(
        scale=scale,
        median=number(median),
        sd_below=number(down / Z_QUARTILE),
        sd_above=number(up / Z_QUARTILE),
        lower=number(lower),
        upper=number(upper),
    )


def skewness(quartiles, lower, upper):
    low, middle, high = (np.log((x - lower) / (upper - x)) for x in quartiles)
    return (high + low - 2 * middle) / (high - low)


@st.composite
def quartiles_within_limits(draw):
    """Return quartiles and limits for which a distribution exists."""
    lower = draw(st.floats(0.5, 20))
    steps = draw(st.lists(st.floats(0.5, 10), min_size=4, max_size=4))
    low, median, high, upper = lower + np.cumsum(steps)
    values = (float(low), float(median), float(high))
    if abs(skewness(values, lower, upper)) > 0.98 * MAX_SKEWNESS:
        middle = lower + (upper - lower) * np.array([0.3, 0.5, 0.7])
        values = tuple(float(x) for x in middle)
    return values, lower, float(upper)


@given(quartiles_within_limits(), st.sampled_from(["natural", "log"]))
def test_quartiles_are_exact_and_no_value_lies_beyond_the_limits(drawn, scale):
    quartiles, lower, upper = drawn
    found = marginal(quartiles, lower, upper, scale)
    at = value_at(found, np.array([-Z_QUARTILE, 0, Z_QUARTILE]))
    assert at == pytest.approx(quartiles, rel=1e-9)
    values = value_at(found, np.linspace(-9, 9, 2001))
    assert lower <= values[0]
    assert values[-1] <= upper


@given(quartiles_within_limits())
def test_values_rise_and_their_density_has_no_jump(drawn):
    found = marginal(*drawn)
    assert coefficients(found).increasing
    z = np.linspace(-4, 4, 8001)
    slopes = np.diff(value_at(found, z))
    assert (slopes > 0).all()
    # The density is the normal density divided by the slope: neighbouring slopes differ by at most
    # what the step between them implies, at the median as elsewhere.
    assert np.abs(np.diff(np.log(slopes))).max() < 0.05


@given(quartiles_within_limits(), st.floats(-3, 3))
def test_a_score_is_found_again_from_its_value(drawn, z):
    found = marginal(*drawn)
    value = value_at(found, np.array([z]))
    assert value_at(found, score_of(found, value)) == pytest.approx(value, rel=1e-4)


def test_quartiles_beyond_the_limits_or_too_asymmetric_are_refused():
    with pytest.raises(ValidationError, match="do not lie between the limits 5 and 9"):
        marginal((4, 6, 8), 5, 9)
    with pytest.raises(ValidationError, match="too asymmetric"):
        marginal((9.9, 10, 50), 1, 99)


@pytest.mark.parametrize("name", ["bmi_kg_m2", "testis_volume_ml", "fsh_iu_l", "age_years"])
def test_no_density_of_the_article_jumps_at_its_median(name):
    found = load_scenario("paper").population.marginals[name]
    z = np.array([-0.002, -0.001, 0.0, 0.001, 0.002])
    left, right = np.diff(value_at(found, z))[[1, 2]]
    assert left == pytest.approx(right, rel=0.01)
