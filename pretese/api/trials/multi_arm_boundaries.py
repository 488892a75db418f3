"""Several treatments against one control: `pretese.boundaries`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown

if TYPE_CHECKING:  # slow to load and not needed for the numbers
    import pandas as pd
    from matplotlib.figure import Figure

    from estimate.core.arrays import Floats
    from estimate.sequential.boundary_shapes import Shape


@dataclass(frozen=True, slots=True, repr=False)
class MultiArmBoundaries(Shown):
    """Boundaries of several treatments against one control: Dunnett, and several analyses.

    ``str`` is the page that ``pretese boundaries --treatment-arms`` prints, `to_dict` its
    ``--json``.
    """

    _document: Mapping[str, Any] = field(hash=False)

    def summary(self) -> str:
        """Return arms, number of analyses and error in one line."""
        design = self._document
        count = len(design["analyses"])
        words = f"{design['treatment_arms']} treatments against one control, {count} "
        words += f"{'analysis' if count == 1 else 'analyses'}, alpha {design['alpha']:g}"
        return words[:80]

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, as ``--json`` prints them."""
        return dict(self._document)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per analysis: fraction, boundaries of z, and the nominal p."""
        import pandas as pd

        return pd.DataFrame(self._document["analyses"]).rename(
            columns={"information_rate": "information_fraction"}
        )

    def table(self) -> "pd.DataFrame":
        """Return one row per analysis, as `to_frame` does."""
        return self.to_frame()

    def plot(self) -> "Figure":
        """Return a figure of the boundaries, z over the information fraction."""
        from pretese.trial.group_sequential.boundary_figure import draw_boundaries

        return draw_boundaries(self.to_dict())

    def __str__(self) -> str:
        """Return the plan as a page of text."""
        from pretese.trial.group_sequential.multi_arm_view import multi_arm_page

        return multi_arm_page(self.to_dict())


def multi_arm_boundaries(
    rates: "Floats",
    shape: "Shape",
    treatment_arms: int,
    *,
    allocation_ratio: float,
    futility_z: Sequence[float],
    alpha: float,
    sides: int,
    power: float,
    binding: bool,
    risks: tuple[float, float] | None,
) -> MultiArmBoundaries:
    """Make the plan of `pretese.boundaries` with ``treatment_arms``.

    Parameters
    ----------
    risks
        Event risks of control and of an effective treatment, for the sample size; or None.
    """
    from estimate.multi_arm.plan import plan_multi_arm
    from pretese.io.text.rounding_rule import rounded_document
    from pretese.trial.group_sequential.multi_arm_document import (
        describe_multi_arm,
        describe_multi_arm_size,
    )

    plan = plan_multi_arm(
        rates, shape, treatment_arms, ratio=allocation_ratio, alpha=alpha, sides=sides,
        futility_z=futility_z, binding=binding,
    )  # fmt: skip
    document = describe_multi_arm(plan, power)
    if risks is not None:
        control, treated = risks
        document["participants"] = describe_multi_arm_size(plan, treated, control, power)
    return MultiArmBoundaries(rounded_document(document))
