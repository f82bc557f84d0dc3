"""Progression of myeloma by the IMWG criteria: the thresholds, and whether a value reaches them. All values [seen]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Decimals such as 2.3 - 1.8 fall short of 0.5 in binary: a value that reaches a limit as written has reached it.
CLOSE = 1e-9
MARKERS = ("serum_m", "urine_m", "dflc", "marrow", "lesions", "calcium")


@dataclass(frozen=True)
class ProgressionRule:
    """Progression as the International Myeloma Working Group defines it for progression-free survival.

    Progression is a rise of at least 25 % from the lowest confirmed value that is also large enough by itself, in any
    one of: serum M-protein, urine M-protein, the difference of the free light chains (only where neither serum nor
    urine was measurable), plasma cells in the marrow (only where nothing else was); or a new or enlarged lesion; or
    hypercalcaemia (older text: only where ``calcium`` is declared). Clinical relapse and relapse from complete
    response are not progression here. The date is that of the first of the two assessments.

    Parameters
    ----------
    relative : share by which a value must rise from the lowest.
    serum_rise : g/dL, at least. high_nadir, high_nadir_rise : from a lowest value of at least `high_nadir` g/dL a rise
        of `high_nadir_rise` suffices.
    urine_rise : mg/24 h, at least. light_chain_rise : mg/dL, more than. marrow_rise : percentage points, at least.
    calcium : mg/dL, more than.
    measurable : serum (g/dL), urine (mg/24 h) and involved light chain (mg/dL) from which the disease at baseline is
        measurable; the light chains only with a ratio outside 0.26 to 1.65.
    confirm : markers whose next value of the same marker must reach the criteria too. Lesions and marrow count by
        themselves [chosen: sources differ]; name them here to ask for two.
    nadir : ``confirmed`` (two consecutive values at most as high) or ``lowest`` (a single one, as always for markers
        that are not confirmed).
    dated : ``first`` of the two assessments, or ``confirmation``.
    unmeasured : what a marker without a baseline value counts as: ``unknown`` (light chains and marrow are then not
        used, and the patients are named) or ``unmeasurable``.

    Raises
    ------
    DataContractError
        D62 a choice is unknown, or a threshold is no positive number.

    Notes
    -----
    Source: Rajkumar et al. 2011 and Kumar et al. 2016 (Lancet Oncol 17:e328), as read in the reference. The limit of
    the light chains is 10 mg/dL; an old table prints mg/L.
    """

    relative: float = 0.25
    serum_rise: float = 0.5
    high_nadir: float = 5.0
    high_nadir_rise: float = 1.0
    urine_rise: float = 200.0
    light_chain_rise: float = 10.0
    marrow_rise: float = 10.0
    calcium: float = 11.5
    measurable: tuple[float, float, float] = (1.0, 200.0, 10.0)
    confirm: tuple[str, ...] = ("serum_m", "urine_m", "dflc", "calcium")
    nadir: Literal["confirmed", "lowest"] = "confirmed"
    dated: Literal["first", "confirmation"] = "first"
    unmeasured: Literal["unknown", "unmeasurable"] = "unknown"

    def __post_init__(self) -> None:
        allowed = {
            "nadir": ("confirmed", "lowest"),
            "dated": ("first", "confirmation"),
            "unmeasured": ("unknown", "unmeasurable"),
        }
        found = [
            Finding("D62", f"{name}={getattr(self, name)!r}", f"give one of {', '.join(choices)}")
            for name, choices in allowed.items()
            if getattr(self, name) not in choices
        ]
        unknown = [name for name in self.confirm if name not in MARKERS]
        if unknown:
            found.append(Finding("D62", f"confirm names {', '.join(unknown)}", f"markers are {', '.join(MARKERS)}"))
        sizes = ("relative", "serum_rise", "high_nadir", "high_nadir_rise", "urine_rise", "light_chain_rise")
        for name in (*sizes, "marrow_rise", "calcium"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < np.inf:
                found.append(Finding("D62", f"{name}={value!r} is no positive number", "give the threshold"))
        raise_findings(found, DataContractError)

    def reached(self, marker: str, value: Floats, lowest: Floats) -> Mask:
        """Return where values, against the lowest before them, reach the criteria of a marker, (n,)."""
        if marker == "lesions":
            return value == 1
        if marker == "calcium":
            return value > self.calcium * (1 + CLOSE)
        rise = value - lowest
        slack = CLOSE * np.maximum(np.abs(value), np.abs(lowest))
        relative = rise >= self.relative * np.abs(lowest) - slack
        if marker == "serum_m":
            high = (lowest >= self.high_nadir - slack) & (rise >= self.high_nadir_rise - slack)
            return (relative & (rise >= self.serum_rise - slack)) | high
        if marker == "dflc":
            return relative & (rise > self.light_chain_rise + slack)
        least = {"urine_m": self.urine_rise, "marrow": self.marrow_rise}[marker]
        return relative & (rise >= least - slack)
