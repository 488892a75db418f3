"""Names shared by the simulator: variables, and diagnoses with their codes."""

#: Baseline variables in the order of the paper's Table 1; the unit is in the name.
BASELINE = (
    "age_years",
    "infertility_duration_years",
    "bmi_kg_m2",
    "testis_volume_ml",
    "lh_iu_l",
    "fsh_iu_l",
    "testosterone_nmol_l",
    "estradiol_pmol_l",
    "prolactin_ng_ml",
)

#: The hormones among them; the paper reports missing values only for these.
HORMONES = BASELINE[4:]

#: The hormones measured at monthly visits.
ASSAYED = ("lh_iu_l", "fsh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l")

#: Cause of non-obstructive azoospermia; a patient's code is the position. The first is the
#: reference.
DIAGNOSES = ("idiopathic", "cryptorchidism", "orchitis", "azfc")

#: The two arms, in the order of their codes (0, 1).
ARMS = ("untreated", "treated")
