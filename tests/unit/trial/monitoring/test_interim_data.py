"""The table of interim data: valid forms, and every fault by file, row and field."""

import pytest

from pretese.trial.monitoring.interim_data import read_interim_data
from protocol.errors import InputError

HEAD = "control_events,control_participants,treated_events,treated_participants\n"


def read(tmp_path, text):
    path = tmp_path / "analyses.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_interim_data(path)


def test_counts_are_read_in_any_order_of_columns(tmp_path):
    header = "analysis,treated_participants,treated_events,control_participants,control_events"
    text = f"{header}\n1,60,30,61,22\n\n2,120,66,121,48\n"
    interim = read(tmp_path, text)
    assert interim.events.tolist() == [[22, 30], [48, 66]]
    assert interim.participants.tolist() == [[61, 60], [121, 120]]
    assert interim.total.tolist() == [121, 241]
    assert interim.rows == (2, 4)
    assert interim.estimate is None


def test_estimates_are_read_with_or_without_participants(tmp_path):
    interim = read(tmp_path, "\ufeffestimate, std_error\r\n-0.1,0.2\r\n0.3,1e-1\r\n")
    assert interim.estimate.tolist() == [-0.1, 0.3]
    assert interim.std_error.tolist() == [0.2, 0.1]
    assert interim.total is None
    assert read(tmp_path, "estimate,std_error,participants\n0.1,0.2,50\n").total.tolist() == [50]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "analyses.csv: it is empty; give a header"),
        ("\n \n", "it is empty"),
        (HEAD, "there is no analysis; give one row per analysis"),
        (
            HEAD.replace(",", ";") + "1;1.234;3;4\n",
            "row 2, control_participants: '1.234' is not allowed; write 1234 or",
        ),
        (HEAD.replace(",", "\t"), "there is no analysis"),
        (HEAD + "1,2,3\n", "row 2: it has 3 cells and the header 4; give one cell per column"),
        (HEAD + "1,2,3,4,5\n", "row 2: it has 5 cells and the header 4"),
        (
            HEAD + '1,"1,234",3,4\n',
            "row 2, control_participants: '1,234' is not allowed; write 1234 or 1.234: its",
        ),
        (
            HEAD + "1,2_0,3,4\n",
            "row 2, control_participants: '2_0' is not allowed; give a whole number from 0",
        ),
        (
            HEAD + "22,sixty,30,60\n",
            "row 2, control_participants: 'sixty' is not allowed; give a whole number from 0",
        ),
        (HEAD + "22,60,30,\n", "row 2, treated_participants: '' is not allowed"),
        (HEAD + "22,60,30.5,60\n", "row 2, treated_events: '30.5' is not allowed"),
        (HEAD + "-1,60,30,60\n", "row 2, control_events: '-1' is not allowed"),
        (HEAD + "22,60,nan,60\n", "row 2, treated_events: 'nan' is not allowed"),
        (HEAD + "22,1e300,30,60\n", "row 2, control_participants: '1e300' is not allowed"),
        ("estimate,std_error\n0.1,1e-200\n", "row 2, std_error: '1e-200' is not allowed"),
        ("estimate,std_error\n1e300,1\n", "row 2, estimate: '1e300' is not allowed"),
        (HEAD + "22,inf,30,60\n", "row 2, control_participants: 'inf' is not allowed"),
        (
            HEAD + "22,60,61,60\n",
            "row 2, treated_events: 61 events of 60 participants; give at most one",
        ),
        (
            HEAD + "0,0,30,60\n",
            "row 2, control_participants: it is 0; wait for participants in both arms",
        ),
        (HEAD + "22,60,30,60\n20,120,66,120\n", "row 3, control_events: 20 after 22: it decreases"),
        (
            HEAD + "22,60,30,60\n26,50,66,120\n",
            "row 3, control_participants: 50 after 60: it decreases",
        ),
        (
            HEAD + "22,60,30,60\n22,60,30,60\n",
            "row 3, participants: 120 participants, no more than at the previous",
        ),
        (
            HEAD + "2,60,30,60\n40,80,66,120\n",
            "row 3, control_events: 38 more events of 20 more participants",
        ),
        (
            HEAD.replace("control_participants", "control_participant") + "1,2,3,4\n",
            "did you mean 'control_participants'?",
        ),
        (
            HEAD.replace("control_participants", "control_participant") + "1,2,3,4\n",
            "control_participants: the column is mis",
        ),
        (
            HEAD.replace("\n", ",site\n") + "1,2,3,4,5\n",
            "site: there is no such column; columns are",
        ),
        (
            HEAD.replace("\n", ",analysis,analysis\n"),
            "analysis: two columns have this name; rename one",
        ),
        (HEAD.replace("\n", ",\n") + "1,2,3,4,5\n", "row 1: column 5 has no name and holds values"),
        (HEAD.replace("\n", ",estimate\n"), "header: there are both counts and estimates"),
        (
            "analysis," + HEAD + "2,22,60,30,60\n",
            "row 2, analysis: 2 is not allowed; analysis 1 is expected",
        ),
        ("estimate\n0.1\n", "std_error: the column is missing"),
        ("estimate,std_eror\n0.1,1\n", "did you mean 'std_error'?"),
        (
            "estimate,std_error\n0.1,0\n",
            "row 2, std_error: '0' is not allowed; give a number above 0, for an",
        ),
        (
            "estimate,std_error\n,0.1\n",
            "row 2, estimate: '' is not allowed; give a number from -100 to 100",
        ),
        (
            "estimate,std_error,participants\n0.1,0.1,50\n0.1,0.05,50\n",
            "row 3, participants: 50 participants, no more than",
        ),
        ("estimate,std_error,participants\n0.1,0.1,0\n", "row 2, participants: 0 participants"),
        (HEAD + '22,60,30,"60\n', "row 2: a quote is opened and not closed"),
        (
            HEAD.encode() + b"22,60,30,60 M\xe4nner\n",
            "row 2, treated_participants: '60 Männer' is not allowed",
        ),
    ],
)
def test_a_fault_names_file_row_and_field(tmp_path, text, message):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert all("analyses.csv" in fault.where for fault in caught.value.faults)


def test_all_faults_are_reported_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEAD + "a,60,30,60\n48,b,66,120\n")
    assert [fault.field for fault in caught.value.faults] == [
        "row 2, control_events",
        "row 3, control_participants",
    ]


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_interim_data(tmp_path / "no.csv")
