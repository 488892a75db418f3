"""Which sources make stored work stale: all that decide a digit, and no page or figure."""

import ast
from pathlib import Path

import pretese
from pretese.jobs import code
from pretese.jobs.code import code_version

ROOT = Path(pretese.__file__).resolve().parent.parent


def imported(path, seen):
    """Return modules of `pretese.trial` that a file leads to, itself included."""
    if path in seen:
        return seen
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pretese.trial."):
            imported(ROOT / f"{node.module.replace('.', '/')}.py", seen)
    return seen


def test_nothing_that_simulates_a_trial_is_taken_for_a_page():
    decisive = {path.relative_to(ROOT).as_posix() for path in imported(
        ROOT / "pretese/trial/power/runner.py", set())}  # fmt: skip
    assert "pretese/trial/conduct/trial_conduct.py" in decisive
    assert not decisive & code._SPEAKING


def test_every_page_that_is_left_out_exists():
    assert all((ROOT / name).exists() for name in code._SPEAKING)


def test_recovery_and_trials_have_codes_of_their_own():
    assert code_version() == code_version("recovery") != code_version("trials")
