"""The page on a run of the protocols: the design, what came out in plain sentences, the tables behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from imaging_head.protocol_measures import Measures
from imaging_head.protocol_run import AGE_ONLY, IMAGE, MAJORITY, Rounds
from imaging_head.strata import GROUP, STRATUM
from reports.contents.judged import with_limits
from reports.figures import Picture
from reports.formatting import count
from reports.protocol_asked import Done
from reports.protocol_sentences import sentences_of, spanned
from reports.results import software
from reports.study_tables import Table, figures_of, section
from reports.wording import Wording, visible

SHARES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
MEANS = ("auc", *SHARES, "brier", "calibration_intercept", "calibration_slope")
THREE_DIGITS = ("brier",)


def protocol_content(done: Done, pictures: Mapping[str, Picture], created: str, wording: Wording) -> dict[str, Any]:
    """Return every text and table of the page, for the templates of the study report.

    Parameters
    ----------
    pictures : figures by name, ``roc_TASK``. created : date, YYYY-MM-DD.
    """
    tables = [_reached(done, wording)]
    for rounds, measures in done.tasks.values():
        tables += [_performance(rounds, measures, wording), _by_round(rounds, measures, wording)]
    figures = figures_of(pictures, ("roc",), wording)
    return {
        "language": wording.language,
        "created": created,
        "title": wording("rounds_title", films=visible(done.files)),
        "headings": wording.group("study_heading_"),
        "summary": [text for found in done.tasks.values() for text in sentences_of(*found, wording)],
        "question": _question(done, wording),
        "tables": [section(table, figures if place == 0 else ()) for place, table in enumerate(tables)],
        "nomogram_alt": "",
        "warnings": [visible(str(finding), 600) for finding in done.warnings],
        "conventions": [],
        "software": ", ".join(f"{name} {version}" for name, version in software().items()),
        "limits": [wording(key) for key in ("rounds_limit_overlap", "rounds_limit_share", "rounds_limit_place")],
    }


def _question(done: Done, wording: Wording) -> list[tuple[str, str]]:
    table = done.labelled.table
    numbers = {"films": count(done.films, wording), "patients": count(len(table), wording)}
    left_out = [f"{visible(reason)}: {number}" for reason, number in done.labelled.left_out.items()]
    return [
        (wording("rounds_films"), wording("rounds_films_of", **numbers)),
        (wording("rounds_groups"), _groups(table, done.settings.groups, wording)),
        (wording("rounds_network"), visible(done.network)),
        *([(wording("rounds_left_out"), "; ".join(left_out))] if left_out else []),
    ]


def _groups(table: pd.DataFrame, groups: int, wording: Wording) -> str:
    """Say what each group holds; a range where the patients of a stratum do not divide evenly."""
    sizes = pd.crosstab(table[GROUP], table[STRATUM])
    held = [f"{spanned(sizes[name])} {visible(name)}" for name in sizes]
    return wording("rounds_groups_of", groups=groups, held=", ".join(held))


def _reached(done: Done, wording: Wording) -> Table:
    """Tabulate the areas and accuracies of the tasks; what age alone reaches is empty where ages are unknown."""
    asked = (("auc", IMAGE), ("auc", AGE_ONLY), ("accuracy", IMAGE), ("accuracy", MAJORITY))
    rows = []
    for rounds, measures in done.tasks.values():
        means = measures.means.set_index(["predictor", "metric"])
        cells = [_interval(means, (predictor, metric), "mean", wording) for metric, predictor in asked]
        rows.append((_against(rounds, wording), *cells))
    heads = (
        "rounds_column_task",
        "rounds_column_auc",
        "rounds_column_auc_age",
        "rounds_column_accuracy",
        "rounds_column_accuracy_majority",
    )
    columns = tuple(map(wording, heads))
    return Table(wording("rounds_reached"), columns, tuple(rows), wording("rounds_reached_note"))


def _against(rounds: Rounds, wording: Wording) -> str:
    contrast = rounds.contrast
    return wording("rounds_against", event=visible(contrast.event_name), other=visible(contrast.other_name))


def _performance(rounds: Rounds, measures: Measures, wording: Wording) -> Table:
    predictors = list(rounds.predictors)
    pooled = measures.pooled.set_index(["predictor", "metric"])
    means = measures.means.set_index(["predictor", "metric"])
    rows = tuple(
        (
            wording(f"metric_{metric}"),
            _interval(pooled, (IMAGE, metric), "estimate", wording),
            *(_of_rounds(means, (predictor, metric), len(rounds.made), wording) for predictor in predictors),
        )
        for metric in MEANS
    )
    heads = {IMAGE: "rounds_column_mean", MAJORITY: "rounds_column_majority", AGE_ONLY: "rounds_column_age"}
    columns = (
        wording("study_column_metric"),
        wording("rounds_column_pooled"),
        *(wording(heads[predictor]) for predictor in predictors),
    )
    note = wording("rounds_performance_note", threshold=f"{measures.threshold:g}", times=rounds.times_tested)
    return Table(_against(rounds, wording), columns, rows, note)


def _interval(table: pd.DataFrame, place: tuple[str, str], value: str, wording: Wording) -> str:
    if place not in table.index:
        return ""
    line = table.loc[place]
    return with_limits(line[value], line["lower"], line["upper"], wording, 3 if place[1] in THREE_DIGITS else 2)


def _of_rounds(means: pd.DataFrame, place: tuple[str, str], rounds: int, wording: Wording) -> str:
    """Return a mean, with the number of rounds it is of where some have no value."""
    shown = _interval(means, place, "mean", wording)
    known = int(means.loc[place, "rounds"]) if shown else rounds
    return shown if known == rounds else f"{shown} [{known}/{rounds}]"


def _by_round(rounds: Rounds, measures: Measures, wording: Wording) -> Table:
    found = measures.rounds[measures.rounds["predictor"] == IMAGE].set_index(["round", "metric"])
    rows = []
    for each in rounds.made:
        lines = found.loc[each.number]
        shares = [_share(lines.loc[metric], wording) for metric in SHARES]
        area = lines.loc["auc"]
        counts = "/".join(str(number) for number in _counts(lines))
        shown = with_limits(area["estimate"], area["lower"], area["upper"], wording)
        rows.append((str(each.number), ", ".join(str(group + 1) for group in each.groups), counts, *shares, shown))
    columns = (
        wording("rounds_column_round"),
        wording("rounds_column_tested"),
        wording("rounds_column_counts"),
        *(wording(f"metric_{metric}") for metric in (*SHARES, "auc")),
    )
    title = wording("rounds_each", task=visible(rounds.contrast.name))
    return Table(title, columns, tuple(rows), wording("rounds_each_note", threshold=f"{measures.threshold:g}"))


def _counts(lines: pd.DataFrame) -> tuple[int, int, int, int]:
    """Return true positives, false negatives, true negatives, false positives."""
    hit, with_event = (int(lines.loc["sensitivity", name]) for name in ("count", "total"))
    right, without = (int(lines.loc["specificity", name]) for name in ("count", "total"))
    return hit, with_event - hit, right, without - right


def _share(line: pd.Series, wording: Wording) -> str:
    return f"{line['estimate']:.2f}" if line["total"] else wording("figure_unknown")
