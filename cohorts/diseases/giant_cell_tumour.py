"""Giant cell tumour of bone: codebook, endpoint and staging systems by name; time zero is the surgery."""

from __future__ import annotations

from collections.abc import Mapping

from cohorts.diseases.bone_staging import ENNEKING_BENIGN
from cohorts.diseases.declaring import (
    AGE,
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
)
from cohorts.endpoint import Competing, Endpoint
from cohorts.staging import StagingSystem

__all__ = ["CODEBOOK", "ENDPOINTS", "ENNEKING_BENIGN", "STAGES"]

CODEBOOK = codebook(
    identity(),
    AGE,
    SEX,
    group(
        "site",
        "Site",
        "部位",
        ("distal femur", "proximal tibia", "distal radius", "proximal fibula", "spine", "sacrum and pelvis", "other"),
    ),
    ordered("campanacci", "Campanacci grade", "Campanacci分级", ("1", "2", "3")),
    group(
        "behaviour", "Behaviour on radiographs (Enneking)", "影像学行为（Enneking）", ("latent", "active", "aggressive")
    ),
    number("size_cm", "Greatest dimension of the tumour", "肿瘤最大径", "cm", (0.1, 40)),
    present("soft_tissue", "Soft tissue extension", "软组织侵犯"),
    present("pathological_fracture", "Pathological fracture", "病理性骨折"),
    present("denosumab", "Denosumab before surgery", "术前地诺单抗"),
    # known at time zero, which is the surgery
    group("treatment", "Surgery", "手术方式", ("resection", "curettage", "extensive curettage")),
    present("cement", "Filled with cement", "骨水泥填充"),
    later(present("denosumab_after_surgery", "Denosumab after surgery", "术后地诺单抗")),
    later(present("radiotherapy", "Radiotherapy", "放疗")),
    months("follow_up_months", "Time to local recurrence", "至局部复发时间"),
    event(
        "follow_up_event",
        "Local recurrence (1), or death or amputation for another reason before it (2)",
        "局部复发（1），或此前死亡或因其他原因截肢（2）",
        competing=True,
    ),
)

ENDPOINTS: Mapping[str, Endpoint] = {
    "local_recurrence": Competing(
        "local_recurrence", time="follow_up_months", event="follow_up_event",
        event_values={"censored": 0, "event": 1, "competing": (2,)}, unit="months", origin="surgery",
        horizons=(12, 24, 60),
        definition="Time from surgery to local recurrence; death, or loss of the bone for another reason, competes.",
    ),
}  # fmt: skip

STAGES: Mapping[str, StagingSystem] = {ENNEKING_BENIGN.name: ENNEKING_BENIGN}
