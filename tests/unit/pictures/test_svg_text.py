"""The text of a figure: coordinates in thousandths of a point, and nothing else changed."""

import itertools
import math
from types import SimpleNamespace

from matplotlib import legend

from pretese.plots.style import house_style, new_figure, svg


def drawn(shift):
    with house_style():
        figure = new_figure(3, 2)
        axes = figure.add_subplot()
        axes.plot([1.0, 10.0 + shift, 100.0], [0.1, 0.2 + shift, 0.3])
        axes.set_xscale("log")
        axes.set_title("0.12345678")
    return svg(figure)


def test_rounding_errors_do_not_change_the_figure():
    assert len({drawn(sign * 4 * math.ulp(1.0)) for sign in (-1, 0, 1)}) == 1


def test_a_different_value_changes_the_figure_and_text_is_kept():
    assert drawn(0.0) != drawn(0.5)
    assert "0.12345678" in drawn(0.0)


def test_a_figure_is_drawn_without_a_warning_on_a_busy_machine(monkeypatch):
    """The library warns if placing a legend took more than a second, whatever the figure."""
    moments = itertools.count(0, 10)
    monkeypatch.setattr(legend, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    figure = new_figure(3, 2)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], label="one")
    axes.legend()
    assert "one" in svg(figure)
    assert next(moments) > 10  # the clock was asked
