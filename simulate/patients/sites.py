"""Site of each patient, and differences between sites."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulate.core.random_streams import RandomStreams
from simulate.scenario.sections.site import StudySite

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class SitesOfPatients:
    """The sites of a study, and the site code of each patient, shape (replicate, patient)."""

    sites: Mapping[str, StudySite]
    code: Codes

    def by_site(self, read: Callable[[StudySite], float]) -> Floats:
        """Return a parameter of each patient's site."""
        found: Floats = np.array([read(site) for site in self.sites.values()])[self.code]
        return found

    @property
    def therapy(self) -> Floats:
        """Log odds of choosing therapy, added at the site."""
        return self.by_site(lambda site: site.therapy.value)

    @property
    def spermatogenic_liability(self) -> Floats:
        """Log odds added to the liability."""
        return self.by_site(lambda site: site.spermatogenic_liability.value)

    @property
    def effect(self) -> Floats:
        """Log odds added to the effect of a completed course by the direct route."""
        return self.by_site(lambda site: site.effect.value)

    def measured_ratio(self, hormone: str) -> Floats:
        """Return the ratio of the laboratory's report to the true value."""
        return self.by_site(
            lambda site: site.measured_ratio[hormone].value if hormone in site.measured_ratio else 1
        )

    def missing_score(self, hormone: str, otherwise: float) -> Floats:
        """Return the normal score below which a baseline result is missing."""
        return self.by_site(
            lambda site: float(
                ndtri(site.missing[hormone].value if hormone in site.missing else otherwise)
            )
        )

    def score_shift(self, name: str) -> Floats:
        """Return the shift of the normal score of a baseline variable."""
        return self.by_site(lambda site: site.scores[name].value if name in site.scores else 0)

    def shifts(self, name: str) -> bool:
        """Whether some site shifts a baseline variable."""
        return any(name in site.scores for site in self.sites.values())


def draw_sites(sites: Mapping[str, StudySite], streams: RandomStreams) -> SitesOfPatients | None:
    """Simulate the site of every patient; None if there is only one."""
    if not sites:
        return None
    shares = np.array([site.share.value for site in sites.values()])
    edges = np.cumsum(shares / shares.sum())[:-1]
    code = np.searchsorted(edges, streams.uniform("site"), side="right").astype(np.int8)
    return SitesOfPatients(sites, code)
