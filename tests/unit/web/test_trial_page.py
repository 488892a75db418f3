"""The trial page: the library's numbers, code that gives them again, and a link that holds all."""

import base64
import html
import itertools
import re

import pytest

import pretese
from pretese.cli import run
from pretese.web.trials.trial_page import exact_curve
from pretese.web.trials.trial_question import DEFAULTS, trial_question

THREE = {"analyses": "3", "futility": "HSD", "dropout_percent": "10"}


@pytest.fixture(scope="module")
def three(client):
    return html.unescape(client.get("/trial", params=THREE).text)


def block(page, heading):
    return re.search(rf"<summary>{heading}</summary><pre>(.*?)</pre>", page, re.DOTALL)[1]


def test_the_page_shows_the_numbers_of_the_library(three):
    document = pretese.boundaries(**trial_question(THREE).arguments()).to_dict()
    for row in document["analyses"]:
        assert f"{row['upper']:.3f}" in three
        assert f"{row['alpha_spent']:.4f}" in three
    size = document["participants"]
    assert f"Exact power {100 * size['exact_power']:.1f} %" in three
    enrolled = 2 * -(-size["per_arm_at_analysis"][-1] * 10 // 9)
    assert f"<h1>{enrolled:,} participants</h1>" in three


def test_the_curve_passes_through_the_exact_power_of_the_design():
    question = trial_question(THREE)
    document = pretese.boundaries(**question.arguments()).to_dict()
    sizes, power = exact_curve(question, document)
    assert len(sizes) >= 20
    assert all(b > a - 0.02 for a, b in itertools.pairwise(power))
    planned = 2 * document["participants"]["per_arm_at_analysis"][-1]
    near = min(range(len(sizes)), key=lambda i: abs(sizes[i] - planned))
    assert power[near] == pytest.approx(document["participants"]["exact_power"], abs=0.03)


def test_the_code_on_the_page_gives_the_same_design(three):
    space = {}
    exec(block(three, "Python").replace("print(design)", ""), space)  # our own page
    assert (
        space["design"].to_dict()
        == pretese.boundaries(**trial_question(THREE).arguments()).to_dict()
    )


def test_the_command_line_on_the_page_gives_the_same_design(three, capsys):
    words = block(three, "Command line").replace("\\\n", " ").split()
    assert run([*words[1:], "--json"]) == 0
    import json

    theirs = json.loads(capsys.readouterr().out)
    ours = pretese.boundaries(**trial_question(THREE).arguments()).to_dict()
    upper = [row["upper"] for row in ours["analyses"]]
    assert [row["upper"] for row in theirs["analyses"]] == pytest.approx(upper, abs=1e-4)


@pytest.mark.parametrize(
    "entries", [THREE, {"analyses": "2", "spending": "KD"}, {"futility": "OF", "analyses": "2"}, {}]
)
def test_the_design_file_on_the_page_is_a_design(entries, tmp_path):
    path = tmp_path / "design.yaml"
    path.write_text(trial_question(entries).design_file(400))
    assert "400 participants" in repr(pretese.design(path))


def test_the_link_holds_the_whole_state(three, client):
    link = re.search(r'href="(/trial\?[^"]+)"', three[three.index("Design file") :])[1]
    again = html.unescape(client.get(link).text)
    assert block(again, "Python") == block(three, "Python")


def test_pictures_stand_in_the_page(three):
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', three)
    assert len(pictures) == 2
    assert all(base64.b64decode(each).startswith(b"<svg") for each in pictures)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"control_percent": "x"}, "control_percent"),
        ({"control_percent": "0"}, "from 0.1 to 99.9"),
        ({"treated_percent": "19.5"}, "two different"),
        ({"treated_percent": "19.6"}, "too many"),
        ({"analyses": "2.5"}, "analyses"),
        ({"analyses": "90"}, "from 1 to 8"),
        ({"spending": "<b>"}, "choose from OF"),
        ({"alpha_percent": "nan"}, "alpha_percent"),
    ],
)
def test_bad_entries_are_named(client, entries, words):
    response = client.get("/trial", params=entries)
    assert response.status_code == 400
    assert words in html.unescape(response.text)
    assert "<b>" not in response.text
    assert client.get("/trial.json", params=entries).status_code == 400


def test_the_json_is_that_of_the_library(client):
    theirs = client.get("/trial.json", params=THREE).json()
    assert theirs == pretese.boundaries(**trial_question(THREE).arguments()).to_dict()


def test_a_trial_in_which_fewer_events_are_better_mirrors(client):
    fewer = {"control_percent": "31", "treated_percent": "19.5"}
    question = trial_question(fewer)
    document = pretese.boundaries(**question.arguments()).to_dict()
    _, power = exact_curve(question, document)
    assert power[-1] > 0.9
    assert client.get("/trial", params=fewer).status_code == 200


def test_every_entry_has_a_field(client):
    page = client.get("/trial", params={"spending": "nothing"}).text  # fast: nothing is computed
    for name in DEFAULTS:
        assert f'name="{name}"' in page
