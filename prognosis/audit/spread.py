"""Mean and standard deviation of printed rows against those that the table prints below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cohorts.errors import DataContractError, Finding
from prognosis.audit.confusion import Value
from prognosis.audit.printed import Printed, read_printed

Limits = tuple[float, float]


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviations of rows, as ranges that their digits allow, beside the printed ones.

    Parameters
    ----------
    mean : of the rows. of_n : standard deviation with n in the denominator. of_sample : with n - 1.
    printed_mean, printed_sd : as the table has them; None where it does not. rows : how many.
    """

    mean: Limits
    of_n: Limits
    of_sample: Limits
    printed_mean: Printed | None = None
    printed_sd: Printed | None = None
    rows: int = 0

    @property
    def mean_fits(self) -> bool:
        """Whether the rows can have the printed mean; True where there is none."""
        return self.printed_mean is None or self.printed_mean.agrees(*self.mean)

    @property
    def n_fits(self) -> bool:
        """Whether the printed standard deviation can be that with n."""
        return self.printed_sd is not None and self.printed_sd.agrees(*self.of_n)

    @property
    def sample_fits(self) -> bool:
        """Whether the printed standard deviation can be that with n - 1."""
        return self.printed_sd is not None and self.printed_sd.agrees(*self.of_sample)

    @property
    def error_fits(self) -> bool:
        """Whether the printed standard deviation is the standard error of the mean of the rows."""
        root = self.rows**0.5
        return self.printed_sd is not None and self.printed_sd.agrees(*(end / root for end in self.of_sample))

    @property
    def fits(self) -> bool:
        """Whether the rows can have the printed mean and, by either convention, the printed standard deviation."""
        return self.mean_fits and (self.printed_sd is None or self.n_fits or self.sample_fits)

    @property
    def convention(self) -> str | None:
        """``n`` or ``n - 1`` where only one of them gives the printed standard deviation, else None."""
        if self.n_fits == self.sample_fits:
            return None
        return "n" if self.n_fits else "n - 1"


def sd_convention(
    values: Sequence[Value], sd: Value | None, mean: Value | None = None, *, exact: bool = False
) -> Spread:
    """Find out whether a printed standard deviation has n or n - 1 in its denominator.

    Parameters
    ----------
    values : the rows as printed. sd, mean : as printed below them; None where there is none.
    exact : the values are no printed numbers but exact ones, such as come from numbers of patients.

    Raises
    ------
    DataContractError
        A04 no printed number; A08 fewer than two rows.

    Notes
    -----
    Rounding of rows by at most h moves their mean by at most the mean of h, and the standard deviation with n by at
    most the largest h: it is a norm, and that of the roundings around their mean is at most h.
    """
    rows = [read_printed(value) for value in values]
    if len(rows) < 2:
        raise DataContractError(Finding("A08", f"{len(rows)} row(s) have no standard deviation", "give two or more"))
    printed = [None if value is None else read_printed(value) for value in (mean, sd)]
    slack = np.zeros(len(rows)) if exact else np.array([float(row.unit) / 2 for row in rows])
    return _spread(np.array([float(row.value) for row in rows]), slack, printed[0], printed[1])


def spread_of(rows: Sequence[Printed], exact: bool, mean: Printed | None, sd: Printed | None) -> Spread:
    """As `sd_convention`, of numbers that are read already."""
    slack = np.zeros(len(rows)) if exact else np.array([float(row.unit) / 2 for row in rows])
    return _spread(np.array([float(row.value) for row in rows]), slack, mean, sd)


def _spread(values: np.ndarray, slack: np.ndarray, mean: Printed | None, sd: Printed | None) -> Spread:
    centre, shift = float(values.mean()), float(slack.mean())
    found, most = float(values.std()), float(slack.max())
    root = float(np.sqrt(len(values) / (len(values) - 1)))
    low, high = max(found - most, 0.0), found + most
    return Spread((centre - shift, centre + shift), (low, high), (low * root, high * root), mean, sd, len(values))
