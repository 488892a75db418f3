"""Write the checked values that are shipped with their sources: regimens, units and analytes.

``python docs/generate/stored_values.py`` writes `protocol/stored`;
`tests/unit/protocol/test_stored.py` tells when it has to be run again.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from protocol.reading.analyte_table import read_analytes
from protocol.reading.quantities import STORED
from protocol.reading.stored import SHIPPED, stored_document
from protocol.regimen.load import document_of_regimen, list_regimens


def stored_files() -> Iterator[tuple[Path, str]]:
    """Yield every file with the text that belongs in it."""
    yield SHIPPED / f"{STORED}.json", _text(stored_document(read_analytes(), ["analytes.yaml"]))
    for name in list_regimens():
        yield SHIPPED / "regimens" / f"{name}.json", _text(document_of_regimen(name))


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Write all files."""
    for path, text in stored_files():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
