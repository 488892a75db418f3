"""Run an analysis method with the kind of standard errors that the plan chooses."""

from estimate.methods.bootstrap import bootstrapped
from estimate.methods.method import Method
from estimate.methods.shared_work import Answers, Work


def run_method(method: Method, work: Work) -> Answers:
    """Return the answers of a method on data sets with any leading axes.

    Raises
    ------
    ValueError
        It is a method only of trials, which `pretese.trial.simulation.arm_comparison` computes.
    """
    if method.run is None:
        raise ValueError(f"{method.name} is a method of trials")
    if work.choices.errors.get(method.name) == "bootstrap":
        return bootstrapped(method.run, work, work.choices.samples, work.choices.seed)
    return method.run(work)
