"""Is it the film that the table means? Modality, body part, view and side, and the patient, by the film's own tags."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cohorts.errors import Finding
from imaging_head.film import Film
from imaging_head.index_file import LATERALITY, PATIENT, VIEW, same_view

# Made anew in every process: a printed digest cannot be turned back into an id by trying all ids.
KEY = secrets.token_bytes(16)


@dataclass(frozen=True)
class Expected:
    """What the films of a study are; a film whose tags say otherwise is refused, an absent tag is a warning.

    Parameters
    ----------
    modality : codes of DICOM. body_part : codes of BodyPartExamined, () for any. view : of ViewPosition, () for any.
    patient : whether PatientID must be the patient of the index; False where the index has pseudonyms.
    """

    modality: tuple[str, ...] = ("CR", "DX")
    body_part: tuple[str, ...] = ()
    view: tuple[str, ...] = ()
    patient: bool = True


def hashed(patient: str) -> str:
    """Return a short digest of an id, the same within one process only."""
    return hashlib.blake2b(patient.encode(), key=KEY, digest_size=4).hexdigest()


def check_link(film: Film, link: str | None, row: Mapping[str, Any], expected: Expected) -> Iterator[Finding]:
    """Yield what contradicts the index or the study: I10 tags, I11 the patient. A picture without tags passes.

    Parameters
    ----------
    film : as read. link : its PatientID, which is not kept. row : of the index. expected : of all films.
    """
    if not film.tags:
        return
    yield from _tags(film, row, expected)
    if not expected.patient:
        return
    if link is None:
        rule = "tag PatientID is absent: the film cannot be compared with the patient of the index"
        yield Finding("I11", rule, "see that it is the right film", PATIENT, file=film.name, severity="warning")
    elif link != row[PATIENT]:
        rule = f"the film is of patient #{hashed(link)}, the index says #{hashed(row[PATIENT])} (ids hashed)"
        way_out = "correct the index, or Expected(patient=False) where it has pseudonyms"
        yield Finding("I11", rule, way_out, PATIENT, file=film.name)


def _tags(film: Film, row: Mapping[str, Any], expected: Expected) -> Iterator[Finding]:
    view = str(film.tags.get("ViewPosition", ""))
    checks = (
        ("Modality", film.tags.get("Modality"), expected.modality, ()),
        ("BodyPartExamined", film.tags.get("BodyPartExamined"), expected.body_part, ()),
        ("ViewPosition", view or None, expected.view, ()),
        (
            "ViewPosition",
            view or None,
            (row[VIEW],) if row[VIEW] else (),
            (view,) if same_view(row[VIEW], view) else (),
        ),
        ("Laterality", film.laterality, (row[LATERALITY],) if row[LATERALITY] else (), ()),
    )
    for tag, found, wanted, also in checks:
        if not wanted:
            continue
        words = " or ".join(wanted)
        if found is None:
            rule = f"tag {tag} is absent, expected {words}: it cannot be checked"
            yield Finding("I10", rule, "see that it is the right film", file=film.name, severity="warning")
        elif found not in (*wanted, *also):
            rule = f"tag {tag} is {found}, expected {words}"
            yield Finding("I10", rule, "leave the film out, or correct the index or Expected(...)", file=film.name)
