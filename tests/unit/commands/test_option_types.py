"""Values of options: percentages with their sign, numbers by name, lists with commas."""

import click
import pytest

from pretese.commands.option_types import Percent, SeveralOf, comma_numbers, number_pairs, pairs_of
from protocol.errors import InputError

RISK = click.Option(["--control-risk"], type=Percent())


@pytest.mark.parametrize(
    ("text", "probability"),
    [("30%", 0.3), (" 30 % ", 0.3), ("0.3%", 0.003), ("23.2%", 0.232), ("1e1%", 0.1)],
)
def test_a_percentage_with_its_sign_is_a_probability(text, probability):
    assert Percent().convert(text, RISK, None) == pytest.approx(probability, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.3", "'0.3' has no percent sign; write 30% (the probability 0.3) or 0.3%"),
        ("30", "'30' has no percent sign; write 30% (the probability 0.3)"),
        ("300", "write a percentage above 0% and below 100%, such as 30%"),
        ("0", "write a percentage above 0% and below 100%, such as 30%"),
        ("0%", "'0%' is not allowed; give a percentage above 0% and below 100%"),
        ("100%", "'100%' is not allowed"),
        ("-3%", "'-3%' is not allowed"),
        ("12,5%", "write a decimal point, not a comma: 12.5"),
        ("nan%", "give a finite number"),
        ("%", "is not a number"),
        ("30%%", "is not a number"),
    ],
)
def test_an_ambiguous_percentage_is_refused_with_its_readings(text, message):
    with pytest.raises(InputError, match="--control-risk") as refused:
        Percent().convert(text, RISK, None)
    assert message in str(refused.value)


def test_numbers_by_name_are_read_once_each():
    option = click.Option(["--set"], multiple=True)
    read = number_pairs("dropout=10")
    assert read(click.Context(click.Command("x")), option, ("a.b = 2", "c=-1e-3")) == {
        "a.b": 2.0,
        "c": -0.001,
    }
    for words, message in {
        ("a",): "--set: 'a' is not understood; write it as in dropout=10",
        ("=3",): "'=3' is not understood",
        ("a=",): "'a=' is not understood",
        ("a=x",): "--set: a: 'x' is not a number",
        ("a=1", "a=2"): "--set: a: it is repeated; give it once",
    }.items():
        with pytest.raises(InputError) as refused:
            read(click.Context(click.Command("x")), option, words)
        assert message in str(refused.value)


def test_a_pair_is_split_at_its_first_equals_sign():
    assert pairs_of("--map", ("patient=a=b",), "patient=ID") == {"patient": "a=b"}


def test_names_separated_by_commas_are_unique_and_in_order():
    kind = SeveralOf(["csv", "parquet", "arrow"])
    assert kind.convert("arrow, csv,arrow", None, None) == ("csv", "arrow")
    with pytest.raises(click.BadParameter, match="'xls' is not one of 'csv', 'parquet', 'arrow'"):
        kind.convert("csv,xls", None, None)


def test_numbers_separated_by_commas_are_read_or_refused():
    assert comma_numbers("0.5, 1", "--information") == (0.5, 1.0)
    with pytest.raises(InputError, match=r"--information: '0.5,' is not understood"):
        comma_numbers("0.5,", "--information")
