"""Sources that invalidate stored work: all that determine numbers, but no page or figure."""

import ast
from pathlib import Path

import pretese
from pretese.jobs.storage import code_hash as code
from pretese.jobs.storage.code_hash import code_version

ROOT = Path(pretese.__file__).resolve().parent.parent


def imported(path, seen):
    """Return modules of `pretese.trial` that a file imports, directly or not, itself included."""
    if path in seen:
        return seen
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pretese.trial."):
            imported(ROOT / f"{node.module.replace('.', '/')}.py", seen)
    return seen


def test_everything_that_simulates_a_trial_is_hashed():
    leading = {path.relative_to(ROOT).as_posix() for path in imported(
        ROOT / "pretese/trial/power/runner.py", set())}  # fmt: skip
    hashed = {
        path.relative_to(ROOT).as_posix()
        for pattern in code._OWN["trials"]
        for path in ROOT.glob(pattern)
    }
    assert "pretese/trial/conduct/trial_conduct.py" in leading
    assert leading <= hashed


def test_every_source_that_is_named_exists():
    assert all(list(ROOT.glob(pattern)) for own in code._OWN.values() for pattern in own)


def test_recovery_and_trials_have_separate_code_hashes():
    assert code_version() == code_version("recovery") != code_version("trials")
