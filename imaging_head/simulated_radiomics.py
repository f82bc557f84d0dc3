"""Made-up radiomic cohorts whose truth is known: 107 correlated features, an outcome that few or none of them bear on.

They are for trying protocols on; nothing in them was measured in a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Binary, Codebook, Cohort, TimeToEvent
from cohorts.errors import Finding, ImageError
from imaging_head.radiomic_names import ORIGINAL

Floats = NDArray[np.float64]
# What features have in common: size, brightness, heterogeneity, coarseness.
FACTORS = 4
# Months between surgery and the end of follow-up, as Wang et al. (2021) had them.
SHORTEST, LONGEST = 28.7, 152.1
SHAPE = 0.8
LIMITS = (-1e4, 1e4)


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedRadiomics:
    """A cohort and what is known of it.

    Parameters
    ----------
    table : index pid: scanner, the features, months, event (1 recurrence within the follow-up).
    truth : index pid: linear_predictor (log hazard ratio against the mean patient), heterogeneity (standardised).
    """

    table: pd.DataFrame
    truth: pd.DataFrame

    def __repr__(self) -> str:
        return f"SimulatedRadiomics({len(self.table)} patients, {int(self.table['event'].sum())} events)"

    @property
    def features(self) -> list[str]:
        """Names of the features."""
        return [name for name in self.table.columns if name.startswith("original_")]

    def cohort(self, rows: Any = slice(None)) -> Cohort:
        """Return the patients, or some of them, as a cohort."""
        table = self.table.iloc[rows]
        # another scanner's values are answered for, however far they lie from those of the training
        declared: dict[str, dict[str, Any]] = {name: {"kind": "numeric", "limits": LIMITS} for name in self.features}
        declared["scanner"] = {"kind": "nominal", "levels": sorted(table["scanner"].unique())}
        declared["months"] = {"kind": "time", "unit": "months", "timing": "post-baseline"}
        codes = {"censored": 0, "event": 1}
        declared["event"] = {"kind": "event", "values": codes, "timing": "post-baseline"}
        book = Codebook.from_dict({"variables": {"pid": {"kind": "id"}, **declared}})
        return Cohort.from_frame(table.reset_index(), "pid", book)

    @property
    def binary(self) -> Binary:
        """Recurrence, yes or no: what such papers model, although follow-up is censored."""
        return Binary("recurrence", event="event")

    @property
    def timed(self) -> TimeToEvent:
        """Recurrence after surgery, in months."""
        return TimeToEvent("recurrence", time="months", event="event", unit="months", origin="surgery", horizons=(24,))


def simulate_radiomics(
    n: int = 62, seed: int = 0, *, effect: float = 0.0, share: float = 0.27, scanners: int = 1, bias: float = 1.0
) -> SimulatedRadiomics:
    """Make up patients with the 107 original features of pyradiomics and a recurrence.

    Parameters
    ----------
    n : patients. seed : decides everything; a patient does not depend on how many follow.
    effect : log hazard ratio of one standard deviation of heterogeneity, which a quarter of the features read with
        noise; 0: nothing bears on the outcome. share : of the patients who recur while followed, about.
    scanners : each patient has one of these by chance. bias : how far scanners differ, in standard deviations; a
        scanner's scale differs as well.

    Raises
    ------
    ImageError
        I84 an argument that cannot be met.

    Notes
    -----
    Chosen, not published: every feature is a factor common to a quarter of all (loading .8) and noise of its own,
    standardised; textures and energies are then skewed as measured ones are. Times are Weibull (shape .8, most
    recurrences early), follow-up 28.7 to 152.1 months as in Wang et al. (2021).
    """
    if not (n >= 2 and scanners >= 1 and 0 < share < 1 and np.isfinite([effect, bias]).all()):
        rule = f"n={n}, effect={effect}, share={share}, scanners={scanners}, bias={bias}"
        raise ImageError(Finding("I84", rule, "n from 2, scanners from 1, share between 0 and 1, finite numbers"))
    streams = (np.random.default_rng(np.random.SeedSequence([seed, row, 84])) for row in range(n))
    drawn = np.array([stream.random(FACTORS + 112) for stream in streams])
    normal, even = _normal(drawn[:, : FACTORS + 107]), drawn[:, FACTORS + 107 :]
    factor = normal[:, :FACTORS]
    owner = np.arange(len(ORIGINAL)) % FACTORS
    values = 0.8 * factor[:, owner] + 0.6 * normal[:, FACTORS:]
    machine = (even[:, 0] * scanners).astype(int)
    measured = _measured(values, machine, scanners, seed, bias)
    eta = effect * factor[:, 0]
    followed = SHORTEST + (LONGEST - SHORTEST) * even[:, 1]
    scale = -np.log(1 - share) / np.mean([SHORTEST, LONGEST]) ** SHAPE
    recurrence = (-np.log(even[:, 2]) / (scale * np.exp(eta))) ** (1 / SHAPE)
    index = pd.Index([f"P{row + 1:04d}" for row in range(n)], name="pid")
    table = pd.DataFrame(measured, columns=list(ORIGINAL), index=index)
    table.insert(0, "scanner", [chr(65 + place) for place in machine])
    months = np.maximum(np.minimum(recurrence, followed), 0.1).round(1)
    table = table.assign(months=months, event=(recurrence <= followed).astype(int))
    truth = pd.DataFrame({"linear_predictor": eta, "heterogeneity": factor[:, 0]}, index=index)
    return SimulatedRadiomics(table, truth)


def _normal(even: Floats) -> Floats:
    from scipy.special import ndtri

    out: Floats = ndtri(even)
    return out


def _measured(values: Floats, machine: NDArray[np.int64], scanners: int, seed: int, bias: float) -> Floats:
    """Return what each scanner makes of the values; the first is right."""
    draw = np.random.default_rng(np.random.SeedSequence([seed, 85]))
    p = values.shape[1]
    shift = bias * draw.normal(1, 0.3, (scanners, 1)) * draw.normal(1, 0.3, (scanners, p))
    spread = np.exp(0.4 * bias * draw.normal(1, 0.2, (scanners, p)))
    sign = np.where(np.arange(scanners) % 2, 1.0, -1.0)[:, None]
    shift, spread = sign * shift, spread**sign
    shift[0], spread[0] = 0.0, 1.0
    seen = values * spread[machine] + shift[machine]
    skewed = [name.split("_")[1] in ("glrlm", "glszm", "gldm", "ngtdm") for name in ORIGINAL]
    out: Floats = np.where(skewed, np.exp(0.5 * seen), seen)
    return out
