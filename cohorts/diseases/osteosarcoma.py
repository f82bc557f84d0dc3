"""Osteosarcoma: codebook, endpoints and staging systems by name."""

from __future__ import annotations

from collections.abc import Mapping

from cohorts.diseases.bone_sarcoma import ENDPOINTS as SARCOMA
from cohorts.diseases.bone_sarcoma import EXTENT, FOLLOW_UP, PATIENT, STAGES, TREATMENT
from cohorts.diseases.bone_staging import ajcc, ajcc_t, enneking_malignant
from cohorts.diseases.declaring import codebook, event, group, later, months, number, ordered, present
from cohorts.endpoint import Endpoint, TimeToEvent

__all__ = ["CODEBOOK", "ENDPOINTS", "STAGES", "ajcc", "ajcc_t", "enneking_malignant"]

CODEBOOK = codebook(
    *PATIENT,
    group(
        "histology", "Histology", "组织学类型",
        ("conventional", "telangiectatic", "small cell", "surface", "other"),
    ),
    group("site", "Site", "部位", ("extremity", "axial", "spine", "pelvis", "trunk", "craniofacial")),
    ordered("grade", "Grade (three tiers)", "分级（三级）", ("G1", "G2", "G3")),
    number("alp_u_l", "Alkaline phosphatase", "碱性磷酸酶", "U/L", (5, 20000)),
    number("ldh_u_l", "Lactate dehydrogenase", "乳酸脱氢酶", "U/L", (10, 20000)),
    present("pathological_fracture", "Pathological fracture", "病理性骨折"),
    *EXTENT,
    *TREATMENT,
    later(number("necrosis_percent", "Necrosis after chemotherapy", "化疗后坏死率", "%", (0, 100))),
    *FOLLOW_UP,
    months("efs_months", "Event-free survival", "无事件生存期"),
    event("efs_event", "Recurrence, metastasis, progression or death", "复发、转移、进展或死亡"),
)  # fmt: skip

ENDPOINTS: Mapping[str, Endpoint] = {
    **SARCOMA,
    "efs": TimeToEvent(
        "efs", time="efs_months", event="efs_event", unit="months", origin="diagnosis", horizons=(12, 36, 60),
        definition="Time from diagnosis to local recurrence, metastasis, progression, second malignancy or death.",
    ),
}  # fmt: skip
