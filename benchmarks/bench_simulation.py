"""Men per second from baseline to retrieval, and the random numbers alone as the lower bound."""

from benchmarks.timing import best_of
from pretese.certificate import load_scenario
from simulate.cohort import draw_cohort
from simulate.fertility import births_of
from simulate.luck import Luck

STUDIES, MEN = 200, 569


def luck_alone() -> None:
    """Draw the numbers that a cohort needs up to retrieval, and do nothing with them."""
    luck = Luck(1, MEN, STUDIES)
    luck.normal("baseline", width=9)
    luck.normal("hormone traits", width=3)
    luck.normal("FSH assay", width=3)
    luck.normal("missing", width=6)
    luck.normal("partner age")
    for purpose in ("diagnosis", "suppressible", "reserve", "spontaneous sperm", "choice"):
        luck.uniform(purpose)


def main() -> None:
    paper = load_scenario("paper")
    seconds = best_of(
        5,
        {
            "random numbers alone": luck_alone,
            "baseline to retrieval, both arms": lambda: draw_cohort(paper, 1, STUDIES),
            "... and through live birth": lambda: births_of(draw_cohort(paper, 1, STUDIES)),
        },
    )
    print(f"{STUDIES} studies of {MEN} men, one core")
    for name, took in seconds.items():
        ratio = took / seconds["random numbers alone"]
        print(
            f"{name:36s} {took:7.3f} s {STUDIES * MEN / took / 1e6:6.2f} million men/s"
            f" {ratio:5.1f} x the random numbers"
        )
