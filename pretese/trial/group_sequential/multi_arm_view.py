"""Console view of a plan of several treatments against one control."""

from typing import Any

#: Labels of the scenarios.
_SCENARIOS = {"none": "no treatment works", "one": "one works", "all": "all work"}


def multi_arm_page(document: dict[str, Any]) -> str:
    """Return a plan as text, from the plain values of `multi_arm_document`."""
    side = "one-sided" if document["sides"] == 1 else "two-sided"
    lines = [
        document["name"],
        f"{side} family-wise alpha {document['alpha']:g}, allocation "
        f"{document['allocation_ratio']:g} per participant of the control",
        "",
        "analysis  information    upper  drop below  nominal p",
    ]
    for row in document["analyses"]:
        low = "         -" if row["lower"] is None else f"{row['lower']:z10.4f}"
        lines.append(
            f"{row['analysis']:8d}  {row['information_rate']:11.4f}  {row['upper']:7.4f}  {low}  "
            f"{row['nominal_p']:9.6f}"
        )
    if document["step_down"]:
        steps = ", ".join(f"{z:.4f}" for z in document["step_down"])
        lines += ["", f"closed testing (step-down)    {steps}"]
    lines += [
        "",
        f"family-wise type I error      {document['type_i_error']:.4f}",
        f"drift of one that works       {document['drift']:.4f}  found with power "
        f"{document['power']:g} if it works alone",
        "",
        "                         no treatment works   one works    all work",
    ]
    cases = document["scenarios"]
    for words, name in (
        ("at least one rejected", "any_rejection"),
        ("all rejected", "all_rejections"),
        ("expected size, control", "expected_control"),
        ("until first rejection", "expected_until_first_rejection"),
    ):
        cells = "".join(f"{each[name]:12.4f}" for each in cases)
        lines.append(f"{words:<31}{cells}")
    first = "".join(f"{each['expected_treatment_arms'][0]:12.4f}" for each in cases)
    lines.append(f"{'expected size, first treatment':<31}{first}")
    size = document.get("participants")
    return "\n".join(lines + (_size_lines(size) if size else []))


def _size_lines(size: dict[str, Any]) -> list[str]:
    def shown(measure: dict[str, float]) -> str:
        error = f" (MCSE {measure['mcse']:.4f})" if measure["mcse"] else ""
        return f"{measure['value']:.4f}{error}"

    return [
        "",
        f"event risks {100 * size['treated']:g} % (treated) and {100 * size['control']:g} % "
        "(control), pooled z tests",
        f"participants, control         {', '.join(map(str, size['control_at_analysis']))}",
        "participants, each treatment  "
        f"{', '.join(map(str, size['per_treatment_arm_at_analysis']))}",
        f"total sample size             {size['in_all']}",
        f"power to find one             {shown(size['power'])}",
        f"family-wise type I error      {shown(size['type_i_error'])}",
        f"method                        {size['method']}",
    ]
