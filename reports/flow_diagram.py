"""The diagram of patients: read, left out with the reason, analysed, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.formatting import count
from reports.told_tables import reason_words
from reports.wording import Wording, visible


def flow_diagram(results: Mapping[str, Any], wording: Wording) -> list[dict[str, str]]:
    """Return the boxes from above: each with its text (`kept`), and what leaves before the next (`left`, "" for none).

    Parameters
    ----------
    results : content of ``results.json``.
    """
    first, *between, _ = results["flow"]
    boxes, remaining = [{"kept": wording("diagram_read", n=count(first["n"], wording)), "left": ""}], first["n"]
    for line in between:
        remaining -= line["n"]
        reason = visible(reason_words(line["step"].split(": ", 1)[-1], wording), 300)
        boxes[-1]["left"] = wording("diagram_left", n=count(line["n"], wording), reason=reason)
        boxes.append({"kept": wording("diagram_remain", n=count(remaining, wording)), "left": ""})
    boxes[-1]["kept"] = _analysed(results["endpoint"], wording)
    return boxes


def _analysed(endpoint: Mapping[str, Any], wording: Wording) -> str:
    """Say how many were analysed, and how many had which event."""
    n, events, others = endpoint["n"], endpoint["events"], endpoint["competing_events"]
    parts = [wording("diagram_events", n=count(events, wording))]
    parts += [wording("diagram_competing", n=count(others, wording))] if others else []
    key = "diagram_without" if endpoint["kind"] == "binary" else "diagram_censored"
    parts.append(wording(key, n=count(n - events - others, wording)))
    between = "；" if wording.language == "zh" else "; "
    return wording("diagram_analysed", n=count(n, wording), parts=between.join(parts))
