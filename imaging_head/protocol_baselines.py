"""What films are compared with in the rounds of a protocol: the commoner side, and age alone."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.special import expit

from imaging_head.protocols import Round
from imaging_head.strata import AGE
from prognosis.logistic.regression import fit_firth


def baseline_risks(made: Sequence[Round], table: pd.DataFrame) -> dict[int, pd.DataFrame]:
    """Return by round the risks of the tested patients by what was learnt from the training patients' outcome and age.

    Returns
    -------
    Frames, index = tested patients: `majority`, the share of the event in training; `age`, where the table has it, the
    risk of a logistic model with age alone (linear, Firth's penalty: its maximum exists where age separates the sides).
    Where all training patients are of one age, it is that share too.
    """
    found = {}
    for each in made:
        share = float(each.train.mean())
        risks = pd.DataFrame({"majority": share}, index=each.test.index)
        if AGE in table:
            ages, new = (table.loc[side.index, AGE].to_numpy(float) for side in (each.train, each.test))
            risks["age"] = share
            if ages.min() < ages.max():
                fit = fit_firth(ages[:, None], each.train.to_numpy() == 1, (AGE,))
                risks["age"] = expit(fit.intercept + fit.coefficients[0] * (new - fit.means[0]))
        found[each.number] = risks
    return found
