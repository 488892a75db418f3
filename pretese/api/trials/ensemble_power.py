"""Power of a planned trial over an ensemble of parameter sets."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, whole_of
from pretese.api.display import Shown

if TYPE_CHECKING:
    import pandas as pd

    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.ensemble.power_bands import EnsemblePower


@dataclass(frozen=True, slots=True, repr=False)
class PowerBands(Shown):
    """Power over parameter sets that all reproduce the published numbers; by `Design.power_bands`.

    Attributes
    ----------
    design_id, scenario_id
        The design, and the scenario whose ensemble was taken.
    replicates, seed
        Simulated trials per set, size and effect, and their base seed.
    result
        Bands by size, every set, and influences.
    """

    design_id: str
    scenario_id: str
    replicates: int
    seed: int
    result: "EnsemblePower"

    def summary(self) -> str:
        """Return the band of power at the main size."""
        first = self.result.sizes[0]
        low, high = (f"{100 * each:.0f}" for each in first.band)
        words = f", {first.participants} participants: power {100 * first.point:.0f} %"
        return f"{self.design_id[:24]}{words} (band {low} to {high} %)"

    def to_dict(self) -> dict[str, Any]:
        """Return sizes, influences and members as plain values; probabilities from 0 to 1."""
        from pretese.io.text.rounding_rule import rounded_document

        found = self.result
        return dict(rounded_document({
            "design": self.design_id,
            "scenario": self.scenario_id,
            "replicates": self.replicates,
            "seed": self.seed,
            "main_participants": found.main,
            "sizes": [asdict(each) for each in found.sizes],
            "influences": [asdict(each) for each in found.influences],
            "worlds": [asdict(each) for each in found.members],
        }))  # fmt: skip

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per sample size.

        Returns
        -------
        pandas.DataFrame
            ``participants``; ``point`` (power at the calibrated point), ``mean``, ``band_low``,
            ``band_high``, ``enough`` (share of sets with 80 % or more), and of the type I error
            ``type_one_low``, ``type_one_high``.
        """
        import pandas as pd

        rows = []
        for each in self.to_dict()["sizes"]:
            low, high = each.pop("band")
            error_low, error_high = each.pop("type_one_band")
            rows.append({**each, "band_low": low, "band_high": high, "type_one_low": error_low,
                         "type_one_high": error_high})  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        """Return what ``pretese power --worlds`` prints."""
        from pretese.trial.views.ensemble_view import ensemble_power_page

        return ensemble_power_page(self.design_id, self.scenario_id, self.result, self.replicates)


def power_bands_of(
    design: "DesignFile", worlds: int, sizes: tuple[int, ...], replicates: int, seed: int,
    workers: int, *, progress: bool,
) -> PowerBands:  # fmt: skip
    """Return power over an ensemble; see `Design.power_bands`."""
    from pretese.screen.progress import optional_progress
    from pretese.trial.ensemble.member_power import point_scenario
    from pretese.trial.ensemble.power_bands import power_over_ensemble
    from simulate.scenario.ensemble import MAX_MEMBERS, ensemble_for
    from simulate.scenario.load import load

    point_scenario(design)  # refuses fixed event rates
    number = whole_of(worlds, "worlds", 2, MAX_MEMBERS)
    ensemble = ensemble_for(load(design.scenario or ""), number)
    asked = whole_of(replicates, "replicates", 20, 10_000_000), seed_of(seed)
    processes = whole_of(workers, "workers", 1, 256)
    with optional_progress("parameter sets", progress) as tell:
        found = power_over_ensemble(
            design, ensemble, sizes or (design.participants,), *asked, processes, tell
        )
    return PowerBands(design.id, ensemble.file.scenario, *asked, found)
