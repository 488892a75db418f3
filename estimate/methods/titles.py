"""Titles of methods for figures, where a description does not fit and a code is not understood."""

from estimate.methods.registry import METHODS

#: Title by name of a method, at most `LONGEST` characters.
TITLES: dict[str, str] = {
    "unadjusted": "Unadjusted",
    "risk-ratio": "Unadjusted risk ratio",
    "fisher": "Fisher's exact test",
    "fisher-mid-p": "Fisher's test, mid-p",
    "barnard": "Barnard's exact test",
    "boschloo": "Boschloo's exact test",
    "adjusted": "Logistic regression",
    "gee": "GEE, exchangeable",
    "firth": "Logistic regression, Firth",
    "modified-poisson": "Modified Poisson regression",
    "ps-covariate": "Covariates and propensity score",
    "ps-covariate-alone": "Propensity score as covariate",
    "iptw-ate": "IPTW, ATE",
    "iptw-att": "IPTW, ATT",
    "iptw-atc": "IPTW, ATC",
    "iptw-ato": "Overlap weights, ATO",
    "iptw-atm": "Matching weights, ATM",
    "iptw-ate-naive": "IPTW, weights as counts",
    "iptw-ate-adjusted": "IPTW and covariates",
    "iptw-ato-adjusted": "Overlap weights and covariates",
    "entropy-ate": "Entropy balancing, ATE",
    "entropy-att": "Entropy balancing, ATT",
    "entropy-atc": "Entropy balancing, ATC",
    "matching": "Propensity score matching",
    "matching-adjusted": "Matching and covariates",
    "matching-conditional": "Matching, conditional logistic",
    "matching-treated-largest": "Matching, software default",
    "g-computation": "G-computation, ATE",
    "g-computation-att": "G-computation, ATT",
    "g-computation-atc": "G-computation, ATC",
    "g-computation-randomised": "G-computation, randomised",
    "aipw": "AIPW",
    "tmle": "TMLE",
    "mantel-haenszel": "Mantel-Haenszel",
    "logistic": "Logistic regression",
    "site-robust": "Clustered by site",
    "log-rank": "Log-rank test",
    "cox": "Cox regression",
    "rmst": "Restricted mean time",
    "mixed": "Mixed logistic regression",
}

#: Largest number of characters of a title.
LONGEST = 34


def title_of(name: str) -> str:
    """Return the title of a method; other names are returned as they are.

    Results of one method for several visits or groups have their name after a colon.

    Examples
    --------
    >>> title_of("iptw-ate"), title_of("adjusted: month 3"), title_of("before treatment")
    ('IPTW, ATE', 'Logistic regression: month 3', 'before treatment')
    """
    method, colon, rest = name.partition(":")
    return f"{TITLES.get(method, method)}{colon}{rest}" if method in METHODS else name
