"""The declared truth of the myeloma simulator: prevalences, hazard ratios, levels, each with its source."""

from __future__ import annotations

from cohorts.simulation.effects import Effect
from cohorts.simulation.times import Weibull

_CALIBRATED = "chosen (set with the others so that the true predictor has a C of .62)"
_SMALL = "chosen (small; weak prior of metaphase studies)"

# Immunoglobulin heavy chain translocations exclude each other; from the low to the high end of tumour burden.
IGH = {
    "t_11_14": 0.17,
    "none": 0.598,
    "other_igh": 0.04,
    "t_6_14": 0.02,
    "t_14_20": 0.012,
    "t_14_16": 0.035,
    "t_4_14": 0.125,
}
SHARES = {"gain_1q21": 0.40, "amp_1q21": 0.10, "del17p": 0.10, "del1p32": 0.10, "del13q": 0.47, "ldh_high": 0.14}
HYPERDIPLOID = {"none": 0.70, "translocated": 0.20}
DIVIDING = 0.30
# Of the patients whose plasma cells divide.
METAPHASE = {"gain_2": 0.06, "loss_16": 0.08, "loss_21": 0.06, "del12p": 0.06, "del6q": 0.08}
ODD = {
    "gain_9": 0.95,
    "gain_15": 0.92,
    "gain_19": 0.90,
    "gain_5": 0.88,
    "gain_3": 0.85,
    "gain_11": 0.80,
    "gain_21": 0.60,
    "gain_7": 0.50,
}
GAIN_1_OF_GAINED = 0.12
LOSS_13_OF_DELETED = 0.60

_SEEDS = (
    ("gain_1", 1.30),
    ("gain_2", 1.20),
    ("gain_7", 1.15),
    ("loss_13", 1.20),
    ("loss_16", 1.30),
    ("loss_21", 1.20),
    ("del12p", 1.30),
    ("del6q", 1.20),
)

PFS = (
    Effect("pfs", "age", 1.01, _CALIBRATED, 66),
    Effect("pfs", "iss=II", 1.30, _CALIBRATED),
    Effect("pfs", "iss=III", 1.60, _CALIBRATED),
    Effect("pfs", "ldh_high", 1.40, _CALIBRATED),
    Effect("pfs", "t_4_14", 1.45, _CALIBRATED),
    Effect("pfs", "t_14_16", 1.40, _CALIBRATED),
    Effect("pfs", "t_14_20", 1.40, _CALIBRATED),
    Effect("pfs", "t_11_14", 1.23, "seen: Lakshman 2018, medians 23.0 and 28.3 months"),
    Effect("pfs", "gain_1q21", 1.50, "seen: Weinhold 2021, three copies against two"),
    Effect("pfs", "amp_1q21", 1.65 / 1.50, "seen: Weinhold 2021, four copies or more (1.65) over three (1.50)"),
    Effect("pfs", "del17p", 1.60, _CALIBRATED),
    Effect("pfs", "del1p32", 1.30, "seen: Schavgoulidze 2023, adjusted"),
    Effect("pfs", "hyperdiploid", 0.87, _CALIBRATED),
    *(Effect("pfs", term, ratio, _SMALL) for term, ratio in _SEEDS),
)
OS = (
    Effect("os", "age", 1.03, "chosen (1.58 over against under 65 years was seen in 828 patients, ASH 2019)", 66),
    Effect("os", "iss=II", 1.40, "chosen"),
    Effect("os", "iss=III", 1.74, "seen: 828 patients, ASH 2019"),
    Effect("os", "ldh_high", 1.53, "seen: 828 patients, ASH 2019"),
    Effect("os", "t_4_14", 1.60, "seen: Shah 2018"),
    Effect("os", "t_14_16", 1.74, "seen: Shah 2018"),
    Effect("os", "t_14_20", 1.90, "seen: Shah 2018"),
    Effect("os", "t_11_14", 1.39, "seen: Lakshman 2018, medians 74.4 and 103.6 months"),
    Effect("os", "gain_1q21", 1.85, "seen: Weinhold 2021, three copies against two"),
    Effect("os", "amp_1q21", 2.28 / 1.85, "seen: Weinhold 2021, four copies or more (2.28) over three (1.85)"),
    Effect("os", "del17p", 2.10, "seen: Shah 2018"),
    Effect("os", "del1p32", 1.90, "seen: Schavgoulidze 2023, adjusted"),
    Effect("os", "hyperdiploid", 0.87, "chosen"),
    *(Effect("os", term, ratio, _SMALL) for term, ratio in _SEEDS),
)
EFFECTS = (*PFS, *OS)

# [chosen] medians of a patient with every term at its reference; the cohort's are about 32 and 90 months.
PFS_TIME = Weibull(1.15, 54.0)
OS_TIME = Weibull(1.15, 200.0)
HORIZONS = (12, 18, 24, 36, 60)
# Nobody's hazard of death can exceed that of progression or death; the few whose effects would say so are held here.
HIGHEST_RATIO = 0.95
# [chosen] share of the largest ratio that deaths can take among first events.
DEATH_FIRST = 1 / 3
FOLLOW_UP = (12.0, 96.0)
