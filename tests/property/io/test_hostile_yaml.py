"""For any file content, the loader returns a model or reports the faults in one message."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.plan.spec import Plan
from protocol.errors import InputError
from protocol.reading.documents import parse_yaml, read_document
from tests.support.hostile_yaml import VALUES, WHOLE, alias_bomb, spliced
from tests.support.soak.yaml_files import KINDS, PLACES, answer, faults_of


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "record of a study"])
def test_the_files_that_are_corrupted_are_valid(kind, tmp_path):
    assert answer(kind, KINDS[kind][0], tmp_path) == "read"


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_one_hostile_value_is_read_or_refused_in_words(kind, data, tmp_path_factory):
    span = data.draw(st.sampled_from(PLACES[kind]))
    fault = data.draw(st.sampled_from(sorted(VALUES)))
    answer(kind, spliced(KINDS[kind][0], span, fault), tmp_path_factory.getbasetemp())


@pytest.mark.parametrize(
    "kind", ["design with interim analyses", "clinic", "patient", "plan of a study"]
)
@given(data=st.data())
def test_two_hostile_values_are_read_or_refused_in_words(kind, data, tmp_path_factory):
    text = KINDS[kind][0]
    first, second = data.draw(
        st.lists(st.sampled_from(PLACES[kind]), min_size=2, max_size=2, unique=True)
    )
    if first.start > second.start:
        first, second = second, first
    if first.end > second.start:
        return
    faults = st.sampled_from(sorted(VALUES))
    text = spliced(text, second, data.draw(faults))
    answer(kind, spliced(text, first, data.draw(faults)), tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("kind", ["scenario that extends another", "design", "clinic", "plan",
                                  "regimen", "patient", "calibration record"])  # fmt: skip
@pytest.mark.parametrize("change", WHOLE)
def test_a_corrupted_text_is_read_or_refused_in_words(kind, change, tmp_path):
    answer(kind, WHOLE[change](KINDS[kind][0]), tmp_path)


@given(text=st.text(max_size=200))
def test_any_text_is_a_value_or_one_fault(text):
    assert len(faults_of(lambda: parse_yaml(text, "mine.yaml"))) <= 1


@given(
    text=st.text(
        alphabet=st.sampled_from(list("{}[]:,-?&*!|>'\"%@`#<~ \n\tabx01.")), max_size=60
    )
)  # fmt: skip
def test_any_yaml_syntax_is_a_value_or_one_fault(text):
    assert len(faults_of(lambda: parse_yaml(text, "mine.yaml"))) <= 1


@pytest.mark.parametrize(
    "text", [f"a: {alias_bomb()}", f"a: {alias_bomb(6)}", "[" * 10**6, "? " * 10**5]
)
def test_nested_aliases_take_little_memory(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            read_document(path, Plan)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
