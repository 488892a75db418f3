"""The reference values that `pretese validate` compares with, taken from the reference tests.

``python -m docs.generate.validation_values`` writes them into the package, where an installed
program finds them. Values are selected, not changed; hashes of a small simulated cohort are added.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from pretese.validation.program_checks import simulated_digests
from pretese.validation.values_file import FOLDER

REFERENCE = Path(__file__).resolve().parents[2] / "tests" / "reference"

#: Oracles of trial planning that are checked.
ORACLES = {
    "O1", "O3", "O4", "O6", "O7", "O8", "O9", "O10", "O12", "O13", "O14", "O15", "O17", "O19",
    "O20", "O25", "O27", "O28", "O30", "O47",
}  # fmt: skip

#: Methods of meta-analysis, and the figures of each.
METHODS = ("EE", "DL", "HE", "SJ", "PM", "ML", "REML")
FIGURES = ("effect", "se", "low", "high", "tau2", "i2")

#: Logistic models of the simulated cohort, and the figures of each.
MODELS = ("unadjusted", "model1", "model2", "model3")


def stored(name: str) -> Any:
    """Return the values of a file of the reference tests."""
    return json.loads((REFERENCE / "r" / f"{name}.json").read_text(encoding="utf-8"))


def selected() -> dict[str, Any]:
    """Return the content of every file, by its name."""
    oracles = json.loads((REFERENCE / "trial_oracles.json").read_text(encoding="utf-8"))
    pooled, models = stored("g17_meta_analysis"), stored("g03_logistic")["full_data"]
    return {
        "trial_oracles": [each for each in oracles if each["id"] in ORACLES],
        "counts": {
            name: table for name, table in stored("g01_paper_counts").items()
            if isinstance(table, dict) and {"OR_profile", "RD_newcombe"} <= set(table)
        },
        "meta_analysis": {
            name: {
                "counts": pooled[name]["counts"],
                **{
                    scale: {m: {f: pooled[name][scale][m][f] for f in FIGURES} for m in METHODS}
                    for scale in ("OR", "RR", "RD") if scale in pooled[name]
                },
            }
            for name in ("bcg", "empty_cells")
        },
        "simulation": simulated_digests(),
        "logistic": {
            name: {f: models[name][f] for f in ("coef", "se", "loglik", "se_HC0", "se_HC3")}
            for name in MODELS
        },
    }  # fmt: skip


def text_of(content: Any) -> str:
    """Return the content of a file."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Write all files."""
    for name, content in selected().items():
        (FOLDER / f"{name}.json").write_text(text_of(content), encoding="utf-8")
    shutil.copyfile(REFERENCE / "r" / "cohort542_full.csv", FOLDER / "cohort.csv")
    sys.stdout.write(f"wrote {FOLDER.name}: {', '.join(selected())}, cohort.csv\n")


if __name__ == "__main__":
    main()
