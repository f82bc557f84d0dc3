"""Groups of patients with the same strata in each: what is trained on and tested in the rounds of a protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

import numpy as np
import pandas as pd

from cohorts.errors import Finding, ImageError, LeakageError, raise_findings
from imaging_head.phantoms import BENIGN, MALIGNANT, NORMAL

# Of the radiograph paper (2021, Prog Mod Biomed 21(15):2843): five groups of 52 normal knees and 52 tumours.
PUBLISHED_COUNTS: Mapping[str, int] = {NORMAL: 52, BENIGN: 16, MALIGNANT: 36}
STRATUM, GROUP, AGE = "stratum", "group", "age"
OLDEST = 120


@dataclass(frozen=True)
class GroupsOfStrata:
    """Deal patients into groups of equal make-up, by chance within each stratum; all films of a patient go with him.

    Parameters
    ----------
    groups : their number. counts : patients of each stratum in each group, to be met exactly; None deals each stratum
        out as evenly as it can be, so that the groups differ by one patient of a stratum at most.
    seed : the same seed gives the same groups, in whatever order the patients are listed.

    Raises
    ------
    ImageError
        I65 fewer than two groups.
    """

    groups: int = 5
    counts: Mapping[str, int] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.groups < 2:
            raise ImageError(Finding("I65", f"{self.groups} groups", "at least two: one is tested"))

    def deal(self, strata: pd.Series) -> pd.Series:
        """Return the group (0, 1, ...) of each patient.

        Parameters
        ----------
        strata : (n,) name of the stratum, index = patients.

        Raises
        ------
        LeakageError
            I66 a patient is listed twice: he could be in training and test at once.
        ImageError
            I65 a stratum does not have the patients that the groups need.
        """
        twice = strata.index[strata.index.duplicated()].unique()
        if len(twice):
            rule = "the patient is listed twice, and could be trained on and tested at once"
            raise LeakageError(Finding("I66", rule, "one row a patient", rows=tuple(map(str, twice))))
        present = sorted(strata.unique())
        raise_findings(self._faults(strata.value_counts().to_dict()), ImageError)
        group, next_group = pd.Series(0, index=strata.index, name=GROUP), 0
        for place, stratum in enumerate(present):
            patients = sorted(strata.index[strata == stratum])
            random = np.random.default_rng(np.random.SeedSequence([self.seed, 65, place]))
            # a stratum that does not divide evenly goes on where the last one ended: sizes stay near
            numbers = (next_group + np.arange(len(patients))) % self.groups
            group.loc[patients] = random.permutation(numbers)
            next_group = (next_group + len(patients)) % self.groups
        return group

    def _faults(self, found: Mapping[str, int]) -> list[Finding]:
        if self.counts is None:
            return [
                Finding("I65", f"{number} patients of {stratum} for {self.groups} groups", "make fewer groups", STRATUM)
                for stratum, number in found.items()
                if number < self.groups
            ]
        return [
            Finding("I65", f"{found.get(name, 0)} patients of {name}, declared are {self.groups} groups of {each}",
                    f"give {self.groups * each} patients, or leave counts out to deal evenly", STRATUM)
            for name in dict.fromkeys([*self.counts, *found])
            if found.get(name, 0) != self.groups * (each := self.counts.get(name, 0))
        ]  # fmt: skip


def patients_of(
    strata: Mapping[str, str] | pd.Series, ages: Mapping[str, float] | pd.Series | None = None
) -> pd.DataFrame:
    """Return the table of patients that protocols read: index patient, columns stratum and, where given, age.

    Raises
    ------
    ImageError
        I66 a patient without a stratum. I67 a patient without an age, or with one that nobody has: age in whole or
        decimal years, 0 to 120.
    """
    named = pd.Series(strata, dtype=object).astype(object)
    table = pd.DataFrame({STRATUM: named.to_numpy()}, index=pd.Index(map(str, named.index), name="patient"))
    unnamed = table.index[table[STRATUM].isna() | (table[STRATUM].astype(str).str.strip() == "")]
    findings = [
        Finding("I66", "the patient is in no stratum", "name it, or leave the patient out", STRATUM, tuple(unnamed))
    ][: len(unnamed)]
    if ages is not None:
        given = pd.Series(ages, dtype=float)
        table[AGE] = given.set_axis(list(map(str, given.index))).reindex(table.index)
        odd = tuple(patient for patient, age in table[AGE].items() if isnan(age) or not 0 <= age <= OLDEST)
        rule = "the age is missing, or none that a person has"
        findings += (
            [Finding("I67", rule, "complete it, or do without the comparison with age", AGE, odd)] if odd else []
        )
    raise_findings(findings, ImageError)
    return table
