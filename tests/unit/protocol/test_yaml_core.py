"""The values of YAML and JSON texts, and texts that are refused in one message."""

import math
import os
from pathlib import Path

import pytest

from protocol.errors import InputError
from protocol.reading.documents import is_there, parse_json, parse_yaml, read_text
from protocol.shorten import shorten


def fault(text: str, parse=parse_yaml) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, "mine.yaml")
    (only,) = caught.value.faults
    assert len(str(only)) < 400
    return str(only)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "n", "Yes", "NO", "On", "OFF"])
def test_words_for_yes_and_no_remain_text_as_keys_and_values(word):
    assert parse_yaml(f"{word}: {word}", "x") == {word: word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None),
        ("12", 12), ("-3", -3), ("+3", 3), ("010", 10), ("0o10", 8), ("0x1F", 31),
        ("1e3", 1000.0), ("1.5", 1.5), (".5", 0.5), ("1.", 1.0), ("-.inf", -math.inf),
        ("1_000", "1_000"), ("12:30:00", "12:30:00"), ("2022-03-01", "2022-03-01"),
        ("0000-00-00", "0000-00-00"), ("2022-03-01 10:00:00", "2022-03-01 10:00:00"),
        ("0b11", "0b11"), ("=", "="), ("'12'", "12"), ('"true"', "true"), ("! 12", "12"),
        ("!!str 12", "12"), ("!!float 12", 12.0), ("!!int 12", 12), ("-", None),
    ],
)  # fmt: skip
def test_a_scalar_is_read_by_the_core_schema(text, value):
    found = parse_yaml(f"a: {text}" if text != "-" else "a:", "x")["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_read_as_nan():
    assert math.isnan(parse_yaml("a: .nan", "x")["a"])


def test_keys_are_text_as_written():
    assert list(parse_yaml("{1: a, 1.50: b, true: c, null: d, 2022-03-01: e}", "x")) == [
        "1", "1.50", "true", "null", "2022-03-01",
    ]  # fmt: skip


def test_merged_fields_are_overridden_by_own_fields():
    text = "a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}\nc: {<<: [*a, {x: 3, z: 3}]}\n'<<': d"
    assert parse_yaml(text, "x") == {
        "a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 1, "z": 3}, "<<": "d",
    }  # fmt: skip


def test_an_alias_has_the_last_value_of_its_anchor():
    assert parse_yaml("[&a 1, *a, &a [2], *a]", "x") == [1, 1, [2], [2]]


def bomb(levels: int, item: str = "[{}]") -> str:
    lines = ["a: &l0 " + item.format("x,x,x,x,x,x,x,x,x")]
    for level in range(1, levels):
        inner = ",".join([f"*l{level - 1}"] * 9)
        lines.append(f"k{level}: &l{level} " + item.format(inner))
    return "\n".join(lines)


BROKEN = {
    "an unclosed list": ("a: [1", "line 1, column 6: this is not valid YAML"),
    "a tab": ("a:\n\tb: 1", "line 2, column 1: this is not valid YAML"),
    "a key given twice": ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' is given twice"),
    "a key written in two ways": ("1: a\n'1': b", "the key '1' is given twice"),
    "two merges": ("{<<: {a: 1}, <<: {b: 1}}", "the key '<<' is given twice"),
    "a list as key": ("? [a, b]\n: 1", "line 1, column 3: a list is used as a key"),
    "a mapping as key": ("{a: 1}: 2", "a mapping is used as a key"),
    "an alias as key": ("[&a x, {*a : 1}]", "the alias 'a' is used as a key"),
    "a merge of a number": ("<<: 3", "`<<` borrows from what is not a mapping"),
    "a merge of nothing": ("<<: []", "`<<` borrows from what is not a mapping"),
    "an unknown alias": ("a: *b", "no anchor 'b' ends before this alias"),
    "a list that holds itself": ("a: &a [*a]", "no anchor 'a' ends before this alias"),
    "flow nesting": ("[" * 100_000, "more than 60 deep"),
    "block nesting": ("- " * 100_000, "more than 60 deep"),
    "nested mappings": ("{a: " * 10_000, "more than 60 deep"),
    "nested keys": ("? " * 10_000, "a mapping is used as a key"),
    "aliases of lists": (bomb(9), "with its aliases written out"),
    "aliases of mappings": (bomb(9, "{{<<: [{}]}}").replace("x,", "").replace("x", "{y: 1}"),
                            "with its aliases written out"),
    "a long whole number": ("a: " + "9" * 5000, "a whole number of 5,000 digits"),
    "a long hexadecimal": ("a: 0x" + "f" * 5000, "is too long"),
    "a number beyond all": ("a: 1e400", "line 1, column 4: '1e400' is too large"),
    "an object": ("a: !!python/object:os.system {}", "python/object:os.system' is not allowed"),
    "binary data": ("a: !!binary aGk=", "binary' is not allowed"),
    "a timestamp": ("a: !!timestamp 2022-03-01", "timestamp' is not allowed"),
    "a set": ("a: !!set {b}", "set' is not allowed"),
    "a wrong tag": ("a: !!int x", "'x' is not a value of the type !!int"),
    "an escape sequence": ('a: "\\e[31m"', "column 4: this text holds the character U+001B"),
    "a control key": ('"\\0": 1', "the character U+0000"),
    "a raw control": ("a: \0", "the character U+0000"),
    "half a pair": ('a: "\\ud800"', "the character U+D800"),
    "half a pair, raw": ("a: \ud800", "half of a surrogate pair"),
    "two documents": ("a: 1\n---\nb: 2", "line 2, column 1: a second document begins here"),
    "another version": ("%YAML 2.0\n---\na: 1", "this is not valid YAML"),
    "many values": ("[" + "1," * 600_000 + "]", "more than 500,000 values"),
    "a long broken text": ("a: [" + "1," * 150_000 + "}", "this is not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_text_that_cannot_be_read_is_refused_in_one_message(name):
    text, message = BROKEN[name]
    assert message in fault(text)


BROKEN_JSON = {
    "not a number": ('{"a": NaN}', "NaN is not a number"),
    "infinity": ('{"a": -Infinity}', "-Infinity is not a number"),
    "beyond all": ('{"a": 1e400}', "1e400 is too large"),
    "a key twice": ('{"a": 1, "a": 2}', "the key 'a' is given twice"),
    "nesting": ("[" * 100_000, "nested too deeply"),
    "many digits": ("9" * 5000, "5,000 digits"),
    "cut off": ('{"a": 1,\n', "line 2, column 1: this is not valid JSON"),
    "empty": ("", "line 1, column 1: this is not valid JSON"),
}


@pytest.mark.parametrize("name", BROKEN_JSON)
def test_json_is_read_strictly(name):
    text, message = BROKEN_JSON[name]
    assert message in fault(text, parse_json)


def test_valid_json_is_read():
    assert parse_json('\ufeff{"a": [1, 2.5, null, true]}', "x") == {"a": [1, 2.5, None, True]}


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused_unread(path):
    if not Path(path).exists():
        pytest.skip("there is no such device here")
    with pytest.raises(InputError, match="a device, a pipe or a socket"):
        read_text(Path(path))


def test_a_pipe_is_refused_unread(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no named pipes here")
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(InputError, match="a device, a pipe or a socket"):
        read_text(tmp_path / "pipe.yaml")


def test_a_large_file_is_refused_unread(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(40_000_000)
    with pytest.raises(InputError, match="too large; give at most 16 MB"):
        read_text(path)
    assert len(read_text(path, max_bytes=50_000_000)) == 40_000_000


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_an_impossible_path_is_refused(tmp_path, name):
    assert not is_there(tmp_path / name)
    with pytest.raises(InputError):
        read_text(tmp_path / name)


def test_any_value_in_a_message_is_shortened():
    shared: list[object] = ["x"] * 9
    for _ in range(30):
        shared = [shared] * 9
    endless: list[object] = []
    endless.append(endless)
    for value in (shared, endless, 10**100_000, "x" * 10**6, {"k" * 1000: shared}, b"x" * 10**6):
        assert len(shorten(value)) <= 60
