"""Priors of the effect of therapy, and the resulting predictions for a trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from protocol.errors import InputError

if TYPE_CHECKING:  # scipy and pandas load where they are needed
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.literature.prior import PriorFile


@dataclass(frozen=True, slots=True, repr=False)
class EffectPrior(Shown):
    """A prior of the log odds ratio of therapy; returned by `Pooled.prior`.

    Attributes
    ----------
    file
        The prior in the form of its file: components with weight, mean, standard deviation and
        origin.
    """

    file: "PriorFile"

    def summary(self) -> str:
        """Return the median odds ratio, the middle 95 %, and the probability of harm."""
        import math

        mixture = self.file.mixture()
        low, middle, high = (math.exp(mixture.quantile(p)) for p in (0.025, 0.5, 0.975))
        harm = 100 * mixture.probability_below(0.0)
        return f"odds ratio {middle:.2f} (95 % {low:.2f} to {high:.2f}), harm {harm:.0f} %"

    def to_dict(self) -> dict[str, Any]:
        """Return the prior in the form of its file."""
        from pretese.io.text.rounding_rule import rounded_document

        return dict(rounded_document(self.file.model_dump(mode="json")))

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per component: ``weight_percent``, ``mean_log_odds``, ``sd_log_odds``."""
        import pandas as pd

        return pd.DataFrame(self.to_dict()["components"])

    def write(self, path: str | Path) -> None:
        """Write the prior as a file, which ``pretese power --prior`` and `Design.forecast` take."""
        from pretese.io.output.atomic_file import write_file
        from pretese.literature.prior import prior_text

        write_file(Path(path), prior_text(self.file), "path")

    def assurance(
        self,
        control_risk: float,
        participants: Sequence[int],
        *,
        alpha: float = 0.025,
        smallest_difference: float = 0.0,
    ) -> "pd.DataFrame":
        """Return the predictions of the prior for two-arm trials with equal arms.

        Parameters
        ----------
        control_risk
            Probability of the event without therapy, between 0 and 1.
        participants
            Participants in both arms together; one row each.
        alpha
            One-sided type I error of the score test.
        smallest_difference
            Risk difference (0 to 1) that outweighs the burden of therapy: the value of
            information counts events beyond it.

        Returns
        -------
        pandas.DataFrame
            ``participants``; probabilities ``success`` (unconditional assurance), ``benefit``,
            ``success_given_benefit``, ``misleading`` (a significant result although therapy has no
            benefit), ``no_benefit_given_success``, ``harm_shown``; ``events_gained``, the expected
            value of the information per 1,000 future patients (events), and
            ``events_gained_per_participant``.

        Examples
        --------
        >>> import pretese as pt
        >>> belief = pt.evidence("before-first-retrieval").pool().prior()
        >>> table = belief.assurance(0.195, [300, 1200])
        >>> table["success"].is_monotonic_increasing
        True
        """
        import pandas as pd

        from pretese.api.arguments.argument_numbers import number_of
        from pretese.literature.trial_outlook import outlook_row

        if not participants:
            raise InputError.of("assurance", "participants", "none given", "give for example [600]")
        risk = number_of(control_risk, "control_risk")
        margin = number_of(smallest_difference, "smallest_difference")
        mixture = self.file.mixture()
        return pd.DataFrame(
            [outlook_row(mixture, risk, each, alpha, margin) for each in participants]
        )

    def plot(self) -> "Figure":
        """Return a figure of the density over the odds ratio, with the probability of harm."""
        from pretese.literature.meta_analysis.evidence_figures import draw_belief

        return draw_belief(self.file.mixture())
