"""`pretese.estimators`: every entry can be called, is documented, and is imported on first use."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

import pretese as pt
from estimate.methods.registry import METHODS
from estimate.outcomes.registry import sources_by_function
from pretese.api.estimators.catalogue_designs import DESIGNS
from pretese.api.estimators.catalogue_entries import ESTIMATORS
from pretese.api.estimators.catalogue_pooling import POOLING

ENTRIES = ESTIMATORS + POOLING + DESIGNS


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_is_a_documented_function(entry):
    function = getattr(pt.estimators, entry.name)
    assert callable(function)
    assert f"{function.__module__}.{function.__name__}" == entry.path
    assert inspect.getdoc(function)
    assert entry.about
    assert not entry.about.endswith(".")


def test_names_are_unique_and_listed_in_order():
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names) == len(pt.estimators)
    assert list(pt.estimators) == names
    assert {name for name in dir(pt.estimators) if name in pt.estimators} == set(names)
    assert len({entry.path for entry in ENTRIES}) == len(names)


def test_the_list_is_a_table_and_a_page():
    table = pt.estimators.to_frame()
    assert list(table.columns) == ["family", "name", "about", "source", "path"]
    assert len(table) == len(ENTRIES)
    assert pt.estimators._repr_html_().count("<tr") == len(ENTRIES) + 1
    assert pt.estimators.to_dict()["welch"]["source"].startswith("Welch BL")
    assert len(repr(pt.estimators)) <= 100


def test_functions_of_the_catalogue_equal_those_of_their_modules():
    assert pt.estimators.schoenfeld_events(0.7) == pytest.approx(246.7871045)
    assert pt.estimators.bauer_koehne_boundary(0.025) == pytest.approx(0.0038042, abs=1e-7)
    table = pt.estimators.two_by_two.of(115, 253, 34, 140)
    assert float(table.risk_treated) == pytest.approx(115 / 368)
    low, high = pt.estimators.clopper_pearson_interval(0, 10)
    assert (float(low), float(high)) == pytest.approx((0, 1 - 0.025**0.1))
    assert pt.estimators.fisher_exact(np.array([[3, 1], [1, 3]])) == pytest.approx(34 / 70)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'wilcoxon'"):
        pt.estimators.wilcoxn  # noqa: B018  the attribute is asked for
    assert not hasattr(pt.estimators, "_ipython_display_")


def test_the_catalogue_loads_no_library_until_it_is_used():
    code = (
        "import sys, pretese; dir(pretese.estimators); repr(pretese.estimators); "
        "print([m for m in ('numpy', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_entry_has_a_source_or_is_standard():
    assert pt.estimators.to_frame()["source"].str.len().gt(0).all()


def test_the_source_of_a_method_is_only_in_its_registry():
    of_methods = sources_by_function()
    shared = {entry.name for entry in ENTRIES if entry.path in of_methods}
    assert {entry.name for entry in ENTRIES if entry.source is None} == shared
    listed = pt.estimators.to_dict()
    assert listed["firth"]["source"] == METHODS["firth"].provenance.source
    assert listed["cox_fit"]["source"].startswith("Efron B")
