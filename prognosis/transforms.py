"""The closed list of transforms of a number, and where each is defined."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRANSFORMS: Mapping[str, Callable[[Floats], Floats]] = {
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "square": np.square,
}
# The smallest value each transform is defined for, and whether the bound itself is allowed.
DOMAIN: Mapping[str, tuple[float, bool]] = {"log": (0.0, False), "log1p": (-1.0, False), "sqrt": (0.0, True)}
TRANSFORM_NAMES = (*TRANSFORMS, "scaled")


def transformed(x: Floats, transform: str | None, shift: float = 0.0, scale: float = 1.0) -> Floats:
    """Apply a transform of the closed list; the domain has been checked before."""
    if transform is None:
        return x
    return (x - shift) / scale if transform == "scaled" else TRANSFORMS[transform](x)
