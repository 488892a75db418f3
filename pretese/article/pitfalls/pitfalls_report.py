"""Write the bias analysis into a folder: an HTML page, Markdown, and a table of figures."""

from pathlib import Path

from pretese.article.pitfalls.pitfall_result import Pitfall, pitfall_frame
from pretese.article.pitfalls.pitfalls_page import pitfalls_text
from pretese.io.output.csv_file import write_csv
from pretese.io.text.html_page import render_page


def render_pitfalls(pitfalls: list[Pitfall], replicates: int, seed: int) -> str:
    """Return the bias analysis as one self-contained HTML page; same figures, same bytes."""
    return render_page("bias_analysis.html", pitfalls=pitfalls, replicates=replicates, seed=seed)


def write_bias_analysis(pitfalls: list[Pitfall], folder: Path, replicates: int, seed: int) -> None:
    """Write bias-analysis.html, bias-analysis.md and bias-analysis.csv."""
    (folder / "bias-analysis.html").write_text(
        render_pitfalls(pitfalls, replicates, seed), encoding="utf-8"
    )
    (folder / "bias-analysis.md").write_text(
        pitfalls_text(pitfalls, replicates, seed), encoding="utf-8"
    )
    write_csv(pitfall_frame(pitfalls), folder / "bias-analysis.csv")
