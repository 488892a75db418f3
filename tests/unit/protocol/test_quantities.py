import pytest

from protocol.errors import InputError
from protocol.reading.quantities import analyte_file, quantity, ucum

ATOMIC_WEIGHT = {"C": 12.011, "H": 1.008, "O": 15.999}  # IUPAC 2021, abridged


@pytest.mark.parametrize("unit", ["[IU]/L", "IU/L", "U/L", "u/L", "mIU/mL", "m[IU]/mL", "μ/L"])
def test_every_documented_spelling_of_fsh_is_the_same_number(unit):
    measured = quantity("fsh", 11.1, unit)
    assert (measured.value, measured.unit) == (11.1, "[IU]/L")


def test_both_the_given_value_and_the_normalised_one_are_shown():
    assert str(quantity("fsh", 5, "u/L")) == "5 [IU]/L (given as 5 u/L)"
    assert str(quantity("fsh", 5, "[IU]/L")) == "5 [IU]/L"


@pytest.mark.parametrize(
    ("analyte", "value", "unit", "expected"),
    [
        ("testosterone", 300, "ng/dL", 10.40),
        ("testosterone", 3.0, "ng/mL", 10.40),
        ("testosterone", 10.4, "nmol/L", 10.4),
        ("estradiol", 30, "pg/mL", 110.14),
        ("estradiol", 0.1, "nmol/L", 100.0),
        ("prolactin", 10, "ug/L", 10.0),
        ("hematocrit", 0.45, "L/L", 45.0),
    ],
)
def test_declared_analytes_are_converted(analyte, value, unit, expected):
    assert quantity(analyte, value, unit).value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("analyte", ["testosterone", "estradiol"])
def test_molar_masses_follow_from_the_formula(analyte):
    import re

    declared = analyte_file().analytes[analyte]
    atoms = re.findall(r"([A-Z])(\d+)", declared.formula or "")
    mass = sum(ATOMIC_WEIGHT[element] * int(count) for element, count in atoms)
    assert declared.molar_mass_g_mol == pytest.approx(mass, abs=5e-4)
    assert declared.source in analyte_file().sources


@pytest.mark.parametrize(
    ("analyte", "unit", "reason"),
    [
        ("fsh", "ng/mL", "FSH is measured in [IU]/L, not as mass"),
        ("fsh", "nmol/L", "not as substance"),
        ("testosterone", "IU/L", "not as activity"),
        ("prolactin", "mIU/mL", "depend on the assay's standard"),
        ("prolactin", "nmol/L", "not as substance"),
        ("fsh", "furlong", "'furlong' is not a known unit"),
        ("fsh", "", "'' is not a known unit"),
        ("cortisol", "nmol/L", "this is not a known analyte; known: fsh"),
    ],
)
def test_impossible_values_are_refused_with_the_reason(analyte, unit, reason):
    with pytest.raises(InputError) as caught:
        quantity(analyte, 5, unit)
    assert reason in str(caught.value)


def test_aliases_name_existing_units():
    file = analyte_file()
    assert set(file.aliases.values()) <= set(file.units)
    assert all(analyte.unit in file.units for analyte in file.analytes.values())
    assert ucum(" IU/L ") == "[IU]/L"
