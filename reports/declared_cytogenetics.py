"""Karyotypes and FISH of a study file: the cohort's columns and a table of FISH become abnormalities."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cohorts import Cohort
from cohorts.cytogenetics import Rules
from cohorts.errors import Finding, RunError
from reports.study_file import StudyFile


def with_declared_cytogenetics(cohort: Cohort, declared: StudyFile, home: Path) -> Cohort:
    """Return the cohort with what ``[cytogenetics]`` asks for; the cohort itself without that table.

    Raises
    ------
    RunError
        U01 the table of FISH cannot be read.
    DataContractError
        As `Cohort.with_cytogenetics`.
    """
    asked = declared.cytogenetics
    if asked is None:
        return cohort
    fish = asked.fish if asked.fish_table is None else read_fish_table(home / asked.fish_table)
    rules = Rules(asked.precedence, purified=asked.purified, disease="myeloma" if asked.disease == "myeloma" else None)
    return cohort.with_cytogenetics(asked.karyotype, fish, asked.features, prevalence=asked.prevalence, rules=rules)


def read_fish_table(path: Path) -> pd.DataFrame:
    """Return the cells of a CSV file of FISH as text.

    Raises
    ------
    RunError
        U01 the file is absent or no table in UTF-8.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        rule = f"cannot read the table of FISH: {error}"
        raise RunError(Finding("U01", rule, "give a CSV file in UTF-8", file=path.name)) from None
