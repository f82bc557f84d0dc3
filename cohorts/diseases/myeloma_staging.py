"""Stages and scores of newly diagnosed multiple myeloma; which value belongs to which side is said at every cut-off."""

from __future__ import annotations

from collections.abc import Mapping

from cohorts.staging import AboveNormal, Category, Cut, Derived, Measured, Presence, StagingSystem
from cohorts.staging.system import Classes, Verdict

# B2M: 11.8 kDa, so that 1 mg/L = 84.75 nmol/L; creatinine: 113.1 g/mol, 1 mg/dL = 88.4 umol/L.
B2M_UNITS = {"mg/L": 1.0, "ug/mL": 1.0, "nmol/L": 84.75}
ALBUMIN_UNITS = {"g/dL": 1.0, "g/L": 10.0}
CREATININE_UNITS = {"mg/dL": 1.0, "umol/L": 88.4}
I_TO_III = ("I", "II", "III")
I_TO_IV = ("I", "II", "III", "IV")
ROMAN = {"1": "I", "2": "II", "3": "III", "stagei": "I", "stageii": "II", "stageiii": "III"}
STAGED = {"en": "stage", "zh": "分期"}

B2M = Measured("b2m", "b2m_mg_l", (Cut(3.5), Cut(5.5)), ("low", "middle", "high"), (0.2, 200), B2M_UNITS)
ALBUMIN = Measured("albumin", "albumin_g_dl", (Cut(3.5),), ("low", "normal"), (0.5, 7.5), ALBUMIN_UNITS)
LDH = AboveNormal("ldh", "ldh_u_l")
DEL17P = Presence("del17p", "del17p")
T_4_14 = Presence("t_4_14", "t_4_14")
T_14_16 = Presence("t_14_16", "t_14_16")
T_14_20 = Presence("t_14_20", "t_14_20")
GAIN_1Q = Presence("gain_1q", "gain_1q21")
HIGH, PRESENT = "high", "present"


def _label(en: str, zh: str) -> Mapping[str, str]:
    return {"en": en, "zh": zh}


def _by_points(points: float, tops: Mapping[str, float]) -> str:
    """Return the first stage whose highest number of points is not exceeded."""
    return next(stage for stage, top in tops.items() if points <= top)


def _iss(of: Classes) -> Verdict:
    if of["b2m"] == HIGH:
        return "III"
    return "I" if of["b2m"] == "low" and of["albumin"] == "normal" else "II"


ISS = StagingSystem(
    "iss",
    _label("International Staging System", "国际分期系统（ISS）"),
    I_TO_III,
    (B2M, ALBUMIN),
    _iss,
    "Greipp et al., J Clin Oncol 2005: I B2M < 3.5 mg/L and albumin >= 3.5 g/dL; III B2M >= 5.5 mg/L; II otherwise",
)
_ISS = Derived(ISS, Category("iss", "iss", I_TO_III, ROMAN))


def _any_present(of: Classes) -> Verdict:
    return PRESENT if PRESENT in of.values() else "absent"


HIGH_RISK_CYTOGENETICS = StagingSystem(
    "high_risk_cytogenetics",
    _label("High-risk cytogenetics (R-ISS)", "高危细胞遗传学（R-ISS）"),
    ("absent", PRESENT),
    (DEL17P, T_4_14, T_14_16),
    _any_present,
    "Palumbo et al., J Clin Oncol 2015: del(17p), t(4;14) or t(14;16) by FISH",
)


def _r_iss(of: Classes) -> Verdict:
    bad = of["high_risk_cytogenetics"] == PRESENT or of["ldh"] == "above"
    if of["iss"] == "I" and not bad:
        return "I"
    return "III" if of["iss"] == "III" and bad else "II"


R_ISS = StagingSystem(
    "r_iss",
    _label("Revised International Staging System", "修订国际分期系统（R-ISS）"),
    I_TO_III,
    (
        _ISS,
        Derived(HIGH_RISK_CYTOGENETICS, Presence("high_risk_cytogenetics", "high_risk_cytogenetics")),
        LDH,
    ),
    _r_iss,
    "Palumbo et al., J Clin Oncol 2015: I ISS I without high-risk cytogenetics and LDH not above normal; "
    "III ISS III with either; II otherwise",
)


