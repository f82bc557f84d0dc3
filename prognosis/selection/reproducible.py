"""Predictors that a second reading finds again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.limits import Choice, Limit, Shape
from prognosis.selection.candidates import Candidates
from prognosis.selection.result import Selection
from prognosis.selection.selector import Selector, share, whole

Floats = NDArray[np.float64]
FORMS = ("ICC(2,1)", "ICC(3,1)")


def _is_mapping(value: object) -> bool:
    if not isinstance(value, Mapping) or not value:
        return False
    listed = [[columns] if isinstance(columns, str) else columns for columns in value.values()]
    return all(isinstance(one, list | tuple) and one and all(isinstance(c, str) for c in one) for one in listed)


class Reproducible(Selector):
    """Keep predictors whose repeated readings agree: an intraclass correlation of at least `least`.

    Parameters
    ----------
    readings : by predictor the column of X with its second reading (or the columns of several more); these columns are
        no predictors. Missing where a patient was read once.
    least : intraclass correlation that is kept.
    form : ``ICC(2,1)``, absolute agreement, readers drawn from many; ``ICC(3,1)``, consistency of these readers.
    fewest : patients that must have been read by all, else the choice is refused.

    Notes
    -----
    Two-way analysis of variance of the patients whom all readings know; a patient drawn twice by a resample counts
    once. Predictors without a second reading (clinical ones) are kept. The outcome is not looked at.
    Source: Shrout and Fleiss (1979); ``psych::ICC``.
    """

    kind: ClassVar[str] = "reproducible"
    words: ClassVar[str] = "the agreement of repeated readings"
    limits: ClassVar[Mapping[str, Limit]] = {
        "readings": Shape('a mapping to columns, for example {"entropy": "entropy_again"}', _is_mapping),
        "least": share(),
        "form": Choice(FORMS),
        "fewest": whole(3),
    }

    def __init__(
        self,
        readings: Mapping[str, str | Sequence[str]] | None = None,
        least: float = 0.75,
        form: Literal["ICC(2,1)", "ICC(3,1)"] = "ICC(2,1)",
        fewest: int = 10,
    ) -> None:
        self.readings = readings
        self.least = least
        self.form = form
        self.fewest = fewest

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns with further readings."""
        return tuple(dict.fromkeys(column for columns in self._listed.values() for column in columns))

    @property
    def _listed(self) -> dict[str, list[str]]:
        given = self.readings or {}
        return {name: [columns] if isinstance(columns, str) else list(columns) for name, columns in given.items()}

    def choose(self, candidates: Candidates) -> Selection:
        """Compare the readings.

        Raises
        ------
        FitError
            Y03 readings of what is no predictor; Y04 too few patients were read again; S20 nothing agrees.
        DataContractError
            P01 a column is absent; C10 readings that are no numbers.
        """
        raise_findings(_check_names(self._listed, candidates), FitError)
        frame = _patients_once(candidates)
        raise_findings(_check_numbers(self._listed, frame), DataContractError)
        agreement, pairs = np.full(len(candidates.names), np.nan), np.zeros(len(candidates.names))
        for place, name in enumerate(candidates.names):
            if name in self._listed:
                values = frame[[name, *self._listed[name]]].to_numpy(float)
                known = values[np.isfinite(values).all(axis=1)]
                agreement[place], pairs[place] = self._agreement(known, name), len(known)
        kept = [
            name for name, icc in zip(candidates.names, agreement, strict=True) if np.isnan(icc) or icc >= self.least
        ]
        return self.selected(
            candidates, kept, {"icc": agreement, "pairs": pairs}, rank=-np.nan_to_num(agreement, nan=2.0)
        )

    def _agreement(self, values: Floats, name: str) -> float:
        if len(values) < self.fewest:
            rule = f"{len(values)} patients have all readings of {name}, of at least {self.fewest}"
            raise FitError(Finding("Y04", rule, "read more patients again, or a smaller fewest", name))
        return intraclass_correlation(values, absolute=self.form == FORMS[0])


def intraclass_correlation(values: Floats, *, absolute: bool) -> float:
    """Intraclass correlation of single readings.

    Parameters
    ----------
    values : (patients, readings). absolute : ICC(2,1), differences between readers count; else ICC(3,1).

    Returns
    -------
    The correlation; 0 where neither patients nor readings differ.

    Notes
    -----
    Source: Shrout and Fleiss (1979), Psychological Bulletin 86, 420.
    """
    n, k = values.shape
    total, patient, reader = values.mean(), values.mean(axis=1), values.mean(axis=0)
    between = k * ((patient - total) ** 2).sum() / (n - 1)
    readers = n * ((reader - total) ** 2).sum() / (k - 1)
    error = ((values - patient[:, None] - reader + total) ** 2).sum() / ((n - 1) * (k - 1))
    below = between + (k - 1) * error + (k * (readers - error) / n if absolute else 0.0)
    return float((between - error) / below) if below > 0 else 0.0


def _patients_once(candidates: Candidates) -> pd.DataFrame:
    patient = candidates.special.patient
    if patient is None:
        return candidates.frame
    return candidates.frame.iloc[np.unique(patient, return_index=True)[1]]


def _check_names(listed: Mapping[str, Sequence[str]], candidates: Candidates) -> list[Finding]:
    unknown = [name for name in listed if name not in candidates.names]
    advice = "name predictors, and the columns of their second readings"
    return [Finding("Y03", f"readings names '{name}', which is not a predictor", advice, name) for name in unknown]


def _check_numbers(listed: Mapping[str, Sequence[str]], frame: pd.DataFrame) -> list[Finding]:
    found = []
    for name in [column for first, others in listed.items() for column in (first, *others)]:
        if name not in frame:
            found.append(Finding("P01", f"column {name} is not in X", "add the column", name))
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            found.append(
                Finding("C10", f"{frame[name].dtype} dtype: readings are compared as numbers", "give numbers", name)
            )
    return found
