"""CDISC define.xml 2.1: the metadata of the analysis data sets, for reviewers and tools."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd

from pretese.io.export.columns.clock import creation_time
from pretese.io.export.standards.adam import AnalysisData, Variable
from pretese.io.output.versions import program_version

ODM = "http://www.cdisc.org/ns/odm/v1.3"
DEF = "http://www.cdisc.org/ns/def/v2.1"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

#: Data set to its class, its structure and whether it repeats a subject.
_CLASSES = {
    "ADSL": ("SUBJECT LEVEL ANALYSIS DATASET", "One record per subject", "No"),
    "ADLB": ("BASIC DATA STRUCTURE", "One record per subject, parameter and visit", "Yes"),
}

_TYPES = {"string": "text", "integer": "integer", "double": "float", "date": "date"}

#: Maximum number of different words that are listed for a variable.
MOST_TERMS = 20


def write_define(made: Sequence[AnalysisData], path: Path, study: str) -> None:
    """Write define.xml for data sets that are in the same folder as Dataset-JSON."""
    for prefix, uri in (("", ODM), ("def", DEF), ("xlink", XLINK)):
        ET.register_namespace(prefix, uri)
    tree = ET.ElementTree(_odm(made, study))
    ET.indent(tree)
    tree.write(path, encoding="UTF-8", xml_declaration=True)


def _odm(made: Sequence[AnalysisData], study: str) -> ET.Element:
    when = f"{creation_time():%Y-%m-%dT%H:%M:%S}"
    root = ET.Element(
        f"{{{ODM}}}ODM",
        {
            "ODMVersion": "1.3.2", "FileType": "Snapshot", "FileOID": f"pretese.{study}.define",
            "CreationDateTime": when, "Originator": "pretese", "SourceSystem": "pretese",
            "SourceSystemVersion": program_version(), f"{{{DEF}}}Context": "Other",
        },
    )  # fmt: skip
    whole = _add(root, "Study", OID=f"pretese.{study}")
    names = _add(whole, "GlobalVariables")
    for tag, text in (
        ("StudyName", study),
        ("StudyDescription", "Synthetic patients; no row describes a real person"),
        ("ProtocolName", study),
    ):
        _add(names, tag).text = text
    version = _add(whole, "MetaDataVersion", OID="MDV.pretese", Name=f"{study}, analysis data")
    version.set(f"{{{DEF}}}DefineVersion", "2.1.0")
    standards = ET.SubElement(version, f"{{{DEF}}}Standards")
    ET.SubElement(
        standards, f"{{{DEF}}}Standard",
        {"OID": "STD.1", "Name": "ADaMIG", "Type": "IG", "Version": "1.3", "Status": "Final"},
    )  # fmt: skip
    for data in made:
        _group(version, data)
    for data in made:
        for variable in data.variables:
            _item(version, data, variable)
    for data in made:
        for variable, terms in _coded(data):
            _code_list(version, data, variable, terms)
    return root


def _group(version: ET.Element, data: AnalysisData) -> None:
    kind, structure, repeating = _CLASSES[data.name]
    group = _add(
        version, "ItemGroupDef", OID=f"IG.{data.name}", Name=data.name, Repeating=repeating,
        IsReferenceData="No", SASDatasetName=data.name, Purpose="Analysis",
    )  # fmt: skip
    leaf = f"LF.{data.name}"
    for name, value in (("Structure", structure), ("StandardOID", "STD.1"),
                        ("ArchiveLocationID", leaf)):  # fmt: skip
        group.set(f"{{{DEF}}}{name}", value)
    _describe(group, data.label)
    for number, variable in enumerate(data.variables, 1):
        mandatory = "Yes" if variable.key else "No"
        item = _add(
            group, "ItemRef", ItemOID=_oid("IT", data, variable), OrderNumber=str(number),
            Mandatory=mandatory,
        )  # fmt: skip
        if variable.key:
            item.set("KeySequence", str(variable.key))
    ET.SubElement(group, f"{{{DEF}}}Class", {"Name": kind})
    file = f"{data.name.lower()}.json"
    place = ET.SubElement(group, f"{{{DEF}}}leaf", {"ID": leaf, f"{{{XLINK}}}href": file})
    ET.SubElement(place, f"{{{DEF}}}title").text = file


def _item(version: ET.Element, data: AnalysisData, variable: Variable) -> None:
    values = data.table[variable.name].dropna()
    written = values.map(str) if variable.type == "string" else values.map("{:.15g}".format) \
        if variable.type != "date" else values  # fmt: skip
    item = _add(
        version, "ItemDef", OID=_oid("IT", data, variable), Name=variable.name,
        SASFieldName=variable.name, DataType=_TYPES[variable.type],
    )  # fmt: skip
    if variable.type != "date":
        longest = written.map(len).max()
        item.set("Length", str(1 if pd.isna(longest) else int(longest)))
    if variable.type == "double":
        decimals = written.map(lambda text: len(text.partition(".")[2])).max()
        item.set("SignificantDigits", str(0 if pd.isna(decimals) else int(decimals)))
    _describe(item, variable.label)
    if any(each is variable for each, _ in _coded(data)):
        _add(item, "CodeListRef", CodeListOID=_oid("CL", data, variable))
    ET.SubElement(item, f"{{{DEF}}}Origin", {"Type": "Derived", "Source": "Sponsor"})


def _coded(data: AnalysisData) -> Iterator[tuple[Variable, list[str]]]:
    """Yield the text variables that do not identify a patient, with their values."""
    for variable in data.variables:
        if variable.type != "string" or variable.key or variable.name == "SUBJID":
            continue
        terms = sorted(set(data.table[variable.name].dropna()))
        if 0 < len(terms) <= MOST_TERMS:
            yield variable, terms


def _code_list(
    version: ET.Element, data: AnalysisData, variable: Variable, terms: Sequence[str]
) -> None:
    listed = _add(
        version, "CodeList", OID=_oid("CL", data, variable), Name=variable.label, DataType="text"
    )
    listed.set(f"{{{DEF}}}IsNonStandard", "Yes")
    for term in terms:
        _add(listed, "EnumeratedItem", CodedValue=term)


def _oid(kind: str, data: AnalysisData, variable: Variable) -> str:
    return f"{kind}.{data.name}.{variable.name}"


def _describe(element: ET.Element, text: str) -> None:
    words = _add(_add(element, "Description"), "TranslatedText")
    words.set(f"{{{XML}}}lang", "en")
    words.text = text


def _add(element: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(element, f"{{{ODM}}}{tag}", attributes)
