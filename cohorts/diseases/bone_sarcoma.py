"""What the bone sarcomas share: variables of stage, treatment and follow-up, and their endpoints."""

from __future__ import annotations

from collections.abc import Mapping

from cohorts.diseases.bone_staging import T_CATEGORIES, ajcc, ajcc_t, enneking_malignant
from cohorts.diseases.declaring import (
    AGE,
    OS_EVENT,
    OS_MONTHS,
    SEX,
    count,
    event,
    group,
    identity,
    later,
    months,
    number,
    ordered,
    present,
)
from cohorts.endpoint import Binary, Competing, Endpoint, TimeToEvent
from cohorts.event_codes import Codes
from cohorts.staging import StagingSystem
from cohorts.variable import Variable

PATIENT = (identity(), AGE, SEX)
EXTENT: tuple[Variable, ...] = (
    number("size_cm", "Greatest dimension of the tumour", "肿瘤最大径", "cm", (0.1, 60), (0.5, 35)),
    present("discontinuous_tumour", "Discontinuous tumours in the primary bone", "原发骨内不连续肿瘤"),
    ordered("t_category", "T category", "T分类", T_CATEGORIES),
    group("nodes", "N category", "N分类", ("N0", "N1", "NX")),
    ordered("m_category", "M category", "M分类", ("M0", "M1a", "M1b")),
    present("metastasis_at_diagnosis", "Metastasis at diagnosis, regional or distant", "诊断时转移（区域或远处）"),
    ordered("surgical_grade", "Surgical grade (Enneking)", "外科分级（Enneking）", ("low", "high")),
    group("compartment", "Compartment", "间室", ("intracompartmental", "extracompartmental")),
    count("vertebral_segments", "Vertebral segments", "受累椎节数", (1, 30)),
    present("not_adjacent", "Vertebral segments not adjacent", "受累椎节不相邻"),
    present("spinal_canal", "Extension into the spinal canal", "侵入椎管"),
    present("great_vessels", "Great vessels invaded", "侵犯大血管"),
    count("pelvic_segments", "Pelvic segments", "受累骨盆分区数", (1, 4)),
    present("extraosseous", "Extraosseous extension", "骨外侵犯"),
    present("sacroiliac_joint", "Sacroiliac joint crossed", "跨骶髂关节"),
    present("medial_to_foramen", "Medial to the sacral foramen", "达骶孔内侧"),
    present("pelvic_vessels", "Iliac vessels encased or thrombus", "包绕髂外血管或瘤栓"),
)
TREATMENT: tuple[Variable, ...] = (
    later(present("surgery", "Surgery of the primary tumour", "原发灶手术")),
    later(group("surgery_kind", "Kind of surgery", "手术类型", ("limb-sparing", "amputation", "other"))),
    later(group("margin", "Surgical margin", "手术切缘", ("wide", "marginal", "intralesional"))),
    later(present("chemotherapy", "Chemotherapy", "化疗")),
    later(present("radiotherapy", "Radiotherapy", "放疗")),
)
FOLLOW_UP: tuple[Variable, ...] = (
    present("lung_metastasis_at_diagnosis", "Lung metastasis at diagnosis", "诊断时肺转移"),
    months("follow_up_months", "Time to metastasis during follow-up", "随访中至转移时间"),
    event("follow_up_event", "Metastasis (1) or death before it (2)", "转移（1）或此前死亡（2）", competing=True),
    months("lung_metastasis_months", "Time to lung metastasis", "至肺转移时间"),
    event(
        "lung_metastasis_event",
        "Lung metastasis (1) or death before it (2)",
        "肺转移（1）或此前死亡（2）",
        competing=True,
    ),
    months("recurrence_months", "Time to local recurrence", "至局部复发时间"),
    event(
        "recurrence_event",
        "Local recurrence (1) or death before it (2)",
        "局部复发（1）或此前死亡（2）",
        competing=True,
    ),
    OS_MONTHS,
    OS_EVENT,
)
_CODES: Codes = {"censored": 0, "event": 1, "competing": (2,)}

ENDPOINTS: Mapping[str, Endpoint] = {
    "lung_metastasis_at_diagnosis": Binary(
        "lung_metastasis_at_diagnosis", event="lung_metastasis_at_diagnosis",
        definition="Lung metastasis found in the staging at diagnosis.",
    ),
    "metastasis_at_diagnosis": Binary(
        "metastasis_at_diagnosis", event="metastasis_at_diagnosis",
        definition="Metastasis, regional or distant, found in the staging at diagnosis.",
    ),
    "metastasis": Competing(
        "metastasis", time="follow_up_months", event="follow_up_event", event_values=_CODES,
        unit="months", origin="diagnosis", horizons=(12, 24, 60),
        definition="Time from diagnosis to metastasis of patients without one; death before it competes.",
    ),
    "lung_metastasis": Competing(
        "lung_metastasis", time="lung_metastasis_months", event="lung_metastasis_event", event_values=_CODES,
        unit="months", origin="diagnosis", horizons=(12, 24, 60),
        definition="Time from diagnosis to lung metastasis of patients without one; death before it competes.",
    ),
    "local_recurrence": Competing(
        "local_recurrence", time="recurrence_months", event="recurrence_event", event_values=_CODES,
        unit="months", origin="surgery of the primary tumour", horizons=(12, 24, 60),
        definition="Time from surgery to local recurrence; death before it competes.",
    ),
    "os": TimeToEvent(
        "os", time="os_months", event="os_event", unit="months", origin="diagnosis", horizons=(12, 36, 60),
        definition="Time from diagnosis to death from any cause.",
    ),
}  # fmt: skip

STAGES: Mapping[str, StagingSystem] = {
    "ajcc7": ajcc(7),
    "ajcc8": ajcc(8),
    "ajcc7_t": ajcc_t(7),
    "ajcc8_t": ajcc_t(8),
    "enneking": enneking_malignant(),
}