def _r2_iss(of: Classes) -> Verdict:
    points = {"I": 0, "II": 1, "III": 1.5}[of["iss"]]
    points += (of["del17p"] == PRESENT) + (of["ldh"] == "above") + (of["t_4_14"] == PRESENT)
    points += 0.5 * (of["gain_1q"] == PRESENT)
    return _by_points(points, {"I": 0, "II": 1, "III": 2.5, "IV": 5})


R2_ISS = StagingSystem(
    "r2_iss",
    _label("Second revision of the International Staging System", "第二次修订国际分期系统（R2-ISS）"),
    I_TO_IV,
    (_ISS, DEL17P, LDH, T_4_14, GAIN_1Q),
    _r2_iss,
    "D'Agostino et al., J Clin Oncol 2022: ISS III 1.5, ISS II 1, del(17p) 1, LDH above normal 1, t(4;14) 1, 1q+ "
    "(3 copies or more) 0.5; I 0, II 0.5-1, III 1.5-2.5, IV 3-5",
)


def _rw_iss(of: Classes) -> Verdict:
    points = {"0": 0.0, "1": 1.0, "2 or more": 2.0}[of["ecog"]] + {"I": 0, "II": 0.5, "III": 1}[of["iss"]]
    points += 2 * (of["age"] == "above 70") + (of["t_14_16"] == PRESENT)
    points += 0.5 * (of["ldh"] == "above") + 0.5 * (of["del17p"] == PRESENT)
    return _by_points(points, {"I": 2, "II": 3, "III": 4.5, "IV": 7})


RW_ISS = StagingSystem(
    "rw_iss",
    _label("Real-world International Staging System", "真实世界国际分期系统（RW-ISS）"),
    I_TO_IV,
    (
        Measured("age", "age", (Cut(70, "above"),), ("up to 70", "above 70"), (15, 120), {"years": 1.0}),
        Category("ecog", "ecog", ("0", "1", "2 or more"), dict.fromkeys("2345", "2 or more")),
        T_14_16, _ISS, LDH, DEL17P,
    ),
    _rw_iss,
    "RW-ISS: age > 70 2, performance status > 1 2 (1: 1), t(14;16) 1, ISS III 1 (II 0.5), LDH above normal 0.5, "
    "del(17p) 0.5; I 0-2, II 2.5-3, III 3.5-4.5, IV 5-7",
)  # fmt: skip


def _ebmt_er(of: Classes) -> Verdict:
    points = {"I": 0, "II": 1, "III": 2}[of["iss"]] + {"CR-VGPR": 0, "PR": 1, "SD-MR": 2, "PD": 4}[of["response"]]
    points += of["karnofsky"] == "up to 70"
    return str(points) if points < 4 else "4+"


EBMT_ER = StagingSystem(
    "ebmt_er",
    _label("EBMT early relapse score", "EBMT早期复发评分"),
    ("0", "1", "2", "3", "4+"),
    (
        _ISS,
        Category("response", "response_at_transplant", ("CR-VGPR", "PR", "SD-MR", "PD"), {
            **dict.fromkeys(("scr", "cr", "ncr", "vgpr"), "CR-VGPR"), **dict.fromkeys(("sd", "mr"), "SD-MR"),
            **dict.fromkeys(("relapse", "progression"), "PD"),
        }),
        Measured("karnofsky", "karnofsky_percent", (Cut(70, "above"),), ("up to 70", "above 70"), (0, 100),
                 {"%": 1.0, "points": 1.0}, least_maximum=20),
    ),
    _ebmt_er,
    "EBMT early relapse (12 months after autologous transplant): ISS I 0, II 1, III 2; CR or VGPR 0, PR 1, SD or MR 2, "
    "relapse or progression 4; Karnofsky <= 70 1",
)  # fmt: skip


