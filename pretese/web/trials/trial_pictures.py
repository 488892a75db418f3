"""Figures of planned trials: exact power by size, boundaries, expected size by effect."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pretese.web.layout.line_chart import BLUE, GREEN, MUTED, RED, ChartAxis, Line, line_chart
from pretese.web.trials.trial_answer import TrialAnswer

#: Colours of designs that are compared.
COLOURS = (BLUE, RED)


def power_chart(
    answers: Sequence[tuple[str, TrialAnswer]], words: Mapping[str, str], confirmed: float | None
) -> Markup | str:
    """Return exact power by sample size, with the target power and the planned sizes.

    Parameters
    ----------
    answers
        Designs by name; names are shown if there are several.
    confirmed
        Simulated power of the first design, in percent, if available.
    """
    lines = []
    for (name, answer), colour in zip(answers, COLOURS, strict=False):
        label = name if len(answers) > 1 else ""
        points = [(size, 100 * power) for size, power in answer.curve]
        if points:
            lines.append(Line(points, label, colour))
        planned = [(float(answer.analysed), 100 * answer.power)]
        lines.append(Line(planned, "", colour, dots=True))
    sizes = [point[0] for line in lines for point in line.points]
    asked = answers[0][1].question.power_percent
    lines.append(Line([(min(sizes), asked), (max(sizes), asked)], "", MUTED, True, width=1))
    if confirmed is not None:
        lines.append(Line([(float(answers[0][1].analysed), confirmed)], "", GREEN, dots=True))
    if max(sizes) == min(sizes):
        return ""
    axes = ChartAxis(words["participants_all_arms"]), ChartAxis(words["power_axis"], (0.0, 100.0))
    return line_chart(lines, words["curve_words"], *axes)


def boundary_chart(answer: TrialAnswer, words: Mapping[str, str]) -> Markup:
    """Return critical values of z by information fraction."""
    rows = answer.rows
    upper = [(float(row["information_rate"]), float(row["upper"])) for row in rows]
    lower = [
        (float(row["information_rate"]), float(row["lower"]))
        for row in rows[:-1]
        if row["lower"] is not None and answer.question.futility != "none"
    ]
    lines = [Line(upper, words["efficacy"], BLUE, dots=True)]
    lines += [Line([*lower, upper[-1]], words["stop_futility"], RED, True, True)] if lower else []
    heights = [height for line in lines for _, height in line.points]
    limits = min(0.0, *heights) - 0.2, max(heights) + 0.4
    axes = ChartAxis(words["fraction"], (0.0, 1.05)), ChartAxis("z", limits)
    return line_chart(lines, words["boundaries"], *axes)


def expected_chart(answer: TrialAnswer, words: Mapping[str, str]) -> Markup | str:
    """Return expected sample size by effect; empty if it does not vary, or for several arms."""
    if len(answer.rows) == 1 or answer.question.treatments > 1:
        return ""
    top = 1.05 * answer.analysed
    lines = [
        Line([(0.0, float(answer.analysed)), (150.0, float(answer.analysed))], "", MUTED, True),
        Line(answer.expected, words["expected_size"], BLUE, dots=True),
    ]
    axes = ChartAxis(words["effect_axis"]), ChartAxis(words["participants"], (0.0, top))
    return line_chart(lines, words["expected_size"], *axes)
