"""Curves of a figure as tables of text with their places on the figure: what a page shows where somebody points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from reports.contents.judged import with_limits
from reports.figures import Picture
from reports.figures.readings import Curve, Reading
from reports.wording import Wording, visible

# Axes that reach beyond this hold numbers of patients, no shares.
COUNTED = 10.0


def panels_of(picture: Picture, wording: Wording) -> list[dict[str, Any]]:
    """Return a table a panel with curves, as plain values; none for a figure without curves.

    Returns
    -------
    ``area`` (left, top, width, height in millimetres of the figure), ``title``, ``columns``, and ``rows``: ``across``
    and ``down`` are places in millimetres (None where a curve has no value), ``cells`` the texts.
    """
    return [_panel(reading, picture.title, wording) for reading in picture.readings]


def _panel(reading: Reading, title: str, wording: Wording) -> dict[str, Any]:
    shown, digits = reading.shown, 0 if reading.y_ends[1] > COUNTED else 3
    rows = [
        {
            "across": round(reading.across(x), 2),
            "down": [_down(reading, curve, place) for curve in shown.curves],
            "cells": [f"{x:.4g}", *_cells(shown.curves, place, digits, wording)],
        }
        for place, x in enumerate(shown.x)
    ]
    return {
        "area": [reading.left, reading.top, reading.width, reading.height],
        "title": wording("reading_panel", title=title, up=visible(shown.y_label)),
        "columns": [visible(shown.x_label), *_columns(shown.curves, wording)],
        "rows": rows,
    }


def _down(reading: Reading, curve: Curve, place: int) -> float | None:
    """Place of a value; None where it is not known or lies outside the panel."""
    value, (low, high) = curve.y[place], reading.y_ends
    return round(reading.down(value), 2) if math.isfinite(value) and low <= value <= high else None


def _columns(curves: tuple[Curve, ...], wording: Wording) -> Iterator[str]:
    several = len(curves) > 1
    for curve in curves:
        name, people = visible(curve.label), visible(curve.patients_label)
        head = wording("reading_interval", curve=name) if curve.lower else name
        yield f"{head}; {people}" if several and curve.patients else head
        if curve.patients and not several:
            yield people


def _cells(curves: tuple[Curve, ...], place: int, digits: int, wording: Wording) -> Iterator[str]:
    for curve in curves:
        ends = (curve.lower[place], curve.upper[place]) if curve.lower else (math.nan, math.nan)
        value = with_limits(curve.y[place], *ends, wording, digits)
        # one column a curve, where there are several
        yield f"{value}; {curve.patients[place]}" if len(curves) > 1 and curve.patients else value
        if curve.patients and len(curves) == 1:
            yield str(curve.patients[place])