DEL17P_FRACTION = StagingSystem(
    "del17p",
    _label("del(17p) above the clonal fraction", "del(17p)（克隆比例高于界值）"),
    ("absent", PRESENT),
    (
        Measured(
            "del17p_fraction", "del17p_fraction_percent", (Cut(20, "above"),), ("absent", PRESENT), (0, 100),
            {"%": 1.0, "fraction": 0.01}, least_maximum=1.5,
        ),
    ),
    lambda of: of["del17p_fraction"],
    "IMS/IMWG 2025: more than 20 % of the cells; one summary prints 20 % or more: with_cuts(del17p_fraction=Cut(20))",
)  # fmt: skip


def _ims_2025(of: Classes) -> Verdict:
    lost_1p = {(False, False): "none", (True, False): "one", (True, True): "both"}.get(
        (of["del1p32"] == PRESENT, of["del1p32_biallelic"] == PRESENT)
    )
    if lost_1p is None:
        return ()
    gained = of["gain_1q"] == PRESENT
    translocated = PRESENT in (of["t_4_14"], of["t_14_16"], of["t_14_20"])
    high = (
        PRESENT in (of["del17p"], of["tp53_mutation"])
        or (translocated and (gained or lost_1p != "none"))
        or (lost_1p == "one" and gained)
        or lost_1p == "both"
        or (of["b2m"] == HIGH and of["creatinine"] == "low")
    )
    return HIGH if high else "standard"


IMS_2025 = StagingSystem(
    "ims_2025",
    _label("High risk by IMS/IMWG 2025", "IMS/IMWG 2025高危"),
    ("standard", HIGH),
    (
        Derived(DEL17P_FRACTION, DEL17P),
        Presence("tp53_mutation", "tp53_mutation"),
        T_4_14, T_14_16, T_14_20, GAIN_1Q,
        Presence("del1p32", "del1p32"),
        Presence("del1p32_biallelic", "del1p32_biallelic"),
        Measured("b2m", "b2m_mg_l", (Cut(5.5),), ("low", HIGH), (0.2, 200), B2M_UNITS),
        Measured("creatinine", "creatinine_mg_dl", (Cut(1.2),), ("low", "high"), (0.1, 30), CREATININE_UNITS),
    ),
    _ims_2025,
    "IMS/IMWG 2025, any of: del(17p) in more than 20 % of the cells or TP53 mutation; t(4;14), t(14;16) or t(14;20) "
    "with 1q+ or del(1p32); monoallelic del(1p32) with 1q+, or biallelic del(1p32); B2M >= 5.5 mg/L with creatinine "
    "< 1.2 mg/dL",
)  # fmt: skip


def _s_ermm(of: Classes) -> Verdict:
    points = 5 * (of["ldh"] == "above") + 5 * (of["t_4_14"] == PRESENT) + 3 * (of["del17p"] == PRESENT)
    points += (
        3 * (of["albumin"] == "low") + 3 * (of["plasma_cells"] == "above 60") + 2 * (of["light_chain"] == "lambda")
    )
    return str(points)


S_ERMM = StagingSystem(
    "s_ermm",
    _label("Simplified early relapse score (S-ERMM)", "简化早期复发评分（S-ERMM）"),
    tuple(map(str, sorted({5 * a + 3 * b + 2 * c for a in range(3) for b in range(4) for c in range(2)}))),
    (
        LDH, T_4_14, DEL17P, ALBUMIN,
        Measured("plasma_cells", "plasma_cells_percent", (Cut(60, "above"),), ("up to 60", "above 60"), (0, 100),
                 {"%": 1.0, "fraction": 0.01}, least_maximum=1.5),
        Category("light_chain", "light_chain", ("kappa", "lambda"), {"κ": "kappa", "λ": "lambda"}),
    ),
    _s_ermm,
    "Zaccaria et al., Clin Cancer Res 2021: LDH above normal 5, t(4;14) 5, del(17p) 3, abnormal albumin 3, marrow "
    "plasma cells > 60 % 3, lambda light chain 2. Abnormal albumin is < 3.5 g/dL here [chosen, as in the ISS]; the "
    "cut-offs of the three groups were not seen: points only",
    numeric=True,
)  # fmt: skip
