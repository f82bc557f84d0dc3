"""Made-up dynamic series of metastases in a vertebra: curves whose truth is known, and series that differ by order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cohorts.errors import Finding, ImageError, raise_findings
from imaging_head.dynamic_series import DynamicSeries
from imaging_head.kinetics import kinetics

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Twelve frames, as Lang and others 2019; one before the injection, the others every 15 s. The timing is chosen.
SECONDS = tuple(15.0 * frame for frame in range(12))
# The published tree: what falls by more than this is no lung cancer, of the rest what rises by less is. The second
# direction and the errors of the rule are chosen.
WASH_OUT, WASH_IN, WRONG = -6.6, 98.0, 0.1
# Share of the steepest rise that each frame adds on the way up, before the wash-out begins.
RISE = (1.0, 0.45, 0.2, 0.08)


@dataclass(frozen=True, eq=False)
class SeriesPhantoms:
    """Series and what is known of them.

    Parameters
    ----------
    series : of the patients. lesions : (patients, rows, columns) where the metastasis is. table : index pid; `event`, 1
        for lung cancer (in series that differ by order: played forwards). truth : wash_in, maximum, wash_out of the
        lesion without noise, and risk, the probability of the event given them.
    """

    series: DynamicSeries
    lesions: Mask
    table: pd.DataFrame
    truth: pd.DataFrame


def simulate_series(
    patients: int = 61,
    seed: int = 0,
    *,
    order_only: bool = False,
    noise: float = 0.02,
    wrong: float = WRONG,
    size: int = 32,
) -> SeriesPhantoms:
    """Make up dynamic series of one vertebra each: a lesion, marrow around it, and a vessel that takes up most.

    Parameters
    ----------
    patients, seed : a patient does not depend on how many there are. size : pixels of an edge.
    order_only : the event is the order of the frames: with it a lesion rises fast and falls slowly, without it the same
        frames after the injection are played backwards. Every mean over time is then free of the outcome.
    noise : standard deviation of a pixel, in parts of the marrow's signal without contrast. wrong : share of patients
        whose outcome is not what the rule says (not with `order_only`).

    Notes
    -----
    Without `order_only`: wash-in 40 to 160 %, wash-out -30 to +25 % of baseline, both even, and independent. Lung
    cancer: wash-out above -6.6 % and wash-in up to 98 %, as in the published tree.

    Raises
    ------
    ImageError
        I40 an argument that cannot be met.
    """
    faults = [
        (patients < 1, f"{patients} patients", "at least one"),
        (not 16 <= size <= 256, f"frames of {size} pixels", "16 to 256"),
        (not 0 <= noise <= 1, f"noise {noise}", "0 to 1"),
        (not 0 <= wrong < 0.5, f"{wrong} of the outcomes wrong", "a share below one half"),
    ]
    raise_findings((Finding("I40", rule, way_out) for bad, rule, way_out in faults if bad), ImageError)
    made = [_Patient(number, seed, size, order_only) for number in range(patients)]
    names = pd.Index([f"V{number + 1:04d}" for number in range(patients)], name="pid")
    curves = pd.DataFrame(np.stack([patient.curve for patient in made]), names, pd.Index(SECONDS, name="seconds"))
    truth = kinetics(curves)
    if order_only:
        event, risk = np.array([patient.forwards for patient in made]), np.full(patients, 0.5)
    else:
        lung = ((truth["wash_out"] > WASH_OUT) & (truth["wash_in"] <= WASH_IN)).to_numpy()
        flipped = np.array([patient.chance for patient in made]) < wrong
        event, risk = lung ^ flipped, np.where(lung, 1 - wrong, wrong)
    frames = np.stack([patient.frames(noise) for patient in made])
    series = DynamicSeries(frames, SECONDS, tuple(names))
    lesions = np.stack([patient.lesion for patient in made])
    return SeriesPhantoms(series, lesions, pd.DataFrame({"event": event.astype(int)}, names), truth.assign(risk=risk))


class _Patient:
    """One patient: anatomy, curve and noise from random numbers of their own."""

    def __init__(self, number: int, seed: int, size: int, order_only: bool) -> None:
        streams = np.random.SeedSequence([seed, 6, number]).spawn(3)
        course, place, self.grain = (np.random.default_rng(stream) for stream in streams)
        self.forwards = bool(course.integers(2))
        steepest = course.uniform(40, 160)
        fall = course.uniform(-90, -40) if order_only else course.uniform(-30, 25)
        self.chance = float(course.random())
        self.curve = _lesion_curve(steepest, fall)
        self.order_only = order_only
        self._anatomy(size, place)

    def _anatomy(self, size: int, rng: np.random.Generator) -> None:
        y, x = np.meshgrid(*[(np.arange(size) + 0.5) / size * 2 - 1] * 2, indexing="ij")
        middle, radius = rng.uniform(-0.25, 0.25, 2), rng.uniform(0.28, 0.42)
        angle = np.arctan2(y - middle[1], x - middle[0])
        waves = sum(rng.normal(0, 0.05) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(2, 5))
        self.lesion = np.hypot(x - middle[0], y - middle[1]) < radius * (1 + waves)
        # in front of the vertebra, outside every lesion
        self.vessel = np.hypot(x - rng.uniform(-0.3, 0.3), y + 0.87) < 0.1
        texture = gaussian_filter(rng.standard_normal((size, size)), size / 16, mode="wrap")
        # the lesion takes up unevenly: nowhere more than its hot middle
        self.uptake = np.clip(0.85 - 0.15 * texture / texture.std(), 0.5, 1.0)
        hot = np.hypot(x - middle[0], y - middle[1]) < max(0.3 * radius, 5.0 / size)
        self.uptake[hot] = 1.0
        # on the coarsest frames, too, a spot fits in
        self.lesion |= hot
        self.signal = 100 * np.where(self.lesion, rng.uniform(0.6, 0.9), 1.0) * (1 + 0.05 * texture / texture.std())

    def frames(self, noise: float) -> NDArray[np.float32]:
        """Return the signal, (times, size, size)."""
        seconds = np.asarray(SECONDS)
        marrow = 15 * (1 - np.exp(-seconds / 60))
        blood = np.where(seconds > 0, 320 * np.exp(-np.clip(seconds - 15, 0, None) / 120), 0.0)
        percent = np.where(self.lesion, self.uptake, 0.0) * self.curve[:, None, None]
        percent += np.where(self.lesion | self.vessel, 0.0, marrow[:, None, None])
        percent += np.where(self.vessel & ~self.lesion, blood[:, None, None], 0.0)
        signal = self.signal * (1 + percent / 100)
        noisy = np.clip(signal + 100 * noise * self.grain.standard_normal(signal.shape), 0, None)
        if self.order_only and not self.forwards:
            noisy[1:] = noisy[:0:-1]
        return noisy.astype(np.float32)


def _lesion_curve(steepest: float, fall: float) -> Floats:
    """Percent enhancement at each frame: a rise in four steps, then a straight way down (or up) to the last frame."""
    top = steepest * np.cumsum(RISE)
    steps = len(SECONDS) - 1 - len(RISE)
    after = top[-1] + fall * np.arange(1, steps + 1) / steps
    return np.concatenate([[0.0], top, after])
