"""Published numbers as data: lookup, rounding, faults; shipped files, in a checkout and a wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import pretese
from docs.generate.published_page import page
from pretese.article.published import PublishedNumber, PublishedStudy, load_published
from protocol.errors import InputError
from simulate.core import shipped
from simulate.core.shipped import published_names, published_path, scenario_names, scenario_path

ROOT = Path(pretese.__file__).parents[1]
NAME = "rbe-2022-00934"
STUDY = """
study: {about: a trial, journal: J, year: 2022, doi: 10.1000/x, design: cohort, read_from: all}
parts: [Results]
printed:
  a.count: {value: 3, unit: patients, label: three patients, at: [{part: Results, paragraph: 1}]}
derived:
  derived.b.count: {value: 6, unit: patients, label: twice, rule: 2 × 3, inputs: [a.count]}
statements:
  statement.s: {kind: direction, text: more, about: [a.count], at: [{part: Results}]}
not_printed:
  not_printed.n: {what: the rest, reason: not in the text, at: [{part: Results}]}
findings:
  finding.f: {kind: gap, text: a gap, about: [derived.b.count], at: [{part: Results}]}
"""


@pytest.fixture(scope="module")
def study() -> PublishedStudy:
    return load_published(NAME)


@pytest.fixture
def write(tmp_path):
    """Write a small study with one text replaced by another; return its path."""

    def write_with(old="", new=""):
        assert old in STUDY
        path = tmp_path / "study.yaml"
        path.write_text(STUDY.replace(old, new) if old else STUDY, encoding="utf-8")
        return path

    return write_with


def messages(path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_published(path)
    return [str(fault) for fault in caught.value.faults]


def test_a_study_is_read_from_a_file_of_the_users(write):
    study = load_published(write())
    assert list(study.numbers) == ["a.count", "derived.b.count"]
    assert not study.number("a.count").is_derived
    assert study.number("derived.b.count").is_derived


def test_an_unknown_number_names_the_nearest(study):
    with pytest.raises(InputError) as caught:
        study.number("table1.fsh.treated.median")
    message = str(caught.value)
    assert "table1.fsh.treated.median: there is no such number" in message
    assert "did you mean table1.fsh_iu_l.treated.median" in message


def test_a_number_far_from_all_is_refused_without_a_guess(study):
    with pytest.raises(InputError, match="holds all ids"):
        study.number("§§§")


def test_numbers_are_read_only(study):
    with pytest.raises(TypeError):
        study.numbers["flow.enrolled"] = study.number("flow.treated")
    with pytest.raises(ValidationError):
        study.number("flow.enrolled").value = 570


@pytest.mark.parametrize(
    ("old", "new", "field", "cure"),
    [
        ("inputs: [a.count]", "inputs: [a.cuont]", "derived.derived.b.count", "did you mean a.co"),
        ("inputs: [a.count]", "inputs: [derived.b.count]", "derived.derived.b.count", "above"),
        (
            ", inputs: [a.count]",
            "",
            "derived.derived.b.count",
            "give the numbers from which it is derived",
        ),
        ("derived.b.count: {", "b.count: {", "derived.b.count", "rename it"),
        (
            ", at: [{part: Results, paragraph: 1}]",
            "",
            "printed.a.count",
            "give the place where it is printed",
        ),
        ("  a.count: {", "  derived.a.count: {", "printed.derived.a.count", "move or rename"),
        ("text: more, about: [a.count]", "text: more, about: [a.c]", "statement.s", "did you mean"),
        ("text: a gap, about: [derived.b.count]", "text: a gap, about: [c]", "finding.f", "ids"),
        ("paragraph: 1}]", "paragraph: 0}]", "printed.a.count.at.0.paragraph", "greater than"),
        ("parts: [Results]", "parts: [Result]", "printed.a.count", "did you mean Result?"),
        ("value: 3,", "value: .nan,", "printed.a.count.value", "finite number"),
        (
            "unit: patients, label: three",
            "unit: patients/L, label: three",
            "printed.a.count.unit",
            "'IU/L'",
        ),
        ("value: 3,", "value: 3, decimals: -1,", "printed.a.count.decimals", "greater than"),
        ("doi: 10.1000/x", "doi: x", "study.doi", "pattern"),
        (
            "label: three patients",
            "lable: three patients",
            "printed.a.count.lable",
            "did you mean 'label'?",
        ),
    ],
)
def test_an_invalid_file_is_refused_with_field_and_remedy(write, old, new, field, cure):
    found = messages(write(old, new))
    assert any(field in message and cure in message for message in found), found


def test_all_broken_references_are_listed_at_once(write):
    found = messages(write("a.count: {value", "z.count: {value"))
    assert len(found) == 2  # the derived figure and the statement


@pytest.mark.parametrize(
    ("value", "decimals", "inside", "outside"),
    [
        (31.2, 1, (31.15, 31.25), (31.149, 31.251)),
        (7.0, 0, (6.5, 7.5), (6.49, 7.51)),
        (0.006, 3, (0.0055, 0.0065), (0.00549, 0.00651)),
        (27.0, None, (27.0,), (26.999, 27.001)),
    ],
)
def test_agreement_includes_both_ends_of_the_rounding(value, decimals, inside, outside):
    number = PublishedNumber(value=value, decimals=decimals, unit="percent", label="share")
    assert all(number.agrees_with(x) for x in inside)
    assert not any(number.agrees_with(x) for x in outside)


@given(exact=st.floats(-1e4, 1e4), decimals=st.integers(0, 6))
def test_what_rounds_to_a_figure_agrees_with_it(exact, decimals):
    number = PublishedNumber(
        value=round(exact, decimals), decimals=decimals, unit="ratio", label="x"
    )
    assert number.agrees_with(exact)
    assert not number.agrees_with(number.value + 3 * number.half_width)


def test_ids_follow_one_scheme(study):
    for number_id in study.numbers:
        assert number_id == number_id.lower()
        assert "." in number_id
    for group in ("statement", "not_printed", "finding"):
        entries = getattr(study, group if group == "not_printed" else f"{group}s")
        assert entries
        assert all(entry.startswith(f"{group}.") for entry in entries)


def test_every_figure_has_its_own_label_and_unit(study):
    percents = [i for i in study.numbers if i.endswith("percent")]
    assert {study.number(i).unit for i in percents} == {"percent"}
    p_values = [i for i in study.numbers if i.endswith("p_value")]
    assert {study.number(i).unit for i in p_values} == {"probability"}
    assert all(0 < study.number(i).value < 1 for i in p_values)


def test_lh_and_fsh_are_read_as_international_units(study):
    gonadotropins = [
        n for i, n in study.printed.items()
        if i.startswith(("table1.lh_iu_l", "table1.fsh_iu_l")) and not i.endswith("p_value")
    ]  # fmt: skip
    assert len(gonadotropins) == 18
    for number in gonadotropins:
        assert (number.unit, number.printed_unit) == ("IU/L", "μ/L")
        assert "international units per litre" in number.reading


def test_the_reference_page_is_up_to_date(study):
    path = ROOT / "docs/reference/published-numbers.md"
    assert path.read_text(encoding="utf-8") == page(study, NAME)


def test_the_page_shows_bounds_and_printed_units(study):
    text = page(study, NAME)
    assert "| `propensity.max_smd_after` | < 0.1 | standard deviations |" in text
    assert "| IU/L (printed μ/L) |" in text
    assert text.count("\n| `") == sum(
        len(group) for group in (study.numbers, study.statements, study.not_printed, study.findings)
    )


# Shipped files.


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand in for the installed package: scenarios inside it."""
    (tmp_path / "scenarios/published").mkdir(parents=True)
    for name in ("paper.yaml", "null.yaml", "published/x-1.yaml", "notes.txt"):
        (tmp_path / "scenarios" / name).write_text("{}", encoding="utf-8")
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path)
    return tmp_path / "scenarios"


