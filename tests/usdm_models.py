"""``make test-usdm``: validate the USDM export of every shipped design with the models of usdm4.

usdm4 needs an older pydantic than this project, so that it has its own environment. Codes are
compared with the controlled terminology that it contains.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click

import pretese
from pretese.trial.exchange.usdm import CODES

#: The release for whose models the export was written.
USDM4 = "usdm4==0.19.0"

CHECK = """
import json, re, sys
from importlib.resources import files
from usdm4.api.wrapper import Wrapper
given = json.load(sys.stdin)
for name, document in given["documents"].items():
    Wrapper.model_validate(document)
place = files("usdm4.ct.cdisc.library_cache") / "library_cache_usdm.yaml"
text = place.read_text(encoding="utf-8")
for code, term in given["codes"]:
    found = set(re.findall(rf"conceptId: {code}\\n(?:.*\\n)*?\\s+preferredTerm: (.*)\\n", text))
    assert found == {term}, (code, term, found)
print(f"{len(given['documents'])} designs, {len(given['codes'])} codes")
"""


def main() -> int:
    """Install usdm4 on its own and validate every export; return 1 if it refuses one."""
    given = {
        "documents": {
            name: json.loads(pretese.design(name).show("usdm"))
            for name in pretese.shipped().designs
        },
        "codes": list(CODES.values()),
    }
    uv = Path(sys.executable).with_name("uv")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "environment"
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
        python = place / "bin" / "python"
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, USDM4], check=True)
        done = subprocess.run(
            [python, "-c", CHECK], input=json.dumps(given), text=True, check=False,
            capture_output=True,
        )  # fmt: skip
    click.echo(done.stdout or done.stderr, err=bool(done.returncode))
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
