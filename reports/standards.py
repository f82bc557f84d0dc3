"""What reporting standards ask of a run, written beside its results: TRIPOD+AI and a card of every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.model_card import model_card
from reports.output_folder import OutputFolder
from reports.tripod import save_tripod, tripod_dict, tripod_of


def write_standards(results: Mapping[str, Any], authors: Mapping[str, str], folder: OutputFolder) -> None:
    """Write ``tripod_ai.json``, ``.pdf`` and ``.html``, and ``model_card_NAME.json`` of every model.

    Parameters
    ----------
    results : content of ``results.json``. authors : texts for items of TRIPOD+AI, of ``[tripod_ai]``.

    Raises
    ------
    RunError
        U02 a text of an item that does not exist.
    """
    answered = tripod_of(results, authors)
    folder.write_json("tripod_ai.json", tripod_dict(answered))
    created = next(iter(results["models"].values()))["created"]
    for suffix in ("pdf", "html"):
        save_tripod(answered, results["study"]["title"], created, folder.place(f"tripod_ai.{suffix}"))
        folder.record(f"tripod_ai.{suffix}")
    for name in results["models"]:
        folder.write_json(f"model_card_{name}.json", model_card(results, name))