def test_the_checkout_ships_the_published_study():
    assert NAME in published_names()
    assert published_path(NAME) == ROOT / "scenarios/published" / f"{NAME}.yaml"


def test_an_installed_package_holds_its_scenarios_inside(folder):
    assert scenario_names() == ("null", "paper")
    assert scenario_path("paper") == folder / "paper.yaml"
    assert published_path("x-1") == folder / "published/x-1.yaml"


def test_a_path_of_the_users_is_used_as_it_is(folder, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("{}", encoding="utf-8")
    assert scenario_path(mine) == scenario_path(str(mine)) == mine


def test_a_shipped_name_wins_over_a_file_of_that_name(folder, tmp_path, monkeypatch):
    (tmp_path / "paper").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert scenario_path("paper") == folder / "paper.yaml"
    assert scenario_path("./paper") == Path("paper")


@pytest.mark.parametrize("name", ["papr", "papr.yaml", "some/where/paper.yaml"])
def test_an_unknown_scenario_names_the_nearest_and_lists_all(folder, name):
    with pytest.raises(InputError) as caught:
        scenario_path(name)
    message = str(caught.value)
    assert message.startswith(f"{name}: there is no such scenario; did you mean 'paper'?")
    assert "shipped: null, paper" in message


def test_a_strange_or_empty_name_lists_what_is_shipped(folder):
    for name in ("", "qqqqqq"):
        with pytest.raises(InputError, match="there is no such published study; give the path"):
            published_path(name)


def test_a_name_does_not_climb_out_of_the_folder(folder):
    (folder.parent / "secret.yaml").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="no such scenario"):
        scenario_path("../secret")


def test_nothing_shipped_is_reported_so(tmp_path, monkeypatch):
    (tmp_path / "scenarios").mkdir()
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path)
    with pytest.raises(InputError, match="none is shipped"):
        scenario_path("paper")


# The wheel.


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build the wheel into a temporary folder, without network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_only_these_top_level_names(wheel):
    tops = {name.split("/")[0] for name in members(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "protocol", "simulate", "estimate", "pretese",
    }  # fmt: skip


def test_the_wheel_holds_every_data_file(wheel):
    scenarios = {
        "simulate/" + path.relative_to(ROOT).as_posix() for path in ROOT.glob("scenarios/**/*.yaml")
    }
    packaged = {
        path.relative_to(ROOT).as_posix()
        for package in ("protocol", "simulate", "estimate", "pretese")
        for pattern in ("**/*.yaml", "**/*.j2", "py.typed")
        for path in (ROOT / package).glob(pattern)
    }
    assert f"simulate/scenarios/published/{NAME}.yaml" in scenarios
    assert scenarios | packaged <= members(wheel)


def test_the_unpacked_wheel_finds_its_own_files(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pretese.article.published import load_published\n"
        "from simulate.core.shipped import published_path\n"
        f"print(published_path({NAME!r}))\n"
        f"print(load_published({NAME!r}).number('flow.enrolled').value)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    path, enrolled = done.stdout.split()
    assert Path(path).is_relative_to(tmp_path.resolve())
    assert float(enrolled) == 569
