"""Random numbers that belong to a patient: made from the known values and the seed, whoever else is in the table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]

# Steele, Lea and Flood (2014): splitmix64.
GAMMA = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
ABSENT = np.uint64(0xD1B54A32D192ED03)


def _mixed(bits: Bits) -> Bits:
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))


def patient_keys(values: Floats, seed: int) -> Bits:
    """Hash each row of known values with the seed, (m,); missing (not a number) is a value of its own."""
    keys = np.full(len(values), _mixed(np.array([seed % 2**64], np.uint64) + GAMMA)[0], np.uint64)
    for column in values.T:
        bits = np.where(np.isnan(column), ABSENT, np.ascontiguousarray(column + 0.0).view(np.uint64))
        keys = _mixed((keys ^ bits) + GAMMA)
    return keys


def uniforms(keys: Bits, places: NDArray[np.int64]) -> Floats:
    """Uniform numbers in (0, 1), (m, k): those at `places` 0, 1, ... (k,) of each key's own sequence."""
    bits = _mixed(keys[:, None] + (places.astype(np.uint64)[None, :] + np.uint64(1)) * GAMMA)
    return np.asarray(((bits >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53)
