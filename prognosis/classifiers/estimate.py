"""What a fitted classifier is: the scale of its columns, the machine, and the way to a probability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from prognosis.classifiers.calibration import Calibration, risk_of
from prognosis.classifiers.machine import Scale, Trained
from prognosis.cox.baseline import Interval

Floats = NDArray[np.float64]
OF_CALIBRATION = ("calibration_knots", "calibration_risk")
OF_SCALE = ("means", "rest", "sds")


@dataclass(frozen=True, eq=False)
class ClassifierEstimate:
    """A classifier on design columns; a subclass names the kind of machine.

    Parameters
    ----------
    names : (columns,) of the design. variables : (columns,) their raw variables. trained : machine and scale of the
    columns. calibration : from decision value to log odds. share : of the training rows with the event.

    Notes
    -----
    The linear predictor is the log odds of the predicted probability against those of the observed share. A
    classifier has no standard errors, so the limits of `risk` are not a number.
    """

    machine_class: ClassVar[Any] = None

    names: tuple[str, ...]
    variables: tuple[str, ...]
    trained: Trained
    calibration: Calibration
    share: float
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def holds_rows(self) -> bool:
        """True when the numbers hold predictors of single patients."""
        return bool(self.machine_class.holds_rows)

    @property
    def means(self) -> Floats:
        """Training means of the columns, (columns,)."""
        return self.trained.scale.means

    @property
    def event_times(self) -> Floats:
        """None: a binary outcome has no time."""
        return np.empty(0)

    @property
    def loglik(self) -> tuple[float, float]:
        """Not a number: what the machine maximises is no likelihood of the calibrated risks."""
        return float("nan"), float("nan")

    def decision(self, design: Floats) -> Floats:
        """Decision value of the machine, (m,), before any calibration."""
        return self.trained.decision(design)

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log odds of the event against those of the training share, (m,), plus an offset."""
        eta = self.calibration.log_odds(self.decision(design)) - logit(self.share)
        return eta if offset is None else eta + offset

    def risk(
        self,
        design: Floats,
        horizons: Floats,  # noqa: ARG002
        *,
        offset: Floats | None = None,  # noqa: ARG002
        stratum: NDArray[np.int64] | None = None,  # noqa: ARG002
        level: float = 0.95,  # noqa: ARG002
        interval: Interval = "log",  # noqa: ARG002
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the calibrated probability of the event, (m, 1); its limits are not a number.

        The other arguments are those of other models: a classifier has none of them.
        """
        risk = risk_of(self.calibration.log_odds(self.decision(design)))
        unknown = np.full_like(risk, np.nan)
        return risk, unknown, unknown

    def summary(self, level: float = 0.95) -> pd.DataFrame:  # noqa: ARG002
        """Table of terms, as the machine can tell of them."""
        columns = pd.DataFrame({"term": self.names, "mean": self.means, "sd": self.trained.scale.sds})
        table: pd.DataFrame = self.trained.machine.summary(columns, self.variables)
        return table

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        scale = {name: getattr(self.trained.scale, name) for name in OF_SCALE}
        return scale | self.calibration.arrays() | self.trained.machine.arrays()

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "names": list(self.names),
            "variables": list(self.variables),
            "share": self.share,
            "calibration": self.calibration.to_dict(),
            "machine": self.trained.machine.to_dict(),
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild from `to_dict` and `arrays`, of which nothing is believed.

        Raises
        ------
        ValueError
            Parts that do not make a classifier.
        """
        names, variables = tuple(stored["names"]), tuple(stored["variables"])
        own = {key: values for key, values in arrays.items() if key not in (*OF_CALIBRATION, *OF_SCALE)}
        scale = Scale(*(np.asarray(arrays[key], float) for key in OF_SCALE))
        lengths = {len(part) for part in (names, variables, scale.means, scale.rest, scale.sds)}
        if len(lengths) > 1 or not (scale.sds > 0).all():
            raise ValueError("the columns do not fit the machine")
        if not 0 < float(stored["share"]) < 1:
            raise ValueError("the share of events is none")
        machine = cls.machine_class.restore(stored["machine"], own, len(names))
        calibration = Calibration.restore(stored["calibration"], arrays)
        return cls(names, variables, Trained(scale, machine), calibration, float(stored["share"]))
