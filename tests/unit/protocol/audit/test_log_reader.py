"""Logs as clinics keep them: what is read, what is assumed, and what is listed as not used."""

import datetime as dt

import pytest

from protocol.audit.log.mapping import LogMapping, log_words, read_mapping
from protocol.errors import InputError
from protocol.regimen.load import load_regimen
from tests.support.adherent_log import read_log

GUIDED = load_regimen("fsh-guided")
HEAD = "patient,date,event,drug,amount,unit,value\n"


def read(text: str | bytes, **mapping):
    data = text.encode() if isinstance(text, str) else text
    return read_log(data, GUIDED, "log.csv", LogMapping.model_validate(mapping))


def one(row: str, **mapping):
    """Return the only event of a log, and what was assumed."""
    found = read(HEAD + row + "\n", **mapping)
    (events,) = found.log.values()
    (event,) = events
    return event, found.assumptions


DAY = dt.date(2023, 11, 8)

DATES = {
    "2023-11-08": "",
    "2023-11-8": "",
    "20231108": "",
    "2023/11/08": "",
    "2023-11-08T07:15:00+01:00": "2023-11-08T07:15:00+01:00 (row 2): the local date is taken",
    "2023-11-08 07:15": "",
    "8 Nov 2023": "",
    "08-NOV-2023": "",
    "November 8, 2023": "",
    "2023年11月8日": "",
    "2023-W45-3": "2023-W45-3 (row 2) is read as 2023-11-08",
    "08.11.2023": "08.11.2023 (row 2) is read with the day first",
    "45238": "45238 (row 2) is read as a day number of Excel, 2023-11-08",
    "45238.3125": "45238.3125 (row 2) is read as a day number of Excel, 2023-11-08",
}


@pytest.mark.parametrize("text", DATES)
def test_an_unambiguous_date_is_read(text):
    event, assumed = one(f'a,"{text}",start,,,,')
    assert dt.date.fromordinal(event.date) == DAY
    assert assumed == ((f"date: {DATES[text]}",) if DATES[text] else ())


@pytest.mark.parametrize(
    ("other", "order", "day"),
    [("25/11/2023", "dd/mm/yyyy", DAY), ("11/25/2023", "mm/dd/yyyy", dt.date(2023, 8, 11))],
)
def test_one_unambiguous_date_determines_the_order_of_all(other, order, day):
    found = read(f"{HEAD}a,08/11/2023 07:30,start,,,,\na,{other},start,,,,\n")
    assert dt.date.fromordinal(found.log["a"][0].date) == day
    output = f"date: dates are read as {order}, as {other} (row 3) can only be"
    assert found.assumptions == (output,)


def test_the_order_of_dates_may_be_given():
    for order, day in (("dd/mm/yyyy", DAY), ("mm/dd/yyyy", dt.date(2023, 8, 11))):
        event, assumed = one("a,08/11/2023,start,,,,", dates=order)
        assert (dt.date.fromordinal(event.date), assumed) == (day, ())


NUMBERS = {
    "2000": 2000.0,
    "2000.0": 2000.0,
    "2e3": 2000.0,
    '"2000,0"': 2000.0,
    '"2,000.0"': 2000.0,
    "2 000": 2000.0,
    "2_000": 2000.0,
    "٢٠٠٠": 2000.0,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_an_unambiguous_dose_is_read(text):
    event, _ = one(f"a,2023-11-08,injection,hcg,{text},IU,")
    assert event.dose == NUMBERS[text]


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234", "comma", 1234.0),
        ("1.234", "point", 1.234),
        ("1,234", "comma", 1.234),
        ("1,234", "point", 1234.0),
        ("1.234,5", "comma", 1234.5),
        ("1 234,5", "comma", 1234.5),
    ],
)
def test_an_ambiguous_number_is_read_if_the_decimal_mark_is_given(text, decimal, value):
    row = f"a;2023-11-08;injection;hcg;{text};IU;\n"
    event = read(HEAD.replace(",", ";") + row, decimal=decimal).log["a"][0]
    assert event.dose == value
    if len(text) == 5:
        with pytest.raises(InputError, match="give `decimal`: point or comma"):
            read(HEAD.replace(",", ";") + row)


@pytest.mark.parametrize("decimal", ["point", "comma"])
def test_a_number_that_contradicts_the_decimal_mark_is_refused(decimal):
    text = {"point": "1,23", "comma": "1.23"}[decimal]
    with pytest.raises(InputError, match="is not a number"):
        one(f'a,2023-11-08,fsh,,"{text}",IU/L,', decimal=decimal)


@pytest.mark.parametrize(
    ("drug", "unit", "output"),
    [
        ("HCG", "i.u.", ()),
        ("hCG ", "[IU]", ()),
        ("Pregnyl", "IU", ("drug: 'Pregnyl' is read as hcg",)),
        ("hcg", "I.E.", ("unit: 'I.E.' is read as IU",)),
        ("Choragon", "U", ("drug: 'Choragon' is read as hcg", "unit: 'U' is read as IU")),
    ],
)
def test_common_spellings_of_drugs_and_units_are_read(drug, unit, output):
    event, assumed = one(f"a,2023-11-08,Injection,{drug},2000,{unit},")
    assert (event.name, event.drug, event.dose) == ("injection", "hcg", 2000.0)
    assert assumed == output


