"""Our tasks, under names that exist in this commit and the one it is compared with.

Run as a script: PYTHONPATH decides which commit is measured.
"""

import importlib
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import sizes  # noqa: E402  beside this file, whichever commit is measured
from served import serve  # noqa: E402

Work = Callable[[], object]


def _of(module: str, *names: str) -> object:
    """Return a function from the first of its modules that exists in this commit."""
    for place in (module, *names[:-1]):
        try:
            return getattr(importlib.import_module(place), names[-1])
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"{names[-1]} is not in this commit")


def _compiled(work: Work) -> Work:
    """Run a task with compiled kernels, if the commit has them."""
    try:
        from estimate.compiled.switch import compiled_kernels
        from simulate.core.random_streams import compiled_streams
    except ImportError:
        return work

    def run() -> object:
        with ExitStack() as stack:
            for switch in (compiled_kernels, compiled_streams):
                stack.enter_context(switch(True))
            return work()

    return run


def logistic() -> Work:
    from estimate.regression.logistic import fit_logistic

    design, y = sizes.logistic_data()
    return _compiled(lambda: fit_logistic(design, y))


def fitted() -> Work:
    from scipy.special import expit

    from estimate.regression.logistic import fit_logistic
    from simulate.core.random_streams import RandomStreams

    def work() -> object:
        streams = RandomStreams(1, sizes.PARTICIPANTS, sizes.TRIALS)
        normals = streams.normal("covariates", width=len(sizes.TRUE) - 2)
        # participants along the last axis, as `fit_logistic` reads them best
        columns = np.empty((sizes.TRIALS, len(sizes.TRUE), sizes.PARTICIPANTS))
        columns[:, 0] = 1
        columns[:, 1] = streams.uniform("arm") < 0.5
        columns[:, 2:] = normals.swapaxes(1, 2)
        outcome = streams.uniform("outcome") < expit(sizes.TRUE @ columns)
        return fit_logistic(columns.swapaxes(1, 2), outcome).coef

    return _compiled(work)


def normals() -> Work:
    from simulate.core.random_streams import RandomStreams

    streams = RandomStreams(1, 60, 2000)
    return _compiled(lambda: streams.normal("x"))


def cohort() -> Work:
    from simulate.cohort.draw import draw_cohort
    from simulate.scenario.load import load_scenario

    scenario = load_scenario("paper")
    return _compiled(lambda: draw_cohort(scenario, 1, replicates=sizes.STUDIES))


def _design(name: str) -> object:
    readers = ("pretese.trial.design.design_reader", "pretese.trial.design.design_file")
    return _of(*readers, "read_design")(_of(*readers, "design_path")(name))[0]


def _trials(name: str) -> Work:
    from pretese.trial.conduct.participants import scenario_of
    from pretese.trial.simulation.engine import draw_block

    design = _design(name)
    scenario, points = scenario_of(design), ((sizes.PARTICIPANTS, 1.0),)
    return _compiled(
        lambda: draw_block(design, scenario, 1, points, 0, sizes.SCENARIO_TRIALS, True)
    )


def counts() -> Work:
    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.simulation.engine import simulate_design
    from protocol.reading.documents import validate

    design = validate(sizes.THREE_ANALYSES, DesignFile, "benchmark")
    return lambda: simulate_design(design, None, [(360, 1.0)], seed=1, replicates=sizes.COUNTED)


def curve() -> Work:
    from pretese.trial.conduct.participants import scenario_of
    from pretese.trial.power.runner import Runner

    try:
        from pretese.trial.power.power_curve import chosen_sizes, power_curve
    except ImportError:
        chosen_sizes = power_curve = None
    store = _of("pretese.jobs.storage.blocks", "pretese.jobs.blocks", "Store")
    design = _design("minimisation-eight-sites")
    few = chosen_sizes(sizes.CURVE) if chosen_sizes else list(sizes.CURVE)
    points = [(participants, 1.0) for participants in few]

    def work() -> object:
        with TemporaryDirectory() as folder:
            runner = Runner(store(Path(folder), lasting=False), None, lambda *a, **k: None)
            found = runner.simulate(
                design, scenario_of(design), points, seed=1, replicates=sizes.CURVE_TRIALS
            )
            if power_curve is None:
                return [found[point].rejected.mean() for point in points]
            return power_curve(found, few, sorted({*sizes.CURVE} - {*few}))

    return _compiled(work)


def clinic() -> Work:
    from simulate.clinic.flow.run_clinic import run_clinic
    from simulate.clinic.records.event_log import event_log
    from simulate.clinic.setup.clinic_file import Clinic
    from simulate.scenario.load import load_scenario
    from simulate.scenario.parameter_paths import with_values

    small = Clinic.model_validate(sizes.SMALL_CLINIC)
    untreated = with_values(load_scenario("paper"), {"choice.intercept": -60}, "benchmark")
    return lambda: event_log(run_clinic(small, untreated, 1, patients=sizes.CLINIC_PATIENTS))


def fisher() -> Work:
    modules = ("estimate.comparison.exact.fisher", "estimate.comparison.fisher")
    exact = _of(*modules, "fisher_exact")
    return lambda: exact(sizes.FISHER_TABLE)


def imputation() -> Work:
    from estimate.imputation.chain import Column, impute

    patients = sizes.incomplete_patients()
    columns = [Column(name) for name in patients]
    return lambda: impute(
        patients, columns, np.random.default_rng(1), imputations=sizes.IMPUTATIONS,
        iterations=sizes.ITERATIONS,
    )  # fmt: skip


def tables() -> Work:
    from simulate.cohort.draw import draw_cohort
    from simulate.scenario.load import load_scenario
    from simulate.tables.study_tables import tables as write

    cohort = draw_cohort(load_scenario("paper"), 1)
    return lambda: write(cohort)


WORKS: dict[str, Callable[[], Work]] = {
    "logistic": logistic,
    "fitted": fitted,
    "normals": normals,
    "cohort": cohort,
    "tables": tables,
    "score": lambda: _trials("superiority-any-sperm"),
    "adjusted": lambda: _trials("minimisation-eight-sites"),
    "curve": curve,
    "counts": counts,
    "clinic": clinic,
    "fisher": fisher,
    "imputation": imputation,
}


if __name__ == "__main__":
    serve(WORKS)
