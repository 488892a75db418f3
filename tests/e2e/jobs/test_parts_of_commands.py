"""`--part`: parts of simulate, power and recover are joined to the bytes of one run."""

import json

import pytest

from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT
from tests.support.output.folder_contents import hashes

COMMANDS = {
    "simulate": "simulate paper --patients 30 --replicates 3 --data-errors 5 --format "
    "csv,parquet,sav,xlsx",
    "simulate, words coded": "simulate paper --patients 30 --replicates 2 --format csv,parquet",
    "power": "power placebo-ufsh --replicates 20 --participants 40 --sensitivity dropout=10",
    "recover": "recover no-effect --replicates 4 --truth-patients 1000 --no-figures --plan p.yaml",
}
PLAN = "outcome: any_sperm\ncovariates: {fsh_iu_l: numeric}\nmethods: [unadjusted]\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_parts_are_joined_to_the_bytes_of_one_run(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.yaml").write_text(PLAN)
    words = COMMANDS[command].split()
    assert run([*words, "--out", "whole"]) == 0
    for number in ("2", "1"):
        assert run([*words, "--out", "joined", "--part", f"{number}/2"]) == 0
    assert "joined.parts/1-of-2" in capsys.readouterr().out
    assert run([*words, "--out", "joined"]) == EXIT_BAD_INPUT
    assert "join them with --resume" in capsys.readouterr().err
    assert run([*words, "--out", "joined", "--resume"]) == 0
    assert hashes(tmp_path / "joined") == hashes(tmp_path / "whole")


def test_a_part_as_json(tmp_path, capsys):
    words = ["power", "placebo-ufsh", "--replicates", "20", "--part", "2/2", "--json"]
    assert run([*words, "--out", str(tmp_path / "study")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["part"], found["parts"], found["blocks"]) == (2, 2, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("power placebo-ufsh --part 1/2", "name the folder of the study with --out"),
        ("power placebo-ufsh --part 1/2 --out x --target-power 0.9", "depend on earlier results"),
        ("power placebo-ufsh --part 1/2 --out x --tornado", "depend on earlier results"),
        ("power placebo-ufsh --part 1/2 --out x --scheduler tcp://10.0.0.5:1", "--scheduler"),
        ("recover no-effect --part 1/2 --mcse 0.01", "give --mcse or --part, not both"),
        ("simulate paper --part 3/2 --out x", "there is no part 3 of 2"),
        ("simulate paper --resume --out x", "there are no parts in x.parts"),
    ],
)
def test_options_incompatible_with_parts_are_refused(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(words.split()) == EXIT_BAD_INPUT
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
