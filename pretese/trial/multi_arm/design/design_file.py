"""The design of a trial with several arms: its tests, boundaries and pairs of arms."""

from functools import cached_property
from typing import Any

import numpy as np

from estimate.multi_arm.combination_test import CombinationTest, combination_test
from estimate.multi_arm.control_paths import NODES
from estimate.multi_arm.local_tests import LocalTests, SetRule, local_tests, tests_of_rule
from estimate.multi_arm.set_boundaries import Observed
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import check_named_prior
from pretese.trial.design.interim import upper_at
from pretese.trial.multi_arm.design.arm_fields import ArmFields
from protocol.errors import InputError
from protocol.reading.documents import parse_document
from simulate.recruitment.schemes import SCHEMES


class MultiArmDesign(ArmFields):
    """A planned trial of several treatments against one control."""

    def parts_after(self, analysis: int) -> tuple[int, ...]:
        """Return the planned allocation after an analysis; 0 is the start."""
        parts = self.parts
        for change in sorted(self.allocation_changes, key=lambda each: each.after_analysis):
            if change.after_analysis <= analysis:
                parts = tuple(change.allocation[name] for name in self.names)
        return parts

    @property
    def round_of_allocation(self) -> tuple[int, ...]:
        """Participants of each arm in one round of the planned allocation, control first."""
        return self.parts

    @property
    def balanced(self) -> tuple[str, ...]:
        """Factors whose balance is reported: of the randomisation, then of the analysis."""
        return tuple(dict.fromkeys((*self.randomisation.by, *self.analysis.strata)))

    @property
    def ratios(self) -> tuple[float, ...]:
        """Participants of each treatment per participant of the control."""
        return tuple(part / self.parts[0] for part in self.parts[1:])

    @property
    def endpoint_month(self) -> float:
        """Months from recruitment until all endpoints of a participant are known."""
        return max(each.endpoint_month for each in self.endpoints)

    @property
    def decision_month(self) -> float:
        """Months from recruitment until the primary endpoint, used for decisions, is known."""
        return self.endpoint.endpoint_month

    @property
    def delayed(self) -> tuple[bool, ...]:
        """Whether the endpoint of each hypothesis is known later than the primary one."""
        return tuple(each.endpoint_month > self.decision_month for each in self.endpoints)

    @property
    def alpha(self) -> float:
        """Family-wise one-sided type I error; half of alpha if the tests are two-sided."""
        return self.monitoring.alpha_percent / 100 / self.monitoring.sides

    @property
    def rates(self) -> tuple[float, ...]:
        """Information fractions."""
        return tuple(each / 100 for each in self.monitoring.analyses_percent)

    @property
    def step(self) -> int:
        """Participants recruited together: one block, or one round of the allocation."""
        unit = sum(self.parts)
        sizes = self.randomisation.block_sizes
        if SCHEMES[self.randomisation.method].blocks != "all":
            return unit
        if len(sizes) > 1:
            return unit
        return sizes[0] if sizes else 2 * unit

    @property
    def rounds_of_blocks(self) -> tuple[int, ...]:
        """Number of rounds of the allocation in each block; two by default."""
        unit = sum(self.parts)
        return tuple(size // unit for size in self.randomisation.block_sizes) or (2,)

    def analyses_at(self, participants: int) -> tuple[int, ...]:
        """Return the places filled at each analysis; raise if two analyses coincide."""
        step = self.step
        counts = np.maximum(np.round(np.asarray(self.rates) * participants / step), 1) * step
        counts[-1] = participants
        if (np.diff(counts, prepend=1) <= 0).any():
            problem = f"analyses at {counts.astype(int).tolist()} participants coincide"
            cure = "plan more participants or fewer analyses"
            raise InputError.of(self.id, "monitoring.analyses_percent", problem, cure)
        return tuple(int(each) for each in counts)

    @cached_property
    def tests(self) -> LocalTests:
        """The closed test of all hypotheses."""
        rule = self.set_rule(self.alpha)
        return local_tests(
            rule.procedure, rule.rates, rule.shape, rule.ratios, rule.alpha,
            steps=len(self.labels), order=rule.order, after_all=rule.after_all,
        )  # fmt: skip

    def set_rule(self, alpha: float, observed: Observed | None = None) -> SetRule:
        """Return the boundaries of any set of hypotheses at a one-sided family-wise level.

        Parameters
        ----------
        observed
            The analyses of an ongoing trial, in place of those planned.
        """
        procedure, order = self.testing.procedure, self.testing.order
        treatments = len(self.comparisons)
        return SetRule(
            "bonferroni" if procedure == "combination" else procedure, self.rates,
            self.monitoring.shape(),
            (1.0, 1.0) if self.factorial or self.enrichment else self.ratios, alpha,
            tuple(self.comparisons.index(name) for name in order) or tuple(range(treatments)),
            self.testing.secondary_after == "all treatments", observed,
        )  # fmt: skip

    def tests_at(self, observed: Observed) -> LocalTests:
        """Return the closed test of all hypotheses with the boundaries of observed analyses."""
        return tests_of_rule(self.set_rule(self.alpha, observed), len(self.labels))

    def combination(self) -> CombinationTest | None:
        """Return a closed combination test without data; None if another procedure is used."""
        if self.testing.procedure != "combination":
            return None
        return combination_test(
            self.tests, self.rates, self.monitoring.shape(), self.alpha,
            intersection=self.testing.within_stages,
        )  # fmt: skip

    def harm_z(self) -> tuple[float, ...]:
        """Return z of the primary endpoint at or below which a treatment is dropped for harm."""
        plan = self.monitoring
        interim = len(self.rates) - 1
        if plan.harm is None:
            return (-np.inf,) * interim
        level = (plan.harm_alpha_percent or plan.alpha_percent) / 100
        upper = upper_at(plan.analyses_percent, plan.harm, 1, level)
        return tuple(-float(z) for z in upper[:interim])

    def pair(self, arm: str, hypothesis: int = 0) -> DesignFile:
        """Return the trial of one treatment and the control, with one hypothesis, as two arms."""
        fixed = self.risks_percent
        risks = fixed and {
            "control_percent": fixed[self.names[0]], "treated_percent": fixed[arm]
        }  # fmt: skip
        arms = self.arms and {"control": self.arms[self.names[0]], "treated": self.arms[arm]}
        rule = self.randomisation.model_copy(update={"block_sizes": ()})
        return DesignFile.model_validate({
            "id": self.id, "title": self.title, "question": self.question,
            "participants": self.participants, "scenario": self.scenario, "risks": risks,
            "arms": arms, "factors": self.factors, "sites": self.sites,
            "site_sd": self.site_sd, "calendar_trend": self.calendar_trend, "randomisation": rule,
            "endpoint": self.endpoints[hypothesis], "analysis": self.methods[hypothesis],
        })  # fmt: skip


def is_multi_arm(fields: Any) -> bool:
    """Return whether the fields of a design file are those of a trial with several arms."""
    if not isinstance(fields, dict):
        return False
    own = {"risks_percent", "testing", "dropping", "factorial", "control", "allocation_changes",
           "adaptive_allocation", "power_of", "eligibility", "enrichment"}  # fmt: skip
    arms = fields.get("arms")
    named = isinstance(arms, dict) and bool(set(arms) - {"control", "treated"})
    return bool(own & set(fields)) or named


def parse_multi_arm(text: str, where: str) -> MultiArmDesign:
    """Read a design from the text of its file; ``where`` is for messages.

    Raises
    ------
    InputError
        All faults of the file at once, then boundaries that cannot be.
    """
    design = parse_document(text, MultiArmDesign, where=where)
    if "dunnett" in design.testing.procedure and len(design.rates) > max(NODES):
        problem = f"{len(design.rates)} analyses are too many for Dunnett's test"
        cure = f"plan at most {max(NODES)}, or choose holm"
        raise InputError.of(where, "monitoring.analyses_percent", problem, cure)
    design.analyses_at(design.participants)
    design.harm_z()
    if design.combination() is None:
        _ = design.tests
    for arm in design.treatments:
        design.pair(arm)
    if design.prior is not None:
        check_named_prior(design.prior, where)
    return design
