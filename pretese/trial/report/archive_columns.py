"""Chapter of the page of a power study on its archive: what the columns of the raw table hold."""

import re
from collections.abc import Mapping

from pretese.trial.report.chapters import Rows

#: What the columns of the file of all trials hold; names may go on with ``_1``, ``_2``, ...
DICTIONARY: Mapping[str, str] = {
    "men": "men planned, both arms",
    "effect_percent": "percent of the planned effect",
    "trial": "number of the trial, from 0: with seed and design it can be drawn again",
    "look": "look at which it ended, from 1",
    "rejected": "1 if it rejected, in either direction",
    "z": "test statistic at the end, positive in favour of treatment",
    "estimate": "estimate at the end; logarithm for a ratio; empty without an answer",
    "std_error": "its standard error",
    "conf_low": "lower limit of its 95 % interval",
    "conf_high": "upper limit",
    "p_value": "p-value, as of a fixed trial",
    "median_unbiased": "median-unbiased estimate, which knows of the looks",
    "final": "limits of its final 95 % interval, by the stagewise ordering",
    "full_men": "men at the last look as decided by the end",
    "analysed": "men in the last analysis",
    "recruited": "men recruited by the end",
    "exposed": "of them randomised to treatment",
    "months": "from the opening to the last analysis; 12 months are a year",
    "risk_control": "share of all planned men (or the population) who would succeed under control",
    "risk_treated": "the same under treatment",
    "target": "true effect among the men of this trial (or the population), a risk difference",
    "guessed": "share of arms that an investigator guesses",
    "imbalance": "men by which the arms differ at full size",
    "given_truth": "true conditional log odds ratio, the same for all trials; empty if marginal",
    "given_truth_mcse": "its Monte Carlo standard error",
    "endpoint": "the same of each of several endpoints, the primary first",
    "endpoint_path": "statistics of all endpoints, look after look, as if no trial had stopped",
    "endpoint_path_without": "the same of the same men without any effect",
}


def dictionary_rows(columns: list[str]) -> Rows:
    """Return the columns of the file of all trials with their meaning."""
    stems = [re.sub(r"_\d+$", "", name) for name in columns]
    known = [stem if stem in DICTIONARY else stem.partition("_")[0] for stem in stems]
    return [(name, DICTIONARY[stem]) for name, stem in zip(columns, known, strict=True)]
