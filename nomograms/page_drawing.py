"""The nomogram on a patient's page: what all patients share is drawn once, each one's marks are put on it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from cohorts.errors import Finding, RunError
from nomograms.drawing import UNDER, described, drawn_parts
from nomograms.example import example_of
from nomograms.metadata import title_of

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram
    from nomograms.options import Patient

UNDER_GROUP = re.compile(rf'<g id="{UNDER}">.*?</g>'.encode(), re.DOTALL)
SHEET = b'<g id="patch_1">'


def page_svg(nomogram: Nomogram, patient: Patient | None) -> bytes:
    """Draw a nomogram without its caption, to be a part of a page, as SVG; the same whoever was drawn before.

    Raises
    ------
    RunError
        R42 the drawing has no place for a patient's marks.
    """
    title = title_of(nomogram)
    example = example_of(nomogram, patient)
    own = _inside(drawn_parts(nomogram, example, "svg", title, caption=False, parts=("own",)))
    under, paper = UNDER_GROUP.search(own), _paper(nomogram, example.stratum)
    if under is None or SHEET not in paper:
        raise RunError(Finding("R42", "the nomogram's drawing has no place for a patient's marks", "report this"))
    # drop lines behind the lettering, which has white paper of its own, and in front of the sheet
    ground = paper.index(b"</g>", paper.index(SHEET)) + len(b"</g>")
    end = paper.rindex(b"</svg>")
    whole = paper[:ground] + under[0] + paper[ground:end] + own.replace(under[0], b"") + paper[end:]
    return described(whole, title, title)


@lru_cache(maxsize=32)
def _paper(nomogram: Nomogram, stratum: int) -> bytes:
    """Draw all of a nomogram but what is a patient's own; a page has the risk lines of the patient's stratum only."""
    typical = replace(example_of(nomogram, None), stratum=stratum)
    return drawn_parts(nomogram, typical, "svg", title_of(nomogram), caption=False, parts=("paper",))


def _inside(svg: bytes) -> bytes:
    """Return the figure in an SVG file, with its own definitions, under another name than that of the paper."""
    start = svg.index(b'<g id="figure_1">')
    return svg[start : svg.rindex(b"</svg>")].replace(b'id="figure_1"', b'id="own"')
