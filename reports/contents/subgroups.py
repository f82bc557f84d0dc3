"""What the forest plot of groups of patients shows."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from prognosis.external.result import ExternalValidation
from prognosis.metrics.indexes import indexes
from prognosis.validation.subgroups import SubgroupPerformance
from reports.contents.judged import NAME_SHOWN, with_limits
from reports.figures.subgroups import SubgroupColumn, SubgroupContent
from reports.study_tables import metric_text
from reports.wording import Wording, visible

# In this order the first three that were measured are drawn; the others are in the table.
DRAWN, COLUMNS = ("harrell_c", "auc", "calibration_slope", "oe_ratio", "ipa", "brier"), 3
REFERENCES = {"harrell_c": 0.5, "auc": 0.5, "calibration_slope": 1.0, "oe_ratio": 1.0, "ipa": 0.0}


def subgroup_content(
    external: ExternalValidation | SubgroupPerformance, unit: str, labels: Mapping[str, str], wording: Wording
) -> SubgroupContent:
    """Collect C, slope and observed over expected (at the last horizon) of every group, all patients first.

    Parameters
    ----------
    external : with subgroups. unit : of the horizons. labels : of the columns, for people.
    """
    everybody = external.table.assign(column="", group="", n=external.n, events=external.events)
    table = pd.concat([everybody, external.subgroups], ignore_index=True)
    groups = list(dict.fromkeys(zip(table["column"], table["group"], table["n"], table["events"], strict=True)))
    names = [name for name in DRAWN if name in set(table["metric"]) and name in indexes()]
    # C and AUC say the same of discrimination: one of them is enough
    names = [name for name in names if name != "auc" or "harrell_c" not in names][:COLUMNS]
    title = wording("figure_subgroups", model=visible(external.model, NAME_SHOWN))
    return SubgroupContent(
        groups=tuple(
            visible(f"{labels.get(column, column)}: {group}") if column else wording("figure_all_patients")
            for column, group, *_ in groups
        ),
        numbers=tuple(f"{n} / {events}" for *_, n, events in groups),
        columns=tuple(_column(table, name, [group[:2] for group in groups], unit, wording) for name in names),
        group_label=wording("figure_group"),
        numbers_label=wording("figure_numbers"),
        title=title,
        alt=wording("figure_subgroups_alt", title=title),
    )


def _column(
    table: pd.DataFrame, name: str, groups: list[tuple[str, str]], unit: str, wording: Wording
) -> SubgroupColumn:
    lines = table[table["metric"] == name]
    last = lines["horizon"].max()
    lines = lines[lines["horizon"] == last] if pd.notna(last) else lines
    found = lines.drop_duplicates(["column", "group"]).set_index(["column", "group"]).loc[groups]
    values = {key: tuple(map(float, found[key])) for key in ("estimate", "lower", "upper")}
    rows = zip(values["estimate"], values["lower"], values["upper"], strict=True)
    text = tuple(with_limits(estimate, lower, upper, wording) for estimate, lower, upper in rows)
    place = {"metric": name, "horizon": None if pd.isna(last) else last}
    return SubgroupColumn(metric_text(place, unit, wording), REFERENCES.get(name), **values, text=text)
