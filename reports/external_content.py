"""What stands in the report on an external validation: every table and sentence as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cohorts.errors import Finding
from prognosis import FittedModel
from prognosis.external.result import ExternalValidation
from prognosis.updating.result import Updating
from reports.contents.judged import with_limits
from reports.figures import Picture
from reports.formatting import count, duration, p_value, two_decimals
from reports.results import software
from reports.study_tables import Table, figures_of, metric_text, section
from reports.wording import Wording, visible

GROUP_METRICS = ("harrell_c", "auc", "calibration_slope", "oe_ratio")
TWO_DIGITS = ("harrell_c", "uno_c", "auc", "calibration_slope", "oe_ratio")


@dataclass(frozen=True)
class Findings:
    """What was found in a new cohort.

    Parameters
    ----------
    model : that was judged. external : its performance. updating : the closed test; None with a reason where no update
        is defined. file : name of the cohort's file.
    """

    model: FittedModel
    external: ExternalValidation
    updating: Updating | None
    reason: str
    file: str

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Every warning once."""
        more = self.updating.warnings if self.updating is not None else ()
        found = (*self.external.warnings, *more)
        return tuple({str(finding): finding for finding in found}.values())


def external_content(found: Findings, pictures: Mapping[str, Picture], wording: Wording) -> dict[str, Any]:
    """Return every text and table of the report, for the templates of the study report.

    Parameters
    ----------
    pictures : figures by name; a name begins with the section it stands in (calibration, decision, ...).
    """
    sections = [
        (_performance(found, wording), ()),
        (Table(wording("external_calibration"), (), (), wording("external_calibration_note")), ("calibration",)),
        (Table(wording("external_decision"), (), (), wording("external_decision_note")), ("decision",)),
        (Table(wording("external_risk_groups"), (), (), wording("external_risk_groups_note")), ("risk_groups",)),
        (Table(wording("external_over_time"), (), (), wording("external_over_time_note")), ("over_time",)),
        (_subgroups(found, wording), ("subgroups",)),
        (_case_mix(found, wording), ()),
        (_drift(found, wording), ()),
        (_updating(found, wording), ()),
    ]
    tables = [section(table, figures_of(pictures, kinds, wording)) for table, kinds in sections]
    return {
        "language": wording.language,
        "created": found.model.created,
        "title": wording("external_title", model=visible(found.model.name), cohort=visible(found.file)),
        "headings": wording.group("study_heading_"),
        "summary": summary_sentences(found, wording),
        "question": _question(found, wording),
        "tables": [table for table in tables if table["rows"] or table["figures"]],
        "nomogram_alt": "",
        "warnings": [visible(str(finding), 600) for finding in found.warnings],
        "conventions": [],
        "software": ", ".join(f"{name} {version}" for name, version in software().items()),
        "limits": [wording(key) for key in ("external_limit", "limit_treatment")],
    }


def _question(found: Findings, wording: Wording) -> list[tuple[str, str]]:
    model, external = found.model, found.external
    new = {"n": count(external.n, wording), "events": count(external.events, wording)}
    old = {"n": count(model.n, wording), "events": count(model.events, wording)}
    return [
        (wording("study_endpoint"), visible(model.endpoint.name)),
        *([] if external.evaluation.outcome.timed is False else [(wording("about_origin"), visible(model.origin))]),
        (wording("external_cohort"), f"{visible(found.file)}: {wording('external_patients', **new)}"),
        (wording("external_model_made"), wording("external_patients", **old)),
        (wording("model_name"), visible(f"{model.name} ({model.kind})")),
        (wording("model_hash"), model.hash),
        (wording("model_status"), wording("verified" if model.verified else "unverified")),
    ]


def summary_sentences(found: Findings, wording: Wording) -> list[str]:
    """Say in sentences how the model does, why it may do otherwise here, and what the closed test picks."""
    sentences = [*_discrimination(found, wording), *_agreement(found, wording), *_transport(found, wording)]
    updating = found.updating
    if updating is None:
        return [*sentences, wording("external_no_advice", reason=visible(found.reason, 300))]
    advice = {
        "original": lambda: wording("external_advice_original", p=p_value(float(updating.table["p"].iloc[0]))),
        "intercept": lambda: wording(
            "external_advice_intercept", events=f"{updating.observed:.0f}", expected=f"{updating.expected:.1f}"
        ),
        "slope": lambda: wording(
            "external_advice_slope" if updating.slope > 0 else "external_advice_reversed",
            slope=two_decimals(updating.slope),
        ),
        "refit": lambda: wording("external_advice_refit"),
    }
    written = [] if updating.chosen == "original" else [wording("external_updated")]
    return [*sentences, advice[updating.chosen](), *written]


def _line(found: Findings, metric: str) -> Mapping[Any, Any] | None:
    """Line of a metric with an estimate, that of the last horizon."""
    table = found.external.table
    lines = table[(table["metric"] == metric) & table["estimate"].notna()]
    return None if lines.empty else lines.iloc[-1].to_dict()


