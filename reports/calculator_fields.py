"""The fields of a calculator's form: labels, units, limits, levels, and the words by which each refuses a value."""

from __future__ import annotations

from typing import Any

from cohorts import Variable
from nomograms.wording import measure_text, measured
from prognosis.column_checks import LARGEST
from prognosis.model import FittedModel
from prognosis.preparation import Term
from prognosis.profile import NumericProfile
from prognosis.transforms import DOMAIN
from reports.calculator_numbers import takes_unknown
from reports.calculator_refusals import (
    PROBE_6,
    factors_of,
    imputed_words,
    missing_words,
    number_words,
    other_words,
)
from reports.formatting import clinical
from reports.patient_inputs import LABEL_SHOWN, profile_known
from reports.wording import Wording, visible

Field = dict[str, Any]
# What a page in another language than English says before the model's own words.
REFUSED = {
    "P02": "calculator_refused_P02",
    "P07": "calculator_refused_P07",
    "P09": "calculator_refused_P09",
    "S13": "calculator_refused_S13",
    "C27": "calculator_refused_C27",
}


def fields_of(model: FittedModel, wording: Wording) -> list[Field]:
    """Return one field a predictor, in order, and one for the stratum where there are strata."""
    fields = [_field(model, term, wording) for term in model.preparation.terms]
    fields += [_stratum(model, wording)] if model.estimate.strata else []
    return [field | {"title": _title(field, wording)} for field in fields]


def _title(field: Field, wording: Wording) -> str:
    unit = field["unit"]
    return wording("in_brackets", text=field["label"], more=unit) if unit else str(field["label"])


def _field(model: FittedModel, term: Term, wording: Wording) -> Field:
    name, variable = term.variable, model.codebook[term.variable]
    profile: Any = model.profile[name]
    unknown = takes_unknown(model)
    shared = {
        "name": name,
        "label": visible(variable.text(wording.language), LABEL_SHOWN),
        "missing": None if unknown else _said(missing_words(model, name), "P02", wording),
        "imputed": _remark("P02", imputed_words(name), wording) if unknown else None,
    }
    if term.levels is not None:
        return shared | _levels(model, variable, term.levels, wording)
    if variable.kind == "binary" or (profile.values and set(profile.values) <= {0.0, 1.0}):
        return shared | _two(model, variable, wording)
    return shared | _number(model, term, variable, profile, wording)


def _levels(model: FittedModel, variable: Variable, levels: tuple[str, ...], wording: Wording) -> Field:
    """Return the field of a category: only levels that the model knows can be asked for."""
    words = [visible(variable.level_text(level, wording.language), LABEL_SHOWN) for level in levels]
    options = [_option(model, variable.name, *pair, wording) for pair in zip(levels, words, strict=True)]
    return {"kind": "choice", "unit": "", "hint": "", "options": options}


def _two(model: FittedModel, variable: Variable, wording: Wording) -> Field:
    """Return the field of a yes-no number: its options are 0 and 1."""
    texts = (wording("no"), wording("yes")) if variable.kind == "binary" else ("0", "1")
    options = [_option(model, variable.name, float(value), text, wording) for value, text in enumerate(texts)]
    return {"kind": "choice", "unit": "", "hint": "", "options": options}


def _option(model: FittedModel, name: str, value: object, text: str, wording: Wording) -> dict[str, Any]:
    other = other_words(model, name, value)
    return {"text": text, "other": other and _remark("P16", other, wording)}


def _number(model: FittedModel, term: Term, variable: Variable, profile: NumericProfile, wording: Wording) -> Field:
    said = number_words(model, variable.name)
    width = profile.maximum - profile.minimum
    low, high = variable.limits or (profile.minimum - width, profile.maximum + width)
    unit = visible(measure_text(variable.unit, wording.language), LABEL_SHOWN) if variable.unit else ""
    domain = DOMAIN.get(term.transform or "")
    return {
        "kind": "number",
        "unit": unit,
        "hint": _hint(profile, low, high, declared=variable.limits is not None, wording=wording),
        "low": low,
        "high": high,
        "usual": [profile.p1, profile.p99],
        "seen": [profile.minimum, profile.maximum],
        "plausible": variable.plausible,
        "factors": factors_of(model, variable.name),
        "domain": domain and {"bound": domain[0], "closed": domain[1]},
        "largest": LARGEST,
        "included": variable.inclusion,
        "refusals": {code: _said(told, code, wording) for code, told in said["refusals"].items()},
        "unusual": said["unusual"] and _usual(said["unusual"], profile, wording),
        "other": said["other"] and _remark("P16", said["other"], wording),
        "not_a_number": wording("calculator_not_a_number"),
    }


def _hint(profile: NumericProfile, low: float, high: float, *, declared: bool, wording: Wording) -> str:
    allowed = wording("calculator_allowed", low=measured(low), high=measured(high)) if declared else ""
    if not profile_known(profile):
        # a publication tells no more than a range
        return allowed or wording("typical_range", low=clinical(profile.minimum), high=clinical(profile.maximum))
    usual = wording("calculator_usual", low=clinical(profile.p1), high=clinical(profile.p99),
                    median=clinical(profile.median))  # fmt: skip
    return wording.joined([allowed, usual])


def _stratum(model: FittedModel, wording: Wording) -> Field:
    """Return the field of the stratum: one choice, so that only strata that the model knows can be asked for."""
    columns, names = model.estimate.strata, model.estimate.stratum_names
    # one column needs no name before each of its values
    shown = [name.removeprefix(f"{columns[0]}=") if len(columns) == 1 else name for name in names]
    options = [{"text": visible(text, LABEL_SHOWN), "other": None} for text in shown]
    return {
        "name": columns[0],
        "label": visible(", ".join(columns), LABEL_SHOWN),
        "missing": _said(missing_words(model, columns[0]), "P02", wording),
        "imputed": None,
        "kind": "choice",
        "unit": "",
        "hint": wording("calculator_stratum"),
        "options": options,
    }


def _said(told: dict[str, str], code: str, wording: Wording) -> dict[str, Any]:
    """Return a refusal: the words of the model, and a sentence of the page's language where that is not English."""
    own = None if wording.language == "en" else wording(REFUSED[code])
    return {**{key: visible(text, 400) for key, text in told.items()}, "own": own}


def _remark(code: str, text: str, wording: Wording) -> dict[str, Any]:
    own = None if wording.language == "en" else wording(f"remark_{code}")
    return {"code": code, "text": visible(text, 400), "own": own}


def _usual(text: str, profile: NumericProfile, wording: Wording) -> dict[str, Any]:
    own = wording("remark_P08", low=clinical(profile.p1), high=clinical(profile.p99))
    return {
        "code": "P08",
        # the words before and after the value: no label is written as the probe is
        "text": [visible(part, 400) for part in text.split(PROBE_6, 1)],
        "own": None if wording.language == "en" else own,
    }
