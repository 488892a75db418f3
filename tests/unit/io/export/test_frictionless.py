import json
from pathlib import Path

import pytest
from frictionless import Package

from pretese.io.export.columns.export_fields import is_truth
from pretese.io.export.frictionless import table_schema, write_package
from pretese.io.export.streams import Stream
from tests.support.exported import drawn_tables, fields


def write(folder: Path, studies: int = 1, truth: bool = False) -> Path:
    listed = {n: f for n, f in fields(studies).items() if is_truth(n) == truth}
    for name in listed:
        with Stream(folder / f"{name}.csv", listed[name]) as stream:
            stream.write(drawn_tables(studies)[name])
    write_package(folder, listed, "csv", "paper", "A question?")
    return folder / "datapackage.json"


def faults(package: Path) -> list[tuple[str, str]]:
    report = Package(str(package)).validate()
    return [tuple(found) for found in report.flatten(["type", "fieldName"])]


@pytest.mark.parametrize("studies", [1, 2])
@pytest.mark.parametrize("truth", [False, True])
def test_the_public_validator_finds_no_fault(tmp_path, studies, truth):
    assert faults(write(tmp_path, studies, truth)) == []


@pytest.mark.parametrize(
    ("table", "old", "new", "fault"),
    [
        ("patients", '"idiopathic"', '"unknown"', ("constraint-error", "diagnosis")),
        ("patients", "\n2,", "\n1,", ("primary-key", None)),
        ("patients", "\n2,", "\n,", ("constraint-error", "patient_id")),
        ("visits", "\n2,0,0", "\n200000,0,0", ("foreign-key", None)),
        ("visits", "\n1,0,0,2017", "\n1,0,0,17.", ("type-error", "date")),
        ("transfers", ",1,0,0\n", ",1,0,2\n", ("constraint-error", "live_birth")),
    ],
)
def test_the_public_validator_finds_what_breaks_the_schema(tmp_path, table, old, new, fault):
    package = write(tmp_path)
    path = tmp_path / f"{table}.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert fault in faults(package)


def test_every_number_carries_unit_and_ucum_code(tmp_path):
    package = json.loads(write(tmp_path).read_text())
    numbers = [
        field
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
        if field["type"] == "number"
    ]
    assert len(numbers) > 10
    assert all(field["ucum"] for field in numbers)
    fsh = next(field for field in numbers if field["name"] == "fsh_iu_l")
    assert (fsh["unit"], fsh["ucum"]) == ("IU/L", "[IU]/L")


def test_the_truth_is_a_package_of_its_own(tmp_path):
    assert "truth" not in write(tmp_path).read_text()


def test_several_studies_make_study_and_patient_the_key():
    assert table_schema("patients", fields(2))["primaryKey"] == ["study", "patient_id"]
    assert table_schema("visits", fields(2))["foreignKeys"][0]["fields"] == ["study", "patient_id"]


def test_parquet_tables_are_described_alike(tmp_path):
    write_package(tmp_path, fields(), "parquet", "paper", "A question?")
    package = Package(str(tmp_path / "datapackage.json"))
    visits = package.get_resource("visits")
    assert (visits.path, visits.format) == ("visits.parquet", "parquet")
    assert visits.schema.get_field("fsh_iu_l").type == "number"