def test_a_recombinant_brand_is_another_drug():
    event, _ = one("a,2023-11-08,injection,Gonal-f,150,IU,")
    assert event.drug == "gonal-f"
    assert "gonalf" not in log_words().drugs


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        ("FSH,,9.8,IE/l,", "fsh_iu_l", 9.8),
        ("Testosteron,,12.5,NMOL/L,", "testosterone_nmol_l", 12.5),
        ("Haematocrit,,0.45,L/L,", "hematocrit_percent", 45.0),
        ("Spermiogramm,,,,Azoospermie", "semen", "no sperm"),
        ("karyotype,,,,Klinefelter", "karyotype", "klinefelter"),
        ("radio_or_chemotherapy,,,,ja", "radio_or_chemotherapy", "yes"),
        ("azoospermic samples,,2,,", "azoospermic_samples", 2.0),
        ("Decision,,,,HCG-uFSH", "decision", "hcg-ufsh"),
        ("mTESE,,,,sperm found", "micro-tese", "sperm"),
        ("ICSI,,,,Ejakulat", "icsi", "ejaculated"),
    ],
)
def test_common_words_for_events_and_results_are_read(row, name, value):
    event, _ = one(f"a,2023-11-08,{row}")
    assert event.name == name
    assert event.value == pytest.approx(value) if isinstance(value, float) else value


def test_a_result_beyond_a_limit_of_detection_keeps_its_sign():
    low, _ = one("a,2023-11-08,fsh,,<0.3,IU/L,")
    high, _ = one("a,2023-11-08,fsh,,≥ 150,IU/L,")
    assert [(e.qualifier, e.value) for e in (low, high)] == [("<", 0.3), (">", 150.0)]


def test_columns_are_found_by_other_names_and_reported():
    text = (
        "\ufeffPatientennummer;Datum;Ereignis;Medikament;Menge;Einheit;Wert\r\n"
        "Groß, A.;08.11.2023;Injektion;hcg;2000;IE;\r\nGroß, A.;07.12.2023;FSH;;9,8;IU/l;\r\n"
    )
    found = read(text)
    assert [event.name for event in found.log["Groß, A."]] == ["injection", "fsh_iu_l"]
    assert found.log["Groß, A."][1].value == 9.8
    assert "the column Ereignis is read as event" in found.assumptions
    assert "event: 'Injektion' is read as injection" in found.assumptions
    assert "decimal commas are read in amounts" in found.assumptions


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_common_encodings_are_read(codec):
    text = f"{HEAD}René Ü.,2023-11-08,injection,hcg,2000,IU,\n"
    assert list(read(text.encode(codec)).log) == ["René Ü."]


def test_rows_that_are_not_events_are_listed_and_the_others_are_read():
    found = read(
        f"{HEAD}a,2023-11-08,injection,hcg,2000,IU,\n"
        "a,2023-11-08,phone call,,,,pain\na,2023-11-09,phone call,,,,better\n"
        "a,2023-11-09,injektionn,hcg,2000,IU,\n"
        "a,2023-11-10,injection,anastrozole,1,mg,\n"
        "a,2023-11-10,prolactin,,210,IU/L,\n"
        "a,2023-11-10,semen,,,,turbid\n"
        "a,2023-11-10,lh,,NA,IU/L,\n"
        "\n,,,,,,\nSum,,,,4000,IU,\n"
    )
    names = [(event.name, event.value) for event in found.log["a"]]
    assert names == [("injection", None), ("prolactin_ng_ml", None), ("semen", None)]
    listed = {each.what: each for each in found.unused}
    assert (listed["event 'phone call'"].rows, listed["event 'phone call'"].count) == ((3, 4), 2)
    assert "did you mean injection?" in listed["event 'injektionn'"].reason
    assert "ng/mL" in listed["prolactin in 'IU/L'"].reason
    assert set(listed) == {
        "event 'phone call'", "event 'injektionn'", "anastrozole in mg",
        "prolactin in 'IU/L'", "semen 'turbid'", "lh without result", "Sum without date and event",
    }  # fmt: skip


def test_a_log_without_a_readable_row_is_refused_with_the_reason():
    with pytest.raises(InputError) as caught:
        read(f"{HEAD}a,2023-11-08,phone call,,,,\n")
    assert "it has no events" in str(caught.value)
    assert "event 'phone call': no event of fsh-guided" in str(caught.value)


MAPPING = """\
columns: {patient: Nr, date: When, event: What, amount: Qty}
values:
  patient: {p-017: P-017}
  event: {Shot: injection, Blood count: hematocrit}
  drug: {own label: hcg}
  unit: {"": IU, "frac.": L/L}
  value: {clear: no sperm}
dates: mm/dd/yyyy
decimal: comma
"""


def test_a_mapping_file_defines_columns_words_dates_and_numbers(tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(MAPPING)
    text = (
        "Nr;When;What;Drug;Qty;Unit;Value\n"
        "p-017;11/08/2023;Shot;own label;2.000;;\n"
        "P-017;11/09/2023;Blood count;;0,45;frac.;\n"
        "P-017;11/09/2023;semen;;;;clear\n"
    )
    found = read_log(text.encode(), GUIDED, "log.csv", read_mapping(path))
    injection, level, semen = found.log["P-017"]
    assert (injection.drug, injection.dose) == ("hcg", 2000.0)
    assert dt.date.fromordinal(injection.date) == DAY
    assert (level.value, semen.value) == (45.0, "no sperm")
    assert found.unused == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("columns: {person: ID}", "column mapping person: this is not a column of a log"),
        ("values: {person: {a: b}}", "column mapping person: this is not a column of a log"),
        ("dates: yyyy", "dates: 'yyyy' is not allowed"),
        ("collumns: {}", "collumns: there is no such field; did you mean 'columns'?"),
    ],
)
def test_an_invalid_mapping_file_is_refused(text, message, tmp_path):
    path = tmp_path / "ours.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_log(HEAD.encode() + b"a,2023-11-08,start,,,,\n", GUIDED, "log", read_mapping(path))
    assert message in str(caught.value)
