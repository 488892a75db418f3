"""Data dictionary of the file of replicates, for the report."""

import re
from collections.abc import Mapping

from pretese.trial.report.design_words import Rows

#: Meaning of the columns of the file of replicates; names may continue with ``_1``, ``_2``, ...
DICTIONARY: Mapping[str, str] = {
    "participants": "planned sample size, all arms",
    "effect_percent": "percentage of the planned effect",
    "trial": "replicate number, from 0; seed, design and number reproduce the trial",
    "analysis": "analysis at which the trial ended, from 1",
    "rejected": "1 if the null hypothesis was rejected, in either direction",
    "z": "test statistic at the end, positive in favour of treatment",
    "estimate": "estimate at the end; logarithm for a ratio; empty without convergence",
    "std_error": "its standard error",
    "conf_low": "lower limit of its 95 % interval",
    "conf_high": "upper limit of its 95 % interval",
    "p_value": "p-value of a fixed-sample trial",
    "median_unbiased": "median-unbiased estimate, adjusted for interim analyses",
    "final": "limits of the final 95 % interval by the stagewise ordering",
    "final_size": "sample size of the final analysis, after re-estimation",
    "analysed": "participants in the last analysis",
    "recruited": "participants recruited by the end",
    "n_experimental": "participants randomised to treatment",
    "months": "months from the opening of the trial to the last analysis",
    "risk_control": "event rate under control in the participants (or the population)",
    "risk_treated": "event rate under treatment in the participants (or the population)",
    "target": "true effect in the participants (or the population), a risk difference",
    "correct_guess_rate": "proportion of allocations that an investigator guesses correctly",
    "site_guess_rate": "the same proportion for observers who see one site each",
    "stratum_guess_rate": "the same proportion for observers who see one stratum each",
    "factor_imbalance": "largest difference in arm sizes within a level of each factor",
    "imbalance": "difference in arm sizes at full sample size, in rounds of the allocation",
    "crossed": "boundary crossed at an interim analysis: 1 efficacy, -1 futility or harm, 0 none",
    "interim_z": "statistic of the analysis that stopped recruitment",
    "awaited": "participants awaited when recruitment stopped",
    "subgroup_counts": "successes and participants by subgroup, members and others, control and "
    "treated, in this order, the last varying fastest",
    "subgroup_counts_without": "the same without any effect",
    "subgroup_risks": "true risk under control and treatment and share of the participants, by "
    "subgroup, members and others",
    "unadjusted_rejection": "1 or -1 if the unadjusted test rejects for or against treatment",
    "given_truth": "true conditional log odds ratio, equal for all replicates; empty if marginal",
    "given_truth_mcse": "its Monte Carlo standard error",
    "endpoint": "the same for every endpoint, the primary first",
    "endpoint_path": "statistics of all endpoints at every analysis, without stopping",
    "endpoint_path_without": "the same statistics without any effect",
    "endpoint_path_null_size": "statistics with the sizes re-estimated without any effect",
    "endpoint_path_without_planned_size": "statistics without any effect, sizes with the effect",
}


def dictionary_rows(columns: list[str]) -> Rows:
    """Return the columns of the file of replicates with their meaning."""
    stems = [re.sub(r"_\d+$", "", name) for name in columns]
    known = [stem if stem in DICTIONARY else stem.partition("_")[0] for stem in stems]
    return [(name, DICTIONARY[stem]) for name, stem in zip(columns, known, strict=True)]
