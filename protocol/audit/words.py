"""Names of a regimen's inputs in clinical language."""

from functools import cache

from protocol.reading.quantities import analyte_file
from protocol.regimen.conditions import Value, plain


@cache
def called(name: str) -> str:
    """Return the name of an input in words.

    >>> called("fsh_iu_l"), called("radio_or_chemotherapy")
    ('FSH', 'radio or chemotherapy')
    """
    labels = {analyte.input: analyte.label for analyte in analyte_file().analytes.values()}
    return labels.get(name, name.replace("_", " "))


def measured(name: str, value: Value) -> str:
    """Return an input with its value and unit.

    >>> measured("hematocrit_percent", 56.0), measured("karyotype", "klinefelter")
    ('Hematocrit 56 %', 'karyotype klinefelter')
    """
    units = {analyte.input: analyte.unit for analyte in analyte_file().analytes.values()}
    unit = units.get(name, "").replace("[", "").replace("]", "")
    return f"{called(name)} {plain(value)} {unit}".strip()
