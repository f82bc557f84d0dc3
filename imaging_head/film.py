"""One radiograph as it was read: grey pixels, what is known of it, what is doubted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cohorts.errors import Finding, ImageError

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class Film:
    """A radiograph, upright: feet below, and from the front the patient's right on the left.

    Parameters
    ----------
    pixels : (rows, columns), float32; 0 air (black), 1 the densest (white), whatever the file's convention was.
    name : of its file. tags : allowed DICOM attributes, empty for pictures.
    how : the way from stored numbers to grey. box : (top, bottom, left, right) of the field inside the collimator.
    spacing : millimetres between rows and between columns, or None. calibrated : False where it holds at the detector
        only, where bone is shown larger than it is.
    cleared : a person has seen that no name is burned in. findings : warnings.
    """

    pixels: Floats
    name: str
    tags: Mapping[str, Any] = field(default_factory=dict)
    how: str = ""
    box: tuple[int, int, int, int] | None = None
    spacing: tuple[float, float] | None = None
    calibrated: bool = False
    cleared: bool = False
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        rows, columns = self.pixels.shape
        return f"Film({self.name}: {rows} x {columns}, {self.how})"

    @property
    def laterality(self) -> str | None:
        """Side of the body by the file: R, L, B, or None."""
        side = self.tags.get("ImageLaterality") or self.tags.get("Laterality")
        return str(side) if side else None

    @property
    def inside(self) -> Floats:
        """The pixels inside the collimator."""
        top, bottom, left, right = self.box or (0, self.pixels.shape[0], 0, self.pixels.shape[1])
        return self.pixels[top:bottom, left:right]

    @property
    def may_be_shown(self) -> bool:
        """Whether the film may stand in a report: no annotation is burned in, or a person has cleared it."""
        return self.cleared or self.tags.get("BurnedInAnnotation") == "NO"

    def for_report(self) -> Floats:
        """Return the pixels for a report.

        Raises
        ------
        ImageError
            I07 BurnedInAnnotation is not NO, and nobody has cleared the film.
        """
        if not self.may_be_shown:
            raise ImageError(burned_in(self.name, self.tags.get("BurnedInAnnotation"), "error"))
        return self.inside

    def millimetres(self, pixels: float) -> float:
        """Return the length of so many pixels along a row.

        Raises
        ------
        ImageError
            I14 the film has no PixelSpacing.
        """
        if self.spacing is None:
            rule = "PixelSpacing is absent: lengths cannot be given in millimetres"
            raise ImageError(Finding("I14", rule, "measure on a calibrated film", file=self.name))
        return pixels * self.spacing[1]

    def square(self, size: int, cut: bool = True) -> Floats:
        """Return the field inside the collimator (`cut`) or the whole film as (size, size), the rest black.

        Scaled without distortion.
        Pixels that are not square become so. Shrinking averages, so that no fine line is lost between samples.
        """
        top, left, height, width = self.placed(size, cut)
        shown = Image.fromarray(self.inside if cut else self.pixels)
        out = np.zeros((size, size), np.float32)
        small = np.asarray(shown.resize((width, height), Image.Resampling.BILINEAR))
        out[top : top + height, left : left + width] = np.clip(small, 0, 1)
        return out

    def placed(self, size: int, cut: bool = True) -> tuple[int, int, int, int]:
        """Return (top, left, height, width) of the film within its square; see `square`."""
        rows, columns = (self.inside if cut else self.pixels).shape
        high, wide = rows * (self.spacing[0] / self.spacing[1] if self.spacing else 1.0), float(columns)
        scale = size / max(high, wide)
        height, width = max(1, round(high * scale)), max(1, round(wide * scale))
        return (size - height) // 2, (size - width) // 2, height, width


def film_of(about: Mapping[str, Any], pixels: Floats, name: str, cleared: bool = False) -> Film:
    """Make a film of the answer of a decoding process; warnings I06, I07, I14, I20, I21 are kept with it."""
    tags = about["tags"]
    spacing, calibrated = _spacing(tags, bool(about["turned"]))
    doubts = [
        Finding(doubt["code"], doubt["rule"], doubt["way_out"], file=name, severity="warning")
        for doubt in about["doubts"]
    ]
    if not cleared and tags.get("BurnedInAnnotation") != "NO":
        doubts.append(burned_in(name, tags.get("BurnedInAnnotation"), "warning"))
    if spacing is None:
        rule = "PixelSpacing is absent: no size in millimetres can be had from this film"
        doubts.append(Finding("I14", rule, "use sizes of the report instead", file=name, severity="warning"))
    box = tuple(about["field"])
    return Film(pixels, name, tags, about["how"], box, spacing, calibrated, cleared, tuple(doubts))


def burned_in(name: str, value: object, severity: Any) -> Finding:
    """Return the finding on a film that may show a name."""
    rule = f"BurnedInAnnotation is {value or 'absent'}: a name may be written in the picture, it enters no report"
    way_out = "look at the film, and clear it in the index file (column cleared = yes)"
    return Finding("I07", rule, way_out, file=name, severity=severity)


def _spacing(tags: Mapping[str, Any], turned: bool) -> tuple[tuple[float, float] | None, bool]:
    """Return (between rows, between columns) of the upright film, and whether it is calibrated."""
    found = tags.get("PixelSpacing") or tags.get("ImagerPixelSpacing")
    if not isinstance(found, list) or len(found) != 2 or not all(float(each) > 0 for each in found):
        return None, False
    rows, columns = float(found[0]), float(found[1])
    # equal to the detector's own spacing, nothing was calibrated (PS3.3, 10.7.1.1)
    calibrated = "PixelSpacing" in tags and tags.get("PixelSpacing") != tags.get("ImagerPixelSpacing")
    return ((columns, rows) if turned else (rows, columns)), calibrated
