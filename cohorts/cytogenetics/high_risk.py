"""High-risk cytogenetics of myeloma by published definitions, as present, absent or not assessable.

An answer needs what decides it, and no more: one adverse lesion is enough for R-ISS, whatever else was not looked for.
The definitions are of interphase FISH: what metaphases alone do not show is not denied by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cohorts.cytogenetics.evidence import Evidence

State = bool | None
R_ISS = ("del17p", "t_4_14", "t_14_16")
ADVERSE = ("t_4_14", "t_14_16", "t_14_20", "del17p", "gain_1q21")
HIGH_RISK_FUSIONS = ("t_4_14", "t_14_16", "t_14_20")


def any_of(states: Sequence[State]) -> State:
    """Return whether one is present; absent only where all are."""
    return True if True in states else None if None in states else False


def all_of(states: Sequence[State]) -> State:
    """Return whether all are present; absent where one is."""
    return False if False in states else None if None in states else True


def at_least(number: int, states: Sequence[State]) -> State:
    """Return whether so many are present, whatever those not assessable are."""
    sure = sum(state is True for state in states)
    possible = sum(state is not False for state in states)
    return True if sure >= number else None if possible >= number else False


def by_fish(evidence: Evidence) -> State:
    """Return whether an abnormality is present; absent only where FISH says so, not metaphases alone.

    Plasma cells divide seldom, and losses and gains below the bands are not seen in those that do.
    """
    return (
        None
        if evidence.present is False and evidence.karyotype is False and evidence.fish is None
        else evidence.present
    )


def r_iss_cytogenetics(evidence: Mapping[str, Evidence]) -> State:
    """Return whether del(17p), t(4;14) or t(14;16) is present (Palumbo 2015): high risk for R-ISS."""
    return any_of([by_fish(evidence[name]) for name in R_ISS])


def several_hits(evidence: Mapping[str, Evidence]) -> State:
    """Return whether at least two of t(4;14), t(14;16), t(14;20), del(17p), gain of 1q21 are present (Shah 2018)."""
    return at_least(2, [by_fish(evidence[name]) for name in ADVERSE])


def imwg_2025_cytogenetics(
    evidence: Mapping[str, Evidence], *, share: float = 0.20, inclusive: bool = False, tp53_mutated: State = False
) -> State:
    """Return whether the cytogenetics are high risk by IMS/IMWG 2025.

    Any of: del(17p) in more than 20 % of the plasma cells, or TP53 mutated; t(4;14), t(14;16) or t(14;20) with gain of
    1q21 or del(1p32); del(1p32) of one copy with gain of 1q21, or of both copies. The definition's further criterion,
    B2M of 5.5 mg/L or more with creatinine below 1.2 mg/dL, is no cytogenetics.

    Parameters
    ----------
    evidence : of one patient, by abnormality.
    share : of cells with del(17p); inclusive : from it on, not only above it (summaries of the definition differ).
    tp53_mutated : by sequencing. None: not sequenced, so that nobody is without high risk; False (the default): not
        mutated, or the cytogenetic criteria alone are asked for.

    Notes
    -----
    A del(17p) whose share of cells is not known (karyotype alone, FISH without numbers) is neither above nor below.
    """
    gain, loss = by_fish(evidence["gain_1q21"]), by_fish(evidence["del1p32"])
    fusion = any_of([by_fish(evidence[name]) for name in HIGH_RISK_FUSIONS])
    return any_of(
        [
            _clonal(evidence["del17p"], share, inclusive),
            tp53_mutated,
            all_of([fusion, any_of([gain, loss])]),
            all_of([loss, gain]),
            by_fish(evidence["del1p32_biallelic"]),
        ]
    )


def _clonal(evidence: Evidence, share: float, inclusive: bool) -> State:
    """Return whether the share of cells in FISH is large enough; metaphases are too few to tell."""

    def enough(cells: float) -> bool:
        return cells >= share - 1e-12 if inclusive else cells > share + 1e-12

    if evidence.share is not None and enough(evidence.share):
        return True
    if evidence.at_most is not None:
        return None if enough(evidence.at_most) else False
    return False if by_fish(evidence) is False else None


@dataclass(frozen=True)
class Definition:
    """A definition over several abnormalities: its label by language, its source, and how it is decided."""

    label: Mapping[str, str]
    source: str
    decide: Callable[[Mapping[str, Evidence]], State]


DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        "r_iss_high_risk": Definition(
            {"en": "High-risk cytogenetics of R-ISS: del(17p), t(4;14) or t(14;16)",
             "zh": "R-ISS高危细胞遗传学：del(17p)、t(4;14)或t(14;16)"},
            "Palumbo 2015", r_iss_cytogenetics,
        ),
        "double_hit": Definition(
            {"en": "At least two of t(4;14), t(14;16), t(14;20), del(17p), gain of 1q21",
             "zh": "t(4;14)、t(14;16)、t(14;20)、del(17p)、1q21获得中至少两项"},
            "Shah 2018", several_hits,
        ),
        "imwg_2025_cytogenetics": Definition(
            {"en": "High-risk cytogenetics of IMS/IMWG 2025, TP53 not sequenced, del(17p) above 20 %",
             "zh": "IMS/IMWG 2025高危细胞遗传学（未测TP53，del(17p)大于20 %）"},
            "IMS/IMWG 2025", imwg_2025_cytogenetics,
        ),
    }
)  # fmt: skip
