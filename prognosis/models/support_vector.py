"""Support vector machine for a binary endpoint."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from prognosis.classifiers.calibration import Kind
from prognosis.classifiers.classifier import CLASSIFIER_LIMITS, Classifier
from prognosis.classifiers.machine import EventWeight, LabelledRows
from prognosis.classifiers.support_vectors import Plane, PlaneEstimate, RadialEstimate, RadialMachine
from prognosis.limits import TEXT_BY_COLUMN, Bounds, Choice, Limit, Shape

KERNELS = ("rbf", "linear")
# Of libsvm: the largest violation of the optimality conditions. Coarser ones make numbers depend on the unit.
TOLERANCE = 1e-6
CACHE_MB = 500
# Steps after which a search is stopped; a margin that was not found is named (B28).
STEPS = 10_000_000


def _width(value: object) -> bool:
    return value == "scale" if isinstance(value, str) else Bounds(1e-9, 1e9).allows(value)


class SupportVectorMachine(Classifier):
    """Support vector machine: the widest margin between patients with and without the event.

    Parameters
    ----------
    kernel : ``rbf``, Gaussian kernels, or ``linear``.
    C : cost of a patient on the wrong side of the margin, from 1e-6 to 1e6; a case weight multiplies it.
    gamma : of Gaussian kernels, ``exp(-gamma * squared distance)`` on standardised columns; ``scale``: 1 over the
        number of columns (scikit-learn's "scale" on such columns).
    transforms : as in `Cox`.
    event_weight : see `Classifier`; ``balanced`` here. With 1 the margin seeks risks of one half, which few patients
        reach where events are rare: the machine then often tells nobody apart. The calibration restores the level.
    calibration, folds, weights, cluster, seed, task : see `Classifier`. Platt's sigmoid is the default; ``none`` is
        refused (B22): decision values are no probabilities.

    Notes
    -----
    Columns are standardised inside the fit; categories become dummies against the first level. A machine with
    Gaussian kernels consists of patients' rows: its file is written with ``store_reference=True`` only (L21); a linear
    one keeps its weights alone. The marker of discrimination is the calibrated risk. Only folds are drawn at random.
    Sources: Cortes and Vapnik (1995); Platt (1999); libsvm through scikit-learn's ``SVC``.
    """

    kind: ClassVar[str] = "support_vector_machine"
    own_probability: ClassVar[bool] = False
    limits: ClassVar[Mapping[str, Limit]] = {
        "kernel": Choice(KERNELS),
        "C": Shape("a number from 1e-6 to 1e6", Bounds(1e-6, 1e6).allows),
        "gamma": Shape('a number from 1e-9 to 1e9, or "scale"', _width),
        "transforms": TEXT_BY_COLUMN,
        **CLASSIFIER_LIMITS,
    }
    estimate_class: ClassVar[Any] = (RadialEstimate, PlaneEstimate)

    def __init__(
        self,
        kernel: Literal["rbf", "linear"] = "rbf",
        C: float = 1.0,
        gamma: float | Literal["scale"] = "scale",
        transforms: Mapping[str, str] | None = None,
        calibration: Kind = "platt",
        folds: int = 5,
        event_weight: EventWeight = "balanced",
        weights: str | None = None,
        cluster: str | None = None,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.kernel = kernel
        self.C = C
        self.gamma = gamma
        self.transforms = transforms
        self.calibration = calibration
        self.folds = folds
        self.event_weight = event_weight
        self.weights = weights
        self.cluster = cluster
        self.seed = seed
        self.task = task

    def learn_machine(self, rows: LabelledRows, seed: int) -> Plane | RadialMachine:  # noqa: ARG002
        """Solve the dual problem; nothing is drawn."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.svm import SVC

        columns = rows.design.shape[1]
        gamma = 1 / columns if self.gamma == "scale" else float(self.gamma)
        machine = SVC(C=self.C, kernel=self.kernel, gamma=gamma, tol=TOLERANCE, cache_size=CACHE_MB, max_iter=STEPS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            machine.fit(rows.design, rows.event, sample_weight=rows.weight)
        settled = machine.fit_status_ == 0 and bool((machine.n_iter_ < STEPS).all())
        dual, constant = machine.dual_coef_[0], float(machine.intercept_[0])
        support = machine.support_vectors_
        if self.kernel == "linear":
            return Plane(np.asarray((dual[:, None] * support).sum(axis=0)), constant, settled)
        return RadialMachine(np.array(support, float), np.array(dual, float), gamma, constant, settled)
