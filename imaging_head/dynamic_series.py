"""A dynamic series: the same section before and after contrast medium, again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError, raise_findings

Frames = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DynamicSeries:
    """Series of patients, all taken at the same times.

    Parameters
    ----------
    frames : (patients, times, rows, columns) signal as the scanner gave it, not negative; kept as 32-bit floats.
    seconds : (times,) after the injection, rising; frames at 0 or before are those without contrast.
    patients : (patients,) each once.

    Raises
    ------
    ImageError
        I85 frames of another shape, signal that is negative or no number, times that do not rise, no frame before or
        fewer than two after the injection; I86 a patient twice. All findings are raised together.
    """

    frames: Frames
    seconds: tuple[float, ...]
    patients: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", np.asarray(self.frames, np.float32))
        object.__setattr__(self, "seconds", tuple(float(second) for second in self.seconds))
        object.__setattr__(self, "patients", tuple(str(patient) for patient in self.patients))
        raise_findings(self._faults(), ImageError)

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def before(self) -> NDArray[np.bool_]:
        """Which frames are without contrast, (times,)."""
        return np.asarray(self.seconds) <= 0

    @property
    def pixels(self) -> Frames:
        """The frames, by the name of a film's pixels: `cross_fit` takes series as it takes films."""
        return self.frames

    @property
    def baseline(self) -> Frames:
        """Mean signal without contrast, (patients, rows, columns)."""
        mean: Frames = self.frames[:, self.before].mean(axis=1)
        return mean

    def of(self, patients: Sequence[str]) -> DynamicSeries:
        """Return the series of these patients, in the order of the series.

        Raises
        ------
        ImageError
            I22 a patient has no series.
        """
        wanted = set(patients)
        absent = tuple(sorted(wanted - set(self.patients)))
        if absent:
            raise ImageError(Finding("I22", "patients without a series", "leave them out", rows=absent))
        rows = [row for row, patient in enumerate(self.patients) if patient in wanted]
        return DynamicSeries(self.frames[rows], self.seconds, tuple(self.patients[row] for row in rows))

    def in_order(self, order: Sequence[int]) -> DynamicSeries:
        """Return the same frames played in another order, at the same times: what knows no order sees no difference.

        Raises
        ------
        ImageError
            I85 an order that leaves frames out or repeats them.
        """
        if sorted(order) != list(range(len(self.seconds))):
            rule = f"the order {list(order)} of {len(self.seconds)} frames"
            raise ImageError(Finding("I85", rule, "name each frame once, from 0"))
        return DynamicSeries(self.frames[:, list(order)], self.seconds, self.patients)

    def _faults(self) -> Iterator[Finding]:
        shape, times = self.frames.shape, np.asarray(self.seconds)
        if len(shape) != 4 or 0 in shape or shape[:2] != (len(self.patients), len(times)):
            rule = f"frames of the shape {shape} for {len(self.patients)} patients and {len(times)} times"
            yield Finding("I85", rule, "give (patients, times, rows, columns), the times and the patients")
            return
        bad = ~np.isfinite(self.frames).all(axis=(1, 2, 3)) | (self.frames < 0).any(axis=(1, 2, 3))
        if bad.any():
            rows = tuple(patient for patient, wrong in zip(self.patients, np.atleast_1d(bad), strict=True) if wrong)
            yield Finding("I85", "signal that is negative or no number", "give the signal as measured", rows=rows)
        if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
            yield Finding("I85", "times that do not rise", "give seconds after the injection, in order")
        elif not (times <= 0).any() or (times > 0).sum() < 2:
            rule = f"{(times <= 0).sum()} frames before and {(times > 0).sum()} after the injection"
            yield Finding("I85", rule, "at least one before (seconds of 0 or less) and two after are needed")
        named, counts = np.unique(np.asarray(self.patients, dtype=object).astype(str), return_counts=True)
        if (counts > 1).any():
            rule = "the patient has two series: they would be in training and test"
            yield Finding("I86", rule, "keep one a patient", rows=tuple(named[counts > 1].tolist()))
