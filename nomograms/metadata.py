"""What a figure's file says of itself: title, description and date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from nomograms.wording import event_name, sentence

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram


def title_of(nomogram: Nomogram) -> str:
    """Return the title of the figure."""
    return sentence("title", nomogram.language, event=event_name(nomogram.model, nomogram.language))


def metadata_of(nomogram: Nomogram, told: str, kind: str) -> dict[str, Any]:
    """Return title, description and date for a file of a kind: pdf, svg or png."""
    # the date of the model, not of the drawing: the same call must give the same bytes
    made = dt.datetime.fromisoformat(nomogram.model.created)
    title = title_of(nomogram)
    if kind == "pdf":
        return {"Title": title, "Subject": told, "CreationDate": made}
    if kind == "svg":
        return {"Title": title, "Description": told, "Date": nomogram.model.created}
    return {"Title": title, "Description": told}
