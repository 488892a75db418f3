"""Rows of the tables of a trial with several arms, shared by the console and the page."""

from typing import Any

from pretese.trial.views.measure_words import cell


def percent_cell(measure: dict[str, Any] | None) -> str:
    """Return a proportion as a percentage with its MCSE; a dash if there is none."""
    return "-" if measure is None else cell(measure, share=True, counted=True)


def configuration_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per configuration: power (any, all), family-wise error, size, months."""
    return [
        [
            row["configuration"], percent_cell(row["any_effective"]),
            percent_cell(row["all_effective"]),
            percent_cell(row["familywise_error"]),
            _participants(row["participants"]), cell(row["months"]),
        ]
        for row in size["configurations"]
    ]  # fmt: skip


#: Heads of `configuration_rows`.
CONFIGURATION_HEADS = (
    "treatments that work", "any\nfound, %", "all\nfound, %", "family-wise\nerror, %",
    "partici-\npants", "months",
)  # fmt: skip


def comparison_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per configuration and comparison: rejection of each hypothesis."""
    return [
        [
            row["configuration"], each["comparison"], *(percent_cell(m) for m in
                                                        each["rejection"].values()),
        ]
        for row in size["configurations"]
        for each in row["comparisons"]
    ]  # fmt: skip


def exact_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per configuration of exact probabilities, in percent."""
    return [
        [
            row["configuration"],
            *(_percent(row["exact"][name])
              for name in ("any_effective", "all_effective", "familywise_error")),
            ", ".join(_percent(value) for value in row["exact"]["each"]),
        ]
        for row in size["configurations"]
        if row["exact"]
    ]  # fmt: skip


def effect_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per comparison as planned: true difference, estimate, bias."""
    return [
        [
            each["comparison"], cell(each["true_difference"]), cell(each["estimate"]),
            "-" if each["bias"] is None else cell(each["bias"]),
        ]
        for each in size["configurations"][0]["comparisons"]
    ]  # fmt: skip


def stop_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per configuration and comparison: reasons for ending early."""
    return [
        [row["configuration"], each["comparison"],
         *(percent_cell(each["ended_early"][name]) for name in ("success", "futility", "harm",
                                                         "selection"))]
        for row in size["configurations"]
        for each in row["comparisons"]
    ]  # fmt: skip


def arm_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per arm: expected participants under each configuration."""
    names = [each["arm"] for each in size["configurations"][0]["arms"]]
    return [
        [name, *(_participants(row["arms"][k]["participants"]) for row in size["configurations"])]
        for k, name in enumerate(names)
    ]


def allocation_rows(size: dict[str, Any]) -> list[list[str]]:
    """Return one row per figure of the planned allocation; empty for counts."""
    found = size["allocation"]
    if found is None:
        return []
    rates = [
        ("all sites", found["correct_guess_rate"]), ("own site", found["site_guess_rate"]),
        ("own stratum", found["stratum_guess_rate"]),
    ]  # fmt: skip
    return [
        *([f"correct-guess rate, {words}, %", cell(rate, share=True)]
          for words, rate in rates if rate),
        ["imbalance of the arms", cell(found["imbalance"])],
        *([f"largest within a level of {row['factor']}", cell(row["imbalance"])]
          for row in found["balance"]),
    ]  # fmt: skip


#: Heads of `arm_grid_rows` after the axes.
GRID_HEADS = (
    "power, %", "change, %", "family-wise\nerror, %", "partici-\npants", "exact\npower, %",
)  # fmt: skip


def arm_grid_rows(grid: dict[str, Any]) -> list[list[str]]:
    """Return one row per cell: values, power, paired change, error, expected size, exact power."""
    return [
        [
            *(f"{value:g}" for value in found["at"].values()), percent_cell(found["power"]),
            cell(found["power_difference"], share=True), percent_cell(found["type_one_error"]),
            _participants(found["expected_participants"]), _percent(found["exact_power"]),
        ]
        for found in grid["cells"]
    ]  # fmt: skip


#: Heads of `assurance_rows`.
ASSURANCE_HEADS = (
    "participants", "assurance, %", "any treatment\nsucceeds, %", "any without\nbenefit, %",
    "expected\nparticipants",
)  # fmt: skip


def assurance_rows(document: dict[str, Any]) -> list[list[str]]:
    """Return one row per size: assurance, any success, misleading success, expected size."""
    return [
        [
            str(row["participants"]), cell(row, share=True), cell(row["any_success"], share=True),
            cell(row["any_misleading"], share=True), cell(row["expected_participants"]),
        ]
        for row in document["assurance"]
    ]  # fmt: skip


def assurance_title(document: dict[str, Any]) -> str:
    """Return what assurance is averaged over, as a title."""
    return f"Success of {document['prior_of']} under the prior ({document['prior']})"


def search_words(found: dict[str, Any], power_of: str) -> str:
    """Return the required sample size as a sentence."""
    of = {"any": "any treatment that works", "all": "all treatments that work"}.get(
        power_of, power_of
    )
    words = f"Required sample size for {of}: {found['participants']} participants in total"
    if not found["exact"]:
        return f"{words} (simulated)."
    stays = found["stays_from"]
    later = "" if stays == found["participants"] else f"; sufficient at every size from {stays}"
    return f"{words} (exact: the first size with the power{later})."


def _participants(measure: dict[str, Any]) -> str:
    """Return a number of participants; without decimals if it is the same in all trials."""
    return cell(measure) if measure["mcse"] else f"{measure['value']:.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"
