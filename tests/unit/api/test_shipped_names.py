"""Names of shipped files are accepted by the functions."""

import pretese
from pretese.api.shipped_names import shipped
from pretese.clinic.clinic_files import clinic_names
from protocol.regimen.load import load_regimen
from simulate.core.shipped import published_path, scenario_path, shipped_folder


def test_every_regimen_can_be_loaded_by_its_name():
    assert len(shipped().regimens) >= 7
    for name in shipped().regimens:
        assert load_regimen(name).id


def test_every_design_scenario_and_published_study_can_be_read_by_its_name():
    folder = shipped_folder() / "designs"
    assert shipped().designs == tuple(sorted(path.stem for path in folder.glob("*.yaml")))
    assert shipped().clinics == clinic_names()
    for name in shipped().designs:
        assert pretese.design(name).id == name
    for name in shipped().scenarios:
        assert scenario_path(name).is_file()
    for name in shipped().published:
        assert published_path(name).is_file()


def test_the_names_are_a_table_a_mapping_and_a_page():
    found = shipped()
    assert found.to_frame().shape == (sum(map(len, found.to_dict().values())), 2)
    assert set(found.to_dict()) == {"regimens", "scenarios", "designs", "clinics", "published"}
    assert all(names for names in found.to_dict().values())
    assert "<td>busy-theatre, one-centre, unlimited</td>" in found._repr_html_()
    assert len(repr(found)) <= 100
    assert str(found).count("\n") == 4
    assert pretese.shipped() == found
