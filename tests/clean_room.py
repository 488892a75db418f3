"""``make clean-room``: build wheel and source archive, and use each in an empty environment.

Each is installed into an empty environment outside the clone; the commands that users begin with
run there, from an empty folder, without access to the clone.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]

PLAN = """\
treatment: gonadotropin_therapy
outcome: sperm_retrieved
covariates: {age_years: numeric, fsh_iu_l: numeric}
methods: [unadjusted, iptw-ate]
"""


def main() -> int:
    """Build both, and use both; return 1 if a command fails."""
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top).resolve()
        built = folder / "dist"
        uv("build", "--quiet", "--no-build-isolation", "--python", sys.executable,
           "--out-dir", str(built), str(ROOT))  # fmt: skip
        (wheel,), (archive,) = built.glob("*.whl"), built.glob("*.tar.gz")
        for each in (wheel, archive):
            click.echo(f"{each.name}: {each.stat().st_size / 1e6:.1f} MB")
            _use(each, folder / each.name.replace(".", "-"))
        _use_without_extras(wheel, folder / "without-extras")
        uv("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable,
           "--out-dir", str(built), str(ROOT / "distributions" / "protocol"))  # fmt: skip
        (alone,) = built.glob("pretese_protocol-*.whl")
        _use_protocol_alone(alone, folder / "protocol-alone")
    return 0


def _environment(place: Path, package: str) -> Path:
    """Install a package into an empty environment; return its interpreter."""
    environment = place / "environment"
    uv("venv", "--quiet", "--python", sys.executable, str(environment))
    python = environment / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", str(python), package)
    files = (path for path in (environment / "lib").rglob("*") if path.is_file())
    click.echo(f"{package.partition(' @')[0]}: {sum(f.stat().st_size for f in files) / 1e6:.0f} MB")
    (place / "work").mkdir()
    return python


def _use_without_extras(wheel: Path, place: Path) -> None:
    """Run the commands that need no extra, and check that the others name the extra they need."""
    python = _environment(place, f"pretese @ {wheel.as_uri()}")
    pretese = Program(python.with_name("pretese"), place / "work")
    (place / "work" / "plan.yaml").write_text(PLAN, "utf-8")
    for words in WITHOUT_EXTRAS:
        pretese.run(*words.split())
        click.echo(f"  pretese {words}")
    for words, extra in NEEDS.items():
        code, message = pretese.ends(*words.split())
        if code != 2 or f"pretese[{extra}]" not in message:
            raise SystemExit(f"pretese {words}: {code}, {message}")
        click.echo(f"  pretese {words}: {message.strip()}")


def _use_protocol_alone(wheel: Path, place: Path) -> None:
    """Run the example of the protocol engine without pretese installed."""
    python = _environment(place, f"pretese-protocol @ {wheel.as_uri()}")
    page = (ROOT / "distributions" / "protocol" / "README.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    shown = Program(python, place / "work").run("-c", code)
    if "uFSH and hCG" not in shown:
        raise SystemExit(f"the protocol engine alone prints something else:\n{shown}")
    click.echo(f"  {shown.strip()}")


def _use(package: Path, place: Path) -> None:
    """Install a package into an empty environment, and run commands in an empty folder."""
    python = _environment(place, f"pretese[all] @ {package.as_uri()}")
    work = place / "work"
    (work / "plan.yaml").write_text(PLAN, "utf-8")
    pretese = Program(python.with_name("pretese"), work)
    assert_elsewhere(pretese, python)
    for words, holds in COMMANDS.items():
        output = pretese.run(*words.split())
        if not holds(output):
            raise SystemExit(f"pretese {words} printed something else:\n{output}")
        click.echo(f"  pretese {words}")
    with pretese.serving() as address, urllib.request.urlopen(address, timeout=60) as page:
        if b"FSH" not in page.read():
            raise SystemExit("pretese serve shows another page")
    click.echo("  pretese serve")


def _is_json(text: str) -> bool:
    return bool(json.loads(text))


#: Arguments of each command, and text that its correct output contains.
COMMANDS: dict[str, Callable[[str], bool]] = {
    "--version": lambda text: text.startswith("pretese, version "),
    "decide --month 2 --fsh 9.8 --decision-date 2026-03-31": lambda text: "uFSH 150 IU" in text,
    "regimen verify fsh-guided": lambda text: "complete" in text,
    "simulate paper --patients 200 --out cohort": lambda _: True,
    "analyse cohort/patients.csv --plan plan.yaml --json": _is_json,
    "power three-analyses --replicates 20 --participants 60 --json": _is_json,
    "validate --out validation.html": lambda text: "group-sequential designs" in text,
    "reproduce --replicates 5 --workers 2 --out reproduced": lambda text: "predicted" in text,
}


#: Commands that run without any extra.
WITHOUT_EXTRAS = (
    "decide --month 2 --fsh 9.8 --decision-date 2026-03-31",
    "boundaries --analyses 3 --control-risk 40% --treated-risk 58%",
    "simulate paper --patients 200 --format csv,parquet --out cohort",
    "analyse cohort/patients.csv --plan plan.yaml --json",
    "power three-analyses --replicates 20 --participants 60 --json",
    "recover no-effect --replicates 4 --truth-patients 1000 --no-figures --out recovered",
)

#: Commands that need an extra, and which.
NEEDS = {
    "simulate paper --patients 20 --format sav --out spss": "files",
    "simulate paper --patients 20 --format xlsx --out workbook": "files",
    "power three-analyses --replicates 20 --participants 60 --out powered": "plots",
    "recover no-effect --replicates 4 --truth-patients 1000 --out figures": "plots",
    "picture patient paper --out patient.svg": "plots",
    "serve --port 0": "web",
}


class Program:
    """The installed command, run in its own folder, without the caller's Python settings."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
        self.environment = {**kept, "HOME": str(folder)}

    def run(self, *words: str) -> str:
        """Return the output of a command; exit code 3, a failed check, is accepted."""
        done = subprocess.run(
            [self.path, *words], cwd=self.folder, env=self.environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 3):
            raise SystemExit(f"pretese {' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def ends(self, *words: str) -> tuple[int, str]:
        """Return the exit code of a command and what it prints on standard error."""
        done = subprocess.run(
            [self.path, *words], cwd=self.folder, env=self.environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stderr

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve pages while the block runs; yield their address."""
        with subprocess.Popen(
            [self.path, "serve", "--port", "0"], cwd=self.folder, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**self.environment, "PYTHONUNBUFFERED": "1"}, text=True,
        ) as server:  # fmt: skip
            try:
                assert server.stdout is not None
                yield next(word for word in server.stdout.readline().split() if "://" in word)
            finally:
                server.terminate()


def assert_elsewhere(program: Program, python: Path) -> None:
    """Refuse a package that is imported from the clone."""
    text = "import pretese, protocol; print(pretese.__file__, protocol.__file__)"
    found = subprocess.run(
        [python, "-c", text], cwd=program.folder, env=program.environment, capture_output=True,
        text=True, check=True,
    ).stdout  # fmt: skip
    if str(ROOT) in found:
        raise SystemExit(f"the package is imported from the clone: {found}")


def uv(*words: str) -> None:
    """Run uv, which is in the folder of the interpreter of this program."""
    subprocess.run([Path(sys.executable).with_name("uv"), *words], check=True)


if __name__ == "__main__":
    sys.exit(main())
