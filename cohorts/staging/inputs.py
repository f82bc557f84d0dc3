"""What a stage is read from: measurements against cut-offs, findings that are present or absent, recorded categories.

An input turns a column into classes, 0, 1, ... in the order of `classes`; -1 is "not known".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

EMPTY: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True)
class Cut:
    """A cut-off between two neighbouring classes.

    Parameters
    ----------
    at : the value, in the unit in which the source prints it.
    upper_class : which values belong to the upper class: ``"at or above"`` the cut-off, or only those ``"above"`` it.
    """

    at: float
    upper_class: Literal["at or above", "above"] = "at or above"

    def __str__(self) -> str:
        return f"{'>=' if self.upper_class == 'at or above' else '>'} {self.at:g}"


@dataclass(frozen=True)
class Measured:
    """A measurement that counts by the side of its cut-offs on which it lies.

    Parameters
    ----------
    name : of the input. column : standard name of the column in the codebooks of `cohorts.diseases`.
    cuts : cut-offs from low to high. classes : what lies between them, one more than the cut-offs.
    units : accepted units and how many of each make one of the first, in which the cut-offs are printed; empty: a
        number without a unit, such as a performance status.
    possible : lowest and highest value that can be true, in the first unit; anything else is another unit or a slip.
    least_maximum : a column of which no value reaches this is in another unit (fractions in a column of per cent).
    needed : False for what concerns some patients only: without the column it is "not known" for all.
    """

    name: str
    column: str
    cuts: tuple[Cut, ...]
    classes: tuple[str, ...]
    possible: tuple[float, float]
    units: Mapping[str, float] = field(default_factory=dict)
    least_maximum: float | None = None
    needed: bool = True


@dataclass(frozen=True)
class AboveNormal:
    """A measurement against the upper limit of normal of its laboratory: above it, or not (the limit is normal).

    Parameters
    ----------
    name : of the input. column : standard name of the measured column.
    possible : lowest and highest value that can be true, in multiples of the upper limit.
    """

    name: str
    column: str
    possible: tuple[float, float] = (0.02, 200.0)
    classes: tuple[str, ...] = ("not above", "above")
    needed: bool = True


@dataclass(frozen=True)
class Presence:
    """A finding that is present or absent, such as a translocation; `needed` as in `Measured`."""

    name: str
    column: str
    classes: tuple[str, ...] = ("absent", "present")
    needed: bool = True


@dataclass(frozen=True)
class Category:
    """A recorded category.

    Parameters
    ----------
    name : of the input. column : standard name of the column. classes : the categories.
    spellings : other ways of writing them, lower case without spaces; None: not known, as TX.
    scale : categories that mean something on one scale only: where the codebook declares any of them, or others of
        their kind, it must declare all of them and no other, so that grade 2 of 3 is never read as grade 2 of 4.
    off_scale : categories that need no scale.
    """

    name: str
    column: str
    classes: tuple[str, ...]
    spellings: Mapping[str, str | None] = field(default_factory=lambda: EMPTY)
    scale: tuple[str, ...] = ()
    off_scale: tuple[str, ...] = ()
    needed: bool = True


Input = Measured | AboveNormal | Presence | Category
