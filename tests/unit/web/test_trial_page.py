"""The trial page: numbers of the library, code that reproduces them, and a link with the state."""

import base64
import hashlib
import html
import itertools
import re

import numpy as np
import pytest

import pretese
from pretese.cli import run
from pretese.web.layout.wording import LANGUAGES, messages
from pretese.web.trials.trial_answer import exact_curve, trial_answer
from pretese.web.trials.trial_question import DEFAULTS, trial_question
from pretese.web.trials.trial_simulation import Progress, next_block

THREE = {"analyses": "3", "futility": "HSD", "dropout_percent": "10"}


@pytest.fixture(scope="module")
def three(client):
    return html.unescape(client.get("/trial", params=THREE).text)


def block(page, heading):
    return re.search(rf"<summary>{heading}</summary><pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1]


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
    sizes, power = zip(*exact_curve(question, document), strict=True)
    assert len(sizes) == 25
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
    "entries",
    [
        THREE,
        {"analyses": "2", "spending": "KD"},
        {"futility": "OF", "analyses": "2"},
        {},
        {"margin_percent": "10"},
        {"source": "paper"},
    ],
)
def test_the_design_file_on_the_page_is_a_design(entries, tmp_path):
    path = tmp_path / "design.yaml"
    path.write_text(trial_question(entries).design_file(400))
    assert "400 participants" in repr(pretese.design(path))


def test_the_link_contains_the_complete_state(three, client):
    link = re.search(r'href="(/trial\?[^"]+)"', three[three.index("Design file") :])[1]
    again = html.unescape(client.get(link).text)
    assert block(again, "Python") == block(three, "Python")


def test_figures_are_embedded_in_the_page(three):
    pictures = re.findall(r'<svg [^>]*class="chart".*?</svg>', three, re.DOTALL)
    assert len(pictures) == 3  # power over size, boundaries, expected size over the effect
    assert all("style=" not in each for each in pictures)


def test_expected_sizes_and_assurance_are_those_of_the_enumeration(client):
    asked = {"analyses": "2", "futility": "OF", "prior_sd_percent": "40"}
    answer = trial_answer(trial_question(asked))
    document = pretese.boundaries(**trial_question(asked).arguments()).to_dict()
    size = document["participants"]
    exact = size["exact_expected_participants_under_alternative"]
    assert answer.expected_under["alternative"] == pytest.approx(exact, rel=1e-6)
    assert answer.expected_under["null"] < exact < answer.analysed
    rows, n = document["analyses"], size["per_arm_at_analysis"]
    draws, odds = np.random.default_rng(4).normal(size=300), 0.195 / 0.805
    planned = np.log(0.31 / 0.69 / odds)
    at = odds * np.exp(planned + 0.4 * planned * draws)
    trial = pretese.estimators.exact_sequential(
        n, n, [r["upper"] for r in rows], at / (1 + at), 0.195, lower=[r["lower"] for r in rows]
    )
    assert answer.assurance == pytest.approx(float(trial.power.mean()), abs=0.06)
    assert f"Assurance {100 * answer.assurance:.1f} %" in client.get("/trial", params=asked).text


def test_a_margin_plans_non_inferiority(client):
    asked = {"margin_percent": "10", "treated_percent": "19.5", "analyses": "2"}
    document = client.get("/trial.json", params=asked).json()
    ours = pretese.boundaries(2, spending="OF", control_risk=0.195, treated_risk=0.195, margin=0.1)
    assert document == ours.to_dict()
    curve = exact_curve(trial_question(asked), document)
    assert curve[-1][1] > document["participants"]["exact_power"] > curve[0][1]


@pytest.mark.parametrize(("treatments", "analyses"), [(2, 1), (3, 1), (2, 2)])
def test_several_treatments_share_a_control(client, treatments, analyses):
    asked = {"treatments": str(treatments), "analyses": str(analyses)}
    answer = trial_answer(trial_question(asked))
    size = answer.document["participants"]
    assert answer.analysed == size["in_all"]
    assert answer.document["treatment_arms"] == treatments
    assert [p for _, p in answer.curve] == sorted(p for _, p in answer.curve)
    assert len(answer.curve) == 25
    assert answer.expected_under["alternative"] <= answer.expected_under["null"] <= size["in_all"]
    page = client.get("/trial", params=asked).text
    assert f"<h1>{answer.enrolled:,} participants</h1>" in page
    assert "testing:" in page


