"""The table of looks: what it may say, and every fault by file, row and field."""

import pytest

from pretese.trial.monitoring.interim_data import read_taken
from protocol.errors import InputError

HEAD = "control_events,control_men,treated_events,treated_men\n"


def read(tmp_path, text):
    path = tmp_path / "looks.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_taken(path)


def test_counts_are_read_in_any_order_of_columns(tmp_path):
    header = "look,treated_men,treated_events,control_men,control_events"
    text = f"{header}\n1,60,30,61,22\n\n2,120,66,121,48\n"
    taken = read(tmp_path, text)
    assert taken.events.tolist() == [[22, 30], [48, 66]]
    assert taken.men.tolist() == [[61, 60], [121, 120]]
    assert taken.total.tolist() == [121, 241]
    assert taken.rows == (2, 4)
    assert taken.estimate is None


def test_estimates_are_read_with_or_without_men(tmp_path):
    taken = read(tmp_path, "\ufeffestimate, std_error\r\n-0.1,0.2\r\n0.3,1e-1\r\n")
    assert taken.estimate.tolist() == [-0.1, 0.3]
    assert taken.std_error.tolist() == [0.2, 0.1]
    assert taken.total is None
    assert read(tmp_path, "estimate,std_error,men\n0.1,0.2,50\n").total.tolist() == [50]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "looks.csv: it is empty; give a header"),
        ("\n \n", "it is empty"),
        (HEAD, "no look has been taken; give a row per look"),
        (
            HEAD.replace(",", ";") + "1;1.234;3;4\n",
            "row 2, control_men: '1.234' came; write 1234 or",
        ),
        (HEAD.replace(",", "\t"), "no look has been taken"),
        (HEAD + "1,2,3\n", "row 2: it has 3 cells and the header 4; give one cell per column"),
        (HEAD + "1,2,3,4,5\n", "row 2: it has 5 cells and the header 4"),
        (HEAD + '1,"1,234",3,4\n', "row 2, control_men: '1,234' came; write 1234 or 1.234: its"),
        (HEAD + "1,2_0,3,4\n", "row 2, control_men: '2_0' came; give a whole number from 0"),
        (HEAD + "22,sixty,30,60\n", "row 2, control_men: 'sixty' came; give a whole number from 0"),
        (HEAD + "22,60,30,\n", "row 2, treated_men: '' came"),
        (HEAD + "22,60,30.5,60\n", "row 2, treated_events: '30.5' came"),
        (HEAD + "-1,60,30,60\n", "row 2, control_events: '-1' came"),
        (HEAD + "22,60,nan,60\n", "row 2, treated_events: 'nan' came"),
        (HEAD + "22,1e300,30,60\n", "row 2, control_men: '1e300' came"),
        ("estimate,std_error\n0.1,1e-200\n", "row 2, std_error: '1e-200' came"),
        ("estimate,std_error\n1e300,1\n", "row 2, estimate: '1e300' came"),
        (HEAD + "22,inf,30,60\n", "row 2, control_men: 'inf' came"),
        (HEAD + "22,60,61,60\n", "row 2, treated_events: 61 events of 60 men; give at most one"),
        (HEAD + "0,0,30,60\n", "row 2, control_men: 0 came; wait for men in both arms"),
        (HEAD + "22,60,30,60\n20,120,66,120\n", "row 3, control_events: 20 after 22: it falls"),
        (HEAD + "22,60,30,60\n26,50,66,120\n", "row 3, control_men: 50 after 60: it falls"),
        (HEAD + "22,60,30,60\n22,60,30,60\n", "row 3, men: 120 men, no more than at the look bef"),
        (HEAD + "2,60,30,60\n40,80,66,120\n", "row 3, control_events: 38 more events of 20 more m"),
        (HEAD.replace("control_men", "control_man") + "1,2,3,4\n", "did you mean 'control_men'?"),
        (
            HEAD.replace("control_men", "control_man") + "1,2,3,4\n",
            "control_men: the column is mis",
        ),
        (
            HEAD.replace("\n", ",site\n") + "1,2,3,4,5\n",
            "site: there is no such column; columns are",
        ),
        (HEAD.replace("\n", ",look,look\n"), "look: two columns have this name; rename one"),
        (HEAD.replace("\n", ",\n") + "1,2,3,4,5\n", "row 1: column 5 has no name and holds values"),
        (HEAD.replace("\n", ",estimate\n"), "header: there are counts and estimates"),
        ("look," + HEAD + "2,22,60,30,60\n", "row 2, look: 2 came where look 1 should"),
        ("estimate\n0.1\n", "std_error: the column is missing"),
        ("estimate,std_eror\n0.1,1\n", "did you mean 'std_error'?"),
        (
            "estimate,std_error\n0.1,0\n",
            "row 2, std_error: '0' came; give a number above 0, for an",
        ),
        ("estimate,std_error\n,0.1\n", "row 2, estimate: '' came; give a number from -100 to 100"),
        ("estimate,std_error,men\n0.1,0.1,50\n0.1,0.05,50\n", "row 3, men: 50 men, no more than"),
        ("estimate,std_error,men\n0.1,0.1,0\n", "row 2, men: 0 men"),
        (HEAD + '22,60,30,"60\n', "row 2: a quote is opened and not closed"),
        (HEAD.encode() + b"22,60,30,60 M\xe4nner\n", "row 2, treated_men: '60 Männer' came"),
    ],
)
def test_a_fault_names_file_row_and_field(tmp_path, text, says):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)
    assert all("looks.csv" in fault.where for fault in caught.value.faults)


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path, HEAD + "a,60,30,60\n48,b,66,120\n")
    assert [fault.field for fault in caught.value.faults] == [
        "row 2, control_events",
        "row 3, control_men",
    ]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_taken(tmp_path / "no.csv")