def _discrimination(found: Findings, wording: Wording) -> list[str]:
    timed = found.external.evaluation.outcome.timed
    line = _line(found, "harrell_c" if timed else "auc")
    if line is None:
        return []
    values = {"c": _value(line, wording), "pairs": f"{100 * line['estimate']:.0f}"}
    doubt = ["external_upside_down"] if line["upper"] < 0.5 else ["external_chance"] if line["lower"] <= 0.5 else []
    return [wording("external_c" if timed else "external_c_binary", **values), *map(wording, doubt)]


def _agreement(found: Findings, wording: Wording) -> list[str]:
    ratio, slope = _line(found, "oe_ratio"), _line(found, "calibration_slope")
    sentences = []
    if ratio is not None and math.isfinite(ratio["horizon"]):
        time = duration(ratio["horizon"], found.model.unit, wording)
        sentences.append(wording("external_oe", time=time, ratio=_value(ratio, wording)))
    elif ratio is not None:
        sentences.append(wording("external_oe_binary", ratio=_value(ratio, wording)))
    if slope is not None:
        sentences.append(wording("performance_slope", slope=_value(slope, wording)))
    return sentences


def _transport(found: Findings, wording: Wording) -> list[str]:
    transport = found.external.transport
    old, new = (float(value) for value in transport.linear_predictor["sd"])
    sentences = []
    if math.isfinite(old) and abs(new / old - 1) > 0.1:
        key = "external_spread_less" if new < old else "external_spread_more"
        sentences.append(wording(key, new=two_decimals(new), old=two_decimals(old)))
    if math.isfinite(transport.p):
        sentences.append(wording("external_drift", p=p_value(transport.p)))
    return sentences


def _value(line: Mapping[Any, Any], wording: Wording) -> str:
    digits = 2 if line["metric"] in TWO_DIGITS else 3
    return with_limits(line["estimate"], line["lower"], line["upper"], wording, digits)


def _named(line: Mapping[Any, Any], unit: str, wording: Wording) -> str:
    place = {name: None if pd.isna(line[name]) else line[name] for name in ("horizon", "threshold")}
    return metric_text({"metric": line["metric"], **place}, unit, wording)


def _performance(found: Findings, wording: Wording) -> Table:
    lines = found.external.table.to_dict("records")
    rows = tuple(
        (_named(line, found.model.unit, wording), _value(line, wording), wording(f"limits_{line['limits'] or 'none'}"))
        for line in lines
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("metric", "estimate", "limits"))
    note = wording("external_performance_note", repeats=found.external.repeats)
    return Table(wording("external_performance"), columns, rows, note)


def _subgroups(found: Findings, wording: Wording) -> Table:
    """Tabulate what the figure shows; all metrics of all groups are in the CSV file."""
    table = found.external.subgroups
    last = float(table["horizon"].max()) if len(table) else math.nan
    table = table[table["metric"].isin(GROUP_METRICS) & (table["horizon"].isna() | (table["horizon"] == last))]
    rows = tuple(
        (
            visible(f"{line['column']}: {line['group']}"),
            f"{line['n']} / {line['events']}",
            _named(line, found.model.unit, wording),
            _value(line, wording),
        )
        for line in table.to_dict("records")
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("group", "numbers", "metric", "estimate"))
    return Table(wording("external_subgroups"), columns, rows, wording("external_subgroups_note"))


def _case_mix(found: Findings, wording: Wording) -> Table:
    transport = found.external.transport
    rows = tuple(
        (visible(line["column"]), visible(line["training"]), visible(line["new"]), f"{line['smd']:.2f}")
        for line in transport.shift.to_dict("records")
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("term", "training", "new_cohort", "smd"))
    membership = with_limits(transport.membership, math.nan, math.nan, wording)
    return Table(wording("external_case_mix"), columns, rows, wording("external_case_mix_note", membership=membership))


def _drift(found: Findings, wording: Wording) -> Table:
    rows = tuple(
        (
            visible(line["term"]),
            *(f"{line[key]:.4g}" for key in ("old", "new", "difference", "se")),
            p_value(line["p"]) if math.isfinite(line["p"]) else wording("study_not_computed"),
        )
        for line in found.external.transport.drift.to_dict("records")
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("term", "old", "new", "difference", "se", "p"))
    return Table(wording("external_drift_title"), columns, rows, wording("external_drift_note"))


def _updating(found: Findings, wording: Wording) -> Table:
    lines = [] if found.updating is None else found.updating.table.to_dict("records")
    rows = tuple(
        (
            wording(f"external_step_{line['model']}"),
            str(line["parameters"]),
            f"{line['loglik']:.2f}",
            "" if pd.isna(line["p"]) else p_value(line["p"]),
            wording("yes") if line["chosen"] else "",
        )
        for line in lines
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("step", "parameters", "loglik", "p", "chosen"))
    return Table(wording("external_updating"), columns, rows, wording("external_updating_note"))
