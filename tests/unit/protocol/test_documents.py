from pathlib import Path

import pytest

from protocol.errors import InputError
from protocol.reading.documents import Document, parse_document, read_document
from protocol.reading.stored import content_hash


class Inner(Document):
    fsh_iu_l: float


class Outer(Document):
    title: str
    panels: dict[str, Inner] | None = None
    visits: tuple[Inner, ...] = ()


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_document(text, Outer, "file.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_every_fault_of_a_file_is_reported_at_once():
    messages = faults("titel: x\npanels: {a: {fsh_iu_l: high}}")
    assert len(messages) == 3
    assert any("titel: there is no such field; did you mean 'title'?" in m for m in messages)
    assert any("title: it is missing" in m for m in messages)
    assert any("panels.a.fsh_iu_l: 'high' is not allowed" in m for m in messages)


def test_suggestions_include_fields_of_nested_items():
    assert faults("title: x\nvisits: [{fsh_iu_l: 1, fsh_iu: 2}]") == [
        "file.yaml: visits.0.fsh_iu: there is no such field; did you mean 'fsh_iu_l'?"
    ]


def test_a_key_given_twice_is_refused():
    assert "the key 'title' is given twice" in faults("title: x\ntitle: y")[0]


def test_broken_yaml_names_line_and_column():
    assert faults("title: [x\n")[0].startswith(
        "file.yaml: line 2, column 1: this is not valid YAML"
    )


def test_an_empty_file_states_what_to_write():
    assert faults("") == ["file.yaml: it holds nothing; write fields as `name: value` lines"]


def test_not_a_number_is_refused():
    assert "panels.a.fsh_iu_l" in faults("title: x\npanels: {a: {fsh_iu_l: .nan}}")[0]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None):
    path = tmp_path / "patients.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"patients\.yaml"):
        read_document(path, Outer)


def test_the_hash_does_not_depend_on_line_endings():
    assert content_hash("a\r\nb\n") == content_hash("a\nb\n")
