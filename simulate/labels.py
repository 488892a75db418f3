"""Labels of baseline variables and endpoints, for sentences, tables and figures."""

from protocol.regimen.load import load_regimen
from simulate.endpoints import ENDPOINTS

#: Baseline variable to its label and unit.
_VARIABLES = {
    "age_years": ("age", "years"),
    "infertility_duration_years": ("duration of infertility", "years"),
    "bmi_kg_m2": ("body mass index", "kg/m²"),
    "testis_volume_ml": ("testis volume", "mL"),
    "lh_iu_l": ("LH", "IU/L"),
    "fsh_iu_l": ("FSH", "IU/L"),
    "testosterone_nmol_l": ("testosterone", "nmol/L"),
    "estradiol_pmol_l": ("estradiol", "pmol/L"),
    "prolactin_ng_ml": ("prolactin", "ng/mL"),
}


def label_of(name: str) -> str:
    """Return the label of a variable or endpoint, without unit; other names unchanged.

    >>> label_of("fsh_iu_l"), label_of("any_sperm"), label_of("first stage")
    ('FSH', 'any sperm', 'first stage')
    """
    if name in ENDPOINTS:
        return ENDPOINTS[name].label
    return _VARIABLES[name][0] if name in _VARIABLES else name


def regimen_label(name: str) -> str:
    """Return the title of a regimen with its identifier, for the list of arms of a report.

    Parameters
    ----------
    name
        Name of a shipped regimen or path of a file.

    >>> regimen_label("ufsh-only")
    'Urinary FSH alone for three months (ufsh-only)'
    """
    regimen = load_regimen(name)
    return f"{regimen.title} ({regimen.id})"


def axis_label(name: str) -> str:
    """Return the label of a baseline variable with its unit, for an axis or a title.

    >>> axis_label("fsh_iu_l")
    'FSH, IU/L'
    """
    return ", ".join(_VARIABLES[name])
