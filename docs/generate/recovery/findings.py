"""What numbers of a mechanism mean, from more tables than those of the page."""

#: By mechanism.
FINDINGS = {
    "three-arms": """\
The bias of the odds ratio of hCG and FSH is that of maximum likelihood in small samples, which to
first order is +0.0195 with 300 patients and +0.0049 with 1,200 (Cordeiro GM, McCullagh P. *J R Stat
Soc B* 1991;53:629-43): 16,000 tables of each (`--replicates 16000`, `--patients 1200`) gave +0.0209
(0.0025) and +0.0050 (0.0012).
""",
}
