"""The same bytes on another processor."""

from pathlib import Path

from tests.portable import FEW, arithmetic, differing, plainer, write, write_elsewhere


def test_an_older_processor_writes_the_same_bytes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    write(tmp_path / "here", FEW)
    there = write_elsewhere(tmp_path / "there", FEW, plainer())
    # on the oldest processor both runs may be identical
    assert there != arithmetic() or not plainer()["NPY_DISABLE_CPU_FEATURES"]
    assert differing(tmp_path / "here", tmp_path / "there") == []


def test_a_difference_of_one_byte_is_detected(tmp_path: Path) -> None:
    for name, text in (("one", "+0.000"), ("other", "-0.000")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "balance.csv").write_text(text)
    (tmp_path / "other" / "more.csv").write_text("")
    assert differing(tmp_path / "one", tmp_path / "other") == ["balance.csv", "more.csv"]
