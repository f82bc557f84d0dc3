"""Look-up tables of a DICOM file. pydicom 3.0.2 keeps the indices of an 8-bit table in 8 bits, where they wrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from imaging_head.refusal import RefusedError


@dataclass(frozen=True, eq=False)
class LookUpTable:
    """A modality or VOI table.

    Parameters
    ----------
    entries : (n,) output of each input. first : the input of the first entry. bits : of the output.
    """

    entries: NDArray[np.int64]
    first: int
    bits: int

    @property
    def highest(self) -> int:
        """The largest output there can be."""
        return 2**self.bits - 1

    def of(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return the output of each value; those outside the table take its first or last entry (PS3.3, C.11.1.1.1)."""
        # rescaled values are whole numbers but for rounding
        place = np.clip(np.rint(values).astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return self.entries[place]


def table_in(dataset: Dataset, name: str) -> LookUpTable | None:
    """Return the first table of a sequence, or None where there is none.

    Raises
    ------
    RefusedError
        I17 the table has not as many entries as it says.
    """
    items = list(dataset.get(name) or [])
    if not items:
        return None
    count, first, bits = (int(number) for number in items[0].LUTDescriptor)
    # 65,536 does not fit into 16 bits and is written as 0
    count = count or 1 << 16
    entries = _entries(items[0].LUTData, count, bool(dataset.original_encoding[1] is False))
    if len(entries) != count or not 1 <= bits <= 16:
        rule = f"{name} says {count} entries of {bits} bits and holds {len(entries)}"
        raise RefusedError("I17", rule, "export the film again")
    # read as unsigned where the file does not say which: a first input below zero comes as its complement
    first = first - (1 << 16) if int(dataset.get("PixelRepresentation") or 0) and first >= 1 << 15 else first
    return LookUpTable(entries, first, bits)


def _entries(data: Any, count: int, big_endian: bool) -> NDArray[np.int64]:
    """Return the entries, which are stored as numbers, or as bytes of 8 or of 16 bits an entry."""
    if not isinstance(data, bytes):
        return np.atleast_1d(np.asarray(data, np.int64))
    if len(data) - count in (0, 1):
        return np.frombuffer(data, np.uint8)[:count].astype(np.int64)
    return np.frombuffer(data, ">u2" if big_endian else "<u2").astype(np.int64)
