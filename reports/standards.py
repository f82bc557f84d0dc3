"""What standards of reporting ask of a run, beside its results: TRIPOD+AI, PROBAST+AI and a card of every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.model_card import model_card
from reports.output_folder import OutputFolder
from reports.probast import probast_dict, probast_of, save_probast
from reports.tripod import save_tripod, tripod_dict, tripod_of


def write_standards(results: Mapping[str, Any], authors: Mapping[str, str], folder: OutputFolder) -> None:
    """Write ``tripod_ai`` and ``probast_ai`` (.json, .pdf, .html), and ``model_card_NAME.json`` of every model.

    Parameters
    ----------
    results : content of ``results.json``. authors : texts for items of TRIPOD+AI, of ``[tripod_ai]``.

    Raises
    ------
    RunError
        U02 a text of an item that does not exist.
    """
    answered, known = tripod_of(results, authors), probast_of(results)
    folder.write_json("tripod_ai.json", tripod_dict(answered))
    folder.write_json("probast_ai.json", probast_dict(known))
    created, title = next(iter(results["models"].values()))["created"], results["study"]["title"]
    for suffix in ("pdf", "html"):
        save_tripod(answered, title, created, folder.place(f"tripod_ai.{suffix}"))
        save_probast(known, title, created, folder.place(f"probast_ai.{suffix}"))
        folder.record(f"tripod_ai.{suffix}")
        folder.record(f"probast_ai.{suffix}")
    for name in results["models"]:
        folder.write_json(f"model_card_{name}.json", model_card(results, name))
