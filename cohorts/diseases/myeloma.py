"""Multiple myeloma: the codebook, the endpoints and the staging systems."""

from __future__ import annotations

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

STAGES = {each.name: each for each in (ISS, R_ISS, R2_ISS, RW_ISS, EBMT_ER, IMS_2025, S_ERMM, HIGH_RISK_CYTOGENETICS)}
