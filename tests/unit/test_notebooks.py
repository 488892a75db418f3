"""The notebooks contain the tutorials, whose outputs other tests compare, and nothing else."""

import json
import re
from pathlib import Path

import pytest

from docs.generate.notebooks import TARGET, TUTORIALS, notebook_text


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_notebook_is_its_tutorial(name):
    assert (TARGET / f"{name}.ipynb").read_text(encoding="utf-8") == notebook_text(name), (
        "run: python -m docs.generate.notebooks"
    )


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_notebook_is_small_and_its_links_lead_to_existing_targets(name):
    text = (TARGET / f"{name}.ipynb").read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells) > 20
    assert sum(bool(cell.get("outputs")) for cell in cells) > 10
    assert len(text) < 50_000
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for link in re.findall(r"\]\(([^)#\s]+)", "".join(cell["source"])):
                assert "://" in link or Path(TARGET, link).exists(), link