def test_the_power_to_find_one_of_several_treatments_is_that_of_two_arms():
    question = trial_question({"treatments": "2", "analyses": "2"})
    answer = trial_answer(question)
    size, rows = answer.document["participants"], answer.rows
    alone = pretese.estimators.exact_sequential(
        size["per_treatment_arm_at_analysis"], size["control_at_analysis"],
        [row["upper"] for row in rows], 0.31, 0.195,
    )  # fmt: skip
    assert answer.power == pytest.approx(float(alone.power), abs=1e-8)
    simulated = next_block(question, answer.enrolled, Progress())
    assert abs(simulated.percent - 100 * answer.power) < 4 * simulated.mcse_percent + 1.5


def test_the_report_of_several_treatments_is_that_of_the_command(client, monkeypatch):
    monkeypatch.setattr("pretese.web.trials.trial_page.REPORT_TRIALS", 40)
    page = client.get("/trial/report", params={"treatments": "2", "analyses": "2"})
    assert page.status_code == 200
    assert "treatment-2" in page.text


def test_the_risks_of_a_scenario_are_its_truth(client):
    asked = {"source": "null", "analyses": "2"}
    refused = client.get("/trial", params=asked)
    assert refused.status_code == 400  # the therapy has no effect
    question = trial_question({"source": "rct-two-arm"})
    truth = pretese.scenario("rct-two-arm").truth(65_536).frame.set_index("estimand")
    risks = truth.loc["any_sperm.everyone"].iloc[0]
    assert question.control_percent == round(100 * risks["risk_untreated"], 1)
    assert question.treated_percent == round(100 * risks["risk_treated"], 1)
    assert question.design(400)["scenario"] == "rct-two-arm"


def test_the_simulation_confirms_the_exact_power_block_by_block(client):
    htmx = {"HX-Request": "true"}
    first = html.unescape(client.get("/trial/simulation", params=THREE, headers=htmx).text)
    assert "500 simulated trials" in first
    rejected = int(re.search(r"rejected=(\d+)", first)[1])
    following = re.search(r'hx-get="([^"]+)"', first)[1]
    second = html.unescape(client.get(following, headers=htmx).text)
    shown = re.search(r"1,000 simulated trials: power ([0-9.]+) % .MCSE ([0-9.]+)", second)
    power, exact = float(shown[1]), 100 * trial_answer(trial_question(THREE)).power
    assert 0 < rejected < 500
    assert abs(power - exact) < 4 * float(shown[2]) + 1.5
    assert client.get(following, headers=htmx).text == client.get(following, headers=htmx).text


@pytest.mark.parametrize("entries", [{"blocks": "9"}, {"rejected": "7"}, {"blocks": "-1"}])
def test_an_impossible_progress_is_refused(client, entries):
    answer = client.get("/trial/simulation", params=entries)
    assert answer.status_code == 400
    assert "start again" in answer.text


def test_the_report_is_that_of_a_power_study(client):
    answer = client.get("/trial/report", params={"analyses": "2"})
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    for style in re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "from-the-trial-page" in answer.text
    assert "style-src-attr 'unsafe-inline'" in policy  # figures of matplotlib colour by attribute


def test_two_designs_are_shown_side_by_side(client):
    asked = {"a.analyses": "1", "b.analyses": "3", "b.futility": "HSD", "b.prior_sd_percent": "30"}
    page = client.get("/trial/compare", params=asked).text
    for start in ("a.", "b."):
        mine = {k.removeprefix(start): v for k, v in asked.items() if k.startswith(start)}
        answer = trial_answer(trial_question(mine))
        assert f"<strong>{answer.enrolled:,}</strong>" in page
        assert f"{100 * answer.power:.1f}</td>" in page
    assert page.count("<polyline") >= 3
    assert client.get("/trial/compare", params={"b.analyses": "x"}).status_code == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_trials_are_in_every_language(client, language):
    for address in ("/trial", "/trial/compare"):
        page = html.unescape(client.get(address, params={"lang": language}).text)
        assert messages(language)["curve_words"] in page


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"control_percent": "x"}, "control_percent"),
        ({"control_percent": "0"}, "from 0.1 to 99.9"),
        ({"source": "/etc/passwd"}, "choose from rates"),
        ({"treatments": "2", "futility": "OF"}, "allow no margin"),
        ({"treatments": "2", "analyses": "5"}, "at most 4"),
        ({"margin_percent": "60"}, "from 0 to 50"),
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


def test_a_trial_in_which_fewer_events_are_better_is_mirrored(client):
    fewer = {"control_percent": "31", "treated_percent": "19.5"}
    question = trial_question(fewer)
    document = pretese.boundaries(**question.arguments()).to_dict()
    assert exact_curve(question, document)[-1][1] > 0.9
    assert client.get("/trial", params=fewer).status_code == 200


def test_every_entry_has_a_field(client):
    page = client.get("/trial", params={"spending": "nothing"}).text  # fast: nothing is computed
    for name in DEFAULTS:
        assert f'name="{name}"' in page, name
