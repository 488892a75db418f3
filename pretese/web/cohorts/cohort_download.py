"""A cohort as a zip file with the output of `pretese simulate`; equal requests give equal bytes."""

import io
import tempfile
import zipfile
from pathlib import Path

from pretese.web.cohorts.cohort_question import CohortQuestion
from protocol.errors import InputError

#: Date of every file in the archive, so that its bytes depend only on the request.
DATE = (1980, 1, 1, 0, 0, 0)


def cohort_archive(question: CohortQuestion, form: str) -> bytes:
    """Return the archive of a cohort in one format, with data dictionary and manifest.

    It is written in a temporary folder, which is removed; it contains only synthetic patients.

    Raises
    ------
    InputError
        The format does not exist, or the value of a changed number is not allowed.
    """
    check_format(form)
    cohort = question.simulated(question.read_scenario())
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "cohort"
        cohort.write(folder, form, progress=False)
        return _zipped(folder)


def check_format(form: str) -> None:
    """Refuse an unknown format."""
    from pretese.io.export.formats import FORMATS

    if form not in FORMATS:
        cure = f"choose from {', '.join(FORMATS)}"
        raise InputError.of("cohort", "format", f"{form[:30]!r} is not a format", cure)


def _zipped(folder: Path) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                entry = zipfile.ZipInfo(name, DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return kept.getvalue()
