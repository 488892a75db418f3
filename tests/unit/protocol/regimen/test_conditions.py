import pytest

from protocol.regimen.conditions import parse_name_condition, parse_number_condition

NORMAL = {"fsh_low": 0.7, "fsh_high": 11.1}


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("0.7 to 11.1", [0.7, 5, 11.1], [0.69999, 11.10001, None]),
        ("fsh_low to fsh_high", [0.7, 11.1], [0.6, 11.2, None]),
        ("below 0.7", [0.69, -1], [0.7, None]),
        ("at most 0.7", [0.7], [0.71]),
        ("above 11.1", [11.2], [11.1]),
        ("at least 11.1", [11.1], [11.0]),
        ("2", [2], [1.9, 2.1]),
        ("below 0.7 or above 11.1", [0.6, 11.2], [0.7, 11.1, None]),
        ("above 50 and at most 54", [50.1, 54], [50, 54.1]),
        ("missing", [None], [0, 5]),
        ("measured", [0, 5], [None]),
        ("  below   0.7  or missing", [0.6, None], [0.7]),
    ],
)
def test_a_condition_is_met_at_both_ends(text, inside, outside):
    condition = parse_number_condition(text, NORMAL)
    assert [condition.holds(value) for value in inside] == [True] * len(inside)
    assert [condition.holds(value) for value in outside] == [False] * len(outside)


def test_a_condition_on_names_allows_those_named():
    condition = parse_name_condition("hcg or missing", ("none", "hcg"))
    assert [condition.holds(value) for value in ("hcg", None, "none")] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("11.1 to 0.7", "runs backwards"),
        ("[0.7, 11.1]", "is not understood; write for example '0.7 to 11.1'"),
        ("about 7", "is not understood"),
        ("fsh_hi", "neither a number nor a parameter; parameters: fsh_high, fsh_low"),
        ("above inf", "not a finite number"),
        ("nan", "not a finite number"),
        ("", "is not understood"),
    ],
)
def test_an_unreadable_condition_is_refused_with_the_allowed_forms(text, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        parse_number_condition(text, NORMAL)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="write one of: none, hcg, missing, measured"):
        parse_name_condition("hgc", ("none", "hcg"))


def test_explanations_replace_parameters_by_their_numbers():
    assert parse_number_condition("below fsh_low", NORMAL).text == "below 0.7"
