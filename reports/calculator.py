"""The calculator of a model: one HTML file that gives the model's risks in any browser, without a server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohorts.errors import Finding, PredictionError, RunError, raise_findings
from prognosis.model import FittedModel
from reports.calculator_content import content_of
from reports.calculator_numbers import refusals_of
from reports.security import source_of
from reports.wording import Wording

SCRIPTS = ("functions", "imputation", "model", "causes", "form", "drawing", "nomogram", "page")
# What could end or open something where JSON stands in HTML.
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True, init=False)
class Calculator:
    """A page on which the risk of one patient is computed as `FittedModel.predict` computes it.

    The file holds what a model file holds, aggregates only, and nothing that is entered leaves the page: it asks for
    nothing, and its own script is the only one that its security policy lets run.

    Parameters
    ----------
    model : Cox (also stratified, penalised, pooled, transferred, cause-specific), Fine-Gray, accelerated failure time,
        logistic, early relapse by a logistic model, or a published one.
    language : ``en`` or ``zh``.
    limits : range of the nomogram's lines, ``centiles`` or ``rms``, as `Nomogram`.

    Attributes
    ----------
    content : words and numbers of the page as plain values.

    Notes
    -----
    A predictor may be unknown where the model has an imputation for new patients (``missing="chained"``): the risk is
    then the mean over the same draws as in Python. Otherwise every field is required, and the page says so.

    Raises
    ------
    PredictionError
        R60 a model that is no such regression, R61 an offset, R62 no horizon.
    RunError
        R11 no such language.
    """

    content: Mapping[str, Any]

    def __init__(self, model: FittedModel, language: str = "en", limits: str = "centiles") -> None:
        raise_findings(refusals_of(model), PredictionError)
        object.__setattr__(self, "content", content_of(model, limits, Wording(language)))

    def html(self) -> str:
        """Return the page; the same model gives the same text."""
        from reports.page import TEMPLATES, to_html

        style = (TEMPLATES / "calculator.css").read_text(encoding="utf-8")
        parts = [(TEMPLATES / f"calculator_{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
        script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
        page = dict(self.content["page"]) | {
            "policy": f"default-src 'none'; script-src {source_of(script)}; style-src {source_of(style)}; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            # the template marks these three as safe: the package's own texts, and JSON that is escaped already
            "script": script,
            "style": style,
            "data": as_data(self.content["data"]),
        }
        return to_html("calculator.html", page, {})

    def save(self, path: str | Path) -> Path:
        """Write the page.

        Parameters
        ----------
        path : ends in ``.html``.

        Raises
        ------
        RunError
            R63: another suffix. K03, R18: the file cannot be written.
        """
        from reports.page import write_whole

        place = Path(path)
        if place.suffix.lower() != ".html":
            rule = f"a calculator cannot be written as {place.suffix or 'a file without suffix'}"
            raise RunError(Finding("R63", rule, "end the name in .html", file=place.name))
        return write_whole(place, self.html().encode("utf-8"))


def as_data(values: Mapping[str, Any]) -> str:
    """Return JSON that may stand in HTML: it holds neither a tag nor an entity, and ASCII characters only."""
    text = json.dumps(values, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character, escaped in ESCAPES.items():
        text = text.replace(character, escaped)
    return text
