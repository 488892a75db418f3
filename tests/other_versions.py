"""Run the whole suite with the lowest or the newest versions of the libraries.

`make test-lowest` and `make test-newest` call this. Peer packages of tests are installed if they
allow these versions; tests of another peer package are skipped with its name as the reason.
"""

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv-other"
PYTHON = FOLDER / "bin" / "python"

#: Resolution strategy of uv among the versions that pyproject.toml allows.
CHOICES = {"lowest": ("--resolution", "lowest-direct"), "newest": ("--upgrade",)}

#: Packages that run the tests, resolved together with the project.
RUNNERS = ("pytest", "pytest-xdist", "hypothesis")

#: Requirements of the test client of the oldest web framework.
FOR_OLD_VERSIONS = ("httpx>=0.27",)

#: As `tests/support/peers.py` reads it.
VARIABLE = "PRETESE_ABSENT_PEERS"


def main() -> int:
    """Create the environment, compare the output of commands, and run the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("choice", choices=CHOICES)
    parser.add_argument("--python", default=sys.executable, help="the interpreter")
    given, for_pytest = parser.parse_known_args()
    uv("venv", "--quiet", "--clear", "--python", given.python, str(FOLDER))
    absent = ",".join(install(CHOICES[given.choice]))
    environment = {**os.environ, VARIABLE: absent}
    portable = subprocess.call([sys.executable, str(ROOT / "tests" / "portable.py"), str(PYTHON)])
    tests = subprocess.call([PYTHON, "-m", "pytest", *for_pytest], cwd=ROOT, env=environment)
    return portable or tests


def install(choice: tuple[str, ...]) -> Iterator[str]:
    """Install everything; yield the names of peers that do not allow the chosen versions."""
    peers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["dev"]
    runners = [each for each in peers if name_of(each) in RUNNERS]
    uv("pip", "install", "--quiet", *choice, "-e", f"{ROOT}[all,cluster]", *runners)
    chosen = FOLDER / "chosen.txt"
    frozen = uv("pip", "freeze", "--exclude-editable").stdout
    chosen.write_text(frozen, "utf-8")
    click.echo(frozen)
    for each in (*peers, *FOR_OLD_VERSIONS):
        if each not in runners:
            asked = ("pip", "install", "--quiet", "--constraint", str(chosen), each)
            if uv(*asked, check=False).returncode:
                click.echo(f"{each} cannot be installed beside these versions")
                yield name_of(each)


def name_of(requirement: str) -> str:
    """Return the name of a package from a requirement.

    >>> name_of("pytest-xdist>=3.6")
    'pytest-xdist'
    """
    return requirement.partition(">")[0].strip()


def uv(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run uv, which is in the folder of the interpreter of this program."""
    program = Path(sys.executable).with_name("uv")
    return subprocess.run(
        [program, *words], check=check, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "VIRTUAL_ENV": str(FOLDER)},
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
