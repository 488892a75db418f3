"""Group-sequential trials: boundaries, sample sizes, analysis of a trial that may stop early.

Notation follows Jennison C, Turnbull BW. *Group Sequential Methods with Applications to Clinical
Trials*, 2000 (below: JT): analyses k = 1..K, information I_k, z statistics Z_k with
E(Z_k) = theta * sqrt(I_k) and Cov(Z_j, Z_k) = sqrt(I_j / I_k) for j <= k.
"""
