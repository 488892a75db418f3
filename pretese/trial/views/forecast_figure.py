"""Figure of a forecast: probability of success by sample size, unknown and excluded study."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pretese.literature.forecast_parts import ArmAssurance, Forecast
from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure


def draw_forecast(found: Forecast, arms: ArmAssurance | None = None) -> Figure:
    """Draw the band over sample sizes, and the influence of each unknown on the forecast.

    Of several ``arms``, the probability that any treatment succeeds is drawn too.
    """
    rows = len(found.influences) + len(found.exclusions)
    with house_style():
        figure = new_figure(9.6, 1.4 + 0.32 * max(rows, 6))
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.3])
        _by_size(left, found, arms)
        _by_unknown(right, found)
    return figure


def _by_size(axes: Axes, found: Forecast, arms: ArmAssurance | None) -> None:
    sizes = sorted(found.sizes, key=lambda each: each.participants)
    at = [each.participants for each in sizes]
    low, high = ([100 * each.band[side] for each in sizes] for side in (0, 1))
    axes.fill_between(at, low, high, color=SIMULATED, alpha=0.15, lw=0, label="band")
    axes.plot(at, [100 * each.success for each in sizes], "o-", color=SIMULATED, ms=4,
              label="success")  # fmt: skip
    axes.plot(at, [100 * each.success_given_benefit for each in sizes], "o--", color=MUTED, ms=3,
              label="success if therapy helps")  # fmt: skip
    if arms is not None:
        any_of = [100 * arms.any_success[each]["success"] for each in at]
        axes.plot(at, any_of, "o:", color=TRUTH, ms=3, label="any treatment succeeds")
    axes.set_ylim(0, 100)
    axes.set_xticks(at, [f"{each:,}" for each in at])
    axes.set_xlabel("participants")
    axes.set_ylabel("probability, %")
    axes.set_title("Probability of success" + (f" of {arms.prior_of}" if arms else ""))
    if arms is None:
        axes.legend(loc="upper left", fontsize=8)
    else:
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.18), ncols=2, fontsize=8)


def _by_unknown(axes: Axes, found: Forecast) -> None:
    main = next(s for s in found.sizes if s.participants == found.main)
    labels: list[str] = []
    for each in found.influences:
        ends = [100 * each.success_low, 100 * each.success_high]
        axes.plot(ends, [len(labels)] * 2, color=SIMULATED, lw=6, solid_capstyle="butt")
        labels.append(f"{each.name}: {each.low:.2g} to {each.high:.2g}")
    for one in found.exclusions:
        axes.plot(100 * one.success, len(labels), "s", color=PUBLISHED, ms=5)
        labels.append(f"without {one.study}")
    axes.axvline(100 * main.success, color=MUTED, lw=1, zorder=0)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("probability of success, %")
    axes.set_title(f"Influences, {found.main:,} participants")
