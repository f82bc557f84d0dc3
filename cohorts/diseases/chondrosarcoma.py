"""Chondrosarcoma: codebook, endpoints and staging systems by name."""

from __future__ import annotations

from cohorts.diseases.bone_sarcoma import ENDPOINTS, EXTENT, FOLLOW_UP, PATIENT, STAGES, TREATMENT
from cohorts.diseases.bone_staging import ajcc, ajcc_t, enneking_malignant
from cohorts.diseases.declaring import codebook, group, ordered, present

__all__ = ["CODEBOOK", "ENDPOINTS", "STAGES", "ajcc", "ajcc_t", "enneking_malignant"]

CODEBOOK = codebook(
    *PATIENT,
    group(
        "histology",
        "Histology",
        "组织学类型",
        ("conventional", "mesenchymal", "clear cell", "periosteal", "other"),
    ),
    present("dedifferentiated", "Dedifferentiated", "去分化"),
    group("site", "Site", "部位", ("extremity", "pelvis", "spine", "thoracic cage", "craniofacial")),
    ordered("grade", "Grade (three tiers)", "分级（三级）", ("I", "II", "III")),
    *EXTENT,
    *TREATMENT,
    *FOLLOW_UP,
)
