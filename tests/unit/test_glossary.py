"""No name, message, docstring, comment or page contains a word that the glossary refuses."""

import re

import pytest

from docs.generate.banned_words import (
    ROOT,
    all_hits,
    banned,
    counts,
    exemptions,
    files,
    hits,
    phrase_pattern,
)


def found(text, path="pretese/module.py"):
    return [hit.found for hit in hits(path, text)]


def test_no_file_holds_a_refused_word():
    assert counts(all_hits()) == {}, "see: python docs/generate/banned_words.py FOLDER"


def test_every_entry_is_in_lower_case_and_begins_with_a_whole_word():
    assert len(banned()) > 150
    for words, term, _ in banned():
        assert words == words.lower(), term
        assert "*" not in words.split()[0], term


def test_no_word_is_refused_twice_and_no_term_refuses_itself():
    words = [words for words, _, _ in banned()]
    assert sorted({word for word in words if words.count(word) > 1}) == []
    for word, term, only_names in banned():
        assert only_names or word not in found(f"# {term}"), term


def test_every_exception_has_a_reason_and_is_needed():
    everything = "\n".join((ROOT / path).read_text("utf-8") for path in files()).lower()
    for each in exemptions():
        assert all((each.reason, each.files)), each
        assert re.search(phrase_pattern(each.phrase), everything), f"not needed: {each.phrase!r}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class CrudeRatio: ...", ["crude"]),
        ("def of_crude(menCount): ...", ["crude", "men"]),
        ("x = 'share\\nof the plan'", ["share\nof the plan"]),
        ("x = f'{n} men came'", ["men"]),
        ("# all of his\n# luck", ["luck"]),
        ('"""Return the men."""', ["men"]),
        ("x = 'gn'", ["gn"]),
        ("# the column `gn`, and gn in prose", []),
        ('"""Read ``gn``."""', ["gn"]),
        ("x = 'look at it'; y = 'look up'", ["look"]),
        ("# Mann and Whitney, women, omen, documents", []),
    ],
)
def test_a_word_is_found_in_names_strings_docstrings_and_comments(text, words):
    assert sorted(found(text)) == sorted(words)


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("a.yaml", "gn: 1\n- flip: x\n  text: gn", ["gn", "flip"]),
        ("a.json", '{"gn": "gn"}', ["gn"]),
        ("a.csv", "gn,age\ngn,1\n", ["gn"]),
        ("a.md", "Use `gn` or gn.\n\n```\n--men 3\n```\n", ["gn", "men"]),
        ("docs/how-to/check-one-man.md", "", ["man"]),
        ("pretese/twin/__init__.py", "", ["twin"]),
        ("a.html", "<p>569 men</p>", ["men"]),
    ],
)
def test_a_word_is_found_in_files_of_every_kind_and_in_their_names(path, text, words):
    assert sorted(found(text, path)) == sorted(words)


def test_a_hit_names_its_line_and_the_term():
    (hit,) = hits("pretese/module.py", '"""One.\n\nAll the men.\n"""')
    assert (hit.line, hit.term, hit.folder) == (3, "patient", "pretese")
