"""Units in a regimen file: of inputs and their analytes, of doses and their drugs."""

from collections.abc import Iterator, Mapping

from protocol.reading.analytes import Analyte
from protocol.reading.quantities import analyte_file, convertible, is_concentration
from protocol.regimen import language
from protocol.regimen.language import part_of
from protocol.regimen.parts import Drug, Input, Order, analyte_of

Found = Iterator[tuple[str, str, str]]

#: The unit that the end of an input's name states.
NAMED_UNITS = {
    "_iu_l": "[IU]/L",
    "_nmol_l": "nmol/L",
    "_pmol_l": "pmol/L",
    "_umol_l": "umol/L",
    "_ng_ml": "ng/mL",
    "_ng_dl": "ng/dL",
    "_ng_l": "ng/L",
    "_pg_ml": "pg/mL",
    "_ug_l": "ug/L",
    "_ug_dl": "ug/dL",
    "_percent": "%",
}


def faults_of_units(file: language.RegimenFile) -> Found:
    """Yield a fault if a result could be compared in a unit other than its own."""
    analytes = {**analyte_file().analytes, **part_of(file.analytes)}
    inputs: dict[str, Input] = part_of(file.inputs)
    for name, analyte in file.analytes.items():
        if analyte.unit not in analyte_file().units:
            known = f"known: {', '.join(analyte_file().units)}"
            yield f"analytes.{name}.unit", f"{analyte.unit!r} is not a known unit", known
    for name, spec in inputs.items():
        if spec.kind == "enum":
            continue
        unit, field = spec.unit or "1", f"inputs.{name}"
        named = next((u for end, u in NAMED_UNITS.items() if name.endswith(end)), None)
        if named is not None and not convertible_without_change(unit, named):
            problem = f"the unit is {unit}, but the name states {named}"
            cure = f"give it in {named}, or name the input for its unit, with an `analyte`"
            yield f"{field}.unit", problem, cure
        yield from _faults_of_source(inputs, name, spec, analytes)


def convertible_without_change(unit: str, other: str) -> bool:
    """Whether two spellings name the same unit."""
    aliases = analyte_file().aliases
    return aliases.get(unit, unit) == aliases.get(other, other)


def _faults_of_source(
    inputs: Mapping[str, Input],
    name: str,
    spec: Input,
    analytes: Mapping[str, Analyte],
) -> Found:
    """Yield a fault if the analyte or the unit of an input is unclear."""
    field, unit = f"inputs.{name}", spec.unit or "1"
    if spec.computed is not None:
        source = inputs.get(spec.computed.of)
        if source is None or source.kind == "enum" or source.computed is not None:
            problem = f"{spec.computed.of!r} is not a measured number of this file"
            yield f"{field}.computed.of", problem, "name an input that is measured"
        return
    analyte = analyte_of(name, spec)
    if analyte is not None and analyte not in analytes:
        problem = f"there is no analyte {analyte!r}"
        yield f"{field}.analyte", problem, f"declare it under `analytes`, or: {', '.join(analytes)}"
    elif analyte is not None and not convertible(analytes[analyte], unit, analytes[analyte].unit):
        problem = f"{analytes[analyte].label} cannot be given in {unit}"
        yield f"{field}.unit", problem, f"give it in {analytes[analyte].unit}"
    elif analyte is None and spec.role == "measured" and is_concentration(unit):
        problem = f"nothing tells how results in units other than {unit} are converted"
        yield f"{field}.analyte", problem, f"name its analyte: {', '.join(analytes)}, or your own"


def faults_of_treatment(file: language.RegimenFile) -> Found:
    """Yield a fault for drugs and doses without a unique unit, and orders without a rhythm."""
    drugs: dict[str, Drug] = part_of(file.drugs)
    for name, drug in drugs.items():
        packs = (drug.vial_iu, drug.vial_mg, drug.tablet_mg)
        if sum(pack is not None for pack in packs) != 1:
            cure = "give one of vial_iu, vial_mg and tablet_mg"
            yield f"drugs.{name}", "it does not have exactly one size of pack", cure
    for name, phase in file.phases.items():
        for i, order in enumerate(phase.orders):
            field = f"phases.{name}.orders.{i}"
            yield from _faults_of_order(part_of(order), drugs.get(order.drug), field)


def _faults_of_order(order: Order, drug: Drug | None, field: str) -> Found:
    if (order.dose_iu is None) == (order.dose_mg is None):
        yield field, "it does not have exactly one dose", "give dose_iu or dose_mg"
    elif drug is not None and order.unit != drug.unit:
        problem = f"the dose is in {order.unit}, the pack in {drug.unit}"
        yield f"{field}.dose_{order.unit.lower()}", problem, f"give the dose in {drug.unit}"
    if (order.interval_days is None) == (not order.weekdays):
        yield field, "it does not have exactly one rhythm", "give interval_days or weekdays"
    if order.weekdays and order.offset_day:
        yield f"{field}.offset_day", "weekdays have no offset", "remove it"
    if len(set(order.weekdays)) != len(order.weekdays):
        yield f"{field}.weekdays", "a weekday is given twice", "remove the second"
