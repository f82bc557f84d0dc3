"""Multiple myeloma: codebook, endpoints and staging systems by name."""

from __future__ import annotations

from collections.abc import Mapping

from cohorts.diseases.declaring import (
    AGE,
    OS_EVENT,
    OS_MONTHS,
    SEX,
    codebook,
    event,
    group,
    identity,
    later,
    months,
    number,
    ordered,
    present,
    text,
)
from cohorts.diseases.myeloma_staging import (
    EBMT_ER,
    HIGH_RISK_CYTOGENETICS,
    IMS_2025,
    ISS,
    R2_ISS,
    R_ISS,
    RW_ISS,
    S_ERMM,
)
from cohorts.endpoint import Competing, Endpoint, TimeToEvent
from cohorts.staging import StagingSystem

__all__ = [
    "CODEBOOK",
    "EBMT_ER",
    "ENDPOINTS",
    "HIGH_RISK_CYTOGENETICS",
    "IMS_2025",
    "ISS",
    "R2_ISS",
    "RW_ISS",
    "R_ISS",
    "STAGES",
    "S_ERMM",
]

CODEBOOK = codebook(
    identity(),
    AGE,
    SEX,
    group("isotype", "Isotype", "免疫球蛋白类型", ("IgG", "IgA", "light chain", "other")),
    group("light_chain", "Light chain", "轻链类型", ("kappa", "lambda")),
    ordered("ecog", "ECOG performance status", "ECOG体能状态", ("0", "1", "2", "3", "4")),
    number("karnofsky_percent", "Karnofsky performance status", "Karnofsky评分", "%", (0, 100)),
    number("b2m_mg_l", "β2-microglobulin", "β2微球蛋白", "mg/L", (0.2, 200), (0.8, 60)),
    number("albumin_g_dl", "Albumin", "白蛋白", "g/dL", (0.5, 7.5), (1.5, 5.5)),
    number("ldh_u_l", "Lactate dehydrogenase", "乳酸脱氢酶", "U/L", (10, 20000), (60, 2000)),
    number("ldh_limit_u_l", "Lactate dehydrogenase, upper limit of normal", "乳酸脱氢酶正常上限", "U/L", (100, 700)),
    number("creatinine_mg_dl", "Creatinine", "肌酐", "mg/dL", (0.1, 30), (0.3, 15)),
    number("calcium_mg_dl", "Calcium", "血钙", "mg/dL", (4, 25), (6.5, 17)),
    number("haemoglobin_g_dl", "Haemoglobin", "血红蛋白", "g/dL", (2, 25), (4, 19)),
    number("plasma_cells_percent", "Bone marrow plasma cells", "骨髓浆细胞比例", "%", (0, 100)),
    text("karyotype", "Karyotype", "染色体核型"),
    text("fish", "FISH", "荧光原位杂交"),
    present("t_4_14", "t(4;14)", "t(4;14)易位"),
    present("t_6_14", "t(6;14)", "t(6;14)易位"),
    present("t_11_14", "t(11;14)", "t(11;14)易位"),
    present("t_14_16", "t(14;16)", "t(14;16)易位"),
    present("t_14_20", "t(14;20)", "t(14;20)易位"),
    present("del17p", "Deletion of 17p13 (TP53)", "17p13缺失（TP53）"),
    number("del17p_fraction_percent", "Cells with deletion of 17p", "17p缺失细胞比例", "%", (0, 100)),
    present("tp53_mutation", "TP53 mutation", "TP53突变"),
    present("del1p32", "Deletion of 1p32 (CDKN2C)", "1p32缺失（CDKN2C）"),
    present("del1p32_biallelic", "Biallelic deletion of 1p32", "1p32双等位基因缺失"),
    present("gain_1q21", "Gain of 1q21, at least 3 copies", "1q21获得（至少3个拷贝）"),
    present("amp_1q21", "Amplification of 1q21, at least 4 copies", "1q21扩增（至少4个拷贝）"),
    present("del13q", "Deletion of 13q", "13q缺失"),
    present("hyperdiploid", "Hyperdiploidy", "超二倍体"),
    ordered("iss", "International Staging System, as recorded", "国际分期系统（记录）", ("I", "II", "III")),
    later(group("first_line", "First-line regimen", "一线方案", ("PI and IMiD", "PI", "IMiD", "anti-CD38", "other"))),
    later(present("autologous_transplant", "Autologous transplant", "自体移植")),
    later(
        ordered(
            "response_at_transplant", "Response at transplant", "移植时疗效", ("CR", "VGPR", "PR", "MR", "SD", "PD")
        )
    ),
    later(ordered("best_response", "Best response", "最佳疗效", ("CR", "VGPR", "PR", "MR", "SD", "PD"))),
    months("pfs_months", "Progression-free survival", "无进展生存期"),
    event("pfs_event", "Progression or death", "进展或死亡"),
    event("first_event", "Progression (1) or death before it (2)", "进展（1）或进展前死亡（2）", competing=True),
    OS_MONTHS,
    OS_EVENT,
)

_ORIGIN = "start of first-line therapy"
ENDPOINTS: Mapping[str, Endpoint] = {
    "pfs": TimeToEvent(
        "pfs", time="pfs_months", event="pfs_event", unit="months", origin=_ORIGIN, horizons=(12, 24, 36, 60),
        definition="Time from the start of first-line therapy to progression by the IMWG or death from any cause, "
        "whichever comes first.",
    ),
    "os": TimeToEvent(
        "os", time="os_months", event="os_event", unit="months", origin=_ORIGIN, horizons=(12, 24, 36, 60),
        definition="Time from the start of first-line therapy to death from any cause.",
    ),
    "early_relapse": Competing(
        "early_relapse", time="pfs_months", event="first_event", unit="months", origin=_ORIGIN, horizons=(12, 18, 24),
        event_values={"censored": 0, "event": 1, "competing": (2,)},
        definition="Progression within 12, 18 or 24 months of the start of therapy; death before it competes.",
    ),
}  # fmt: skip

STAGES: Mapping[str, StagingSystem] = {
    each.name: each for each in (ISS, R_ISS, R2_ISS, RW_ISS, EBMT_ER, IMS_2025, S_ERMM, HIGH_RISK_CYTOGENETICS)
}
