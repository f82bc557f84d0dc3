"""Neural network for a binary endpoint."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from prognosis.classifiers.calibration import Kind
from prognosis.classifiers.classifier import CLASSIFIER_LIMITS, Classifier, whole
from prognosis.classifiers.cross_fitting import seed_of
from prognosis.classifiers.machine import EventWeight, LabelledRows
from prognosis.classifiers.network import Network, NetworkEstimate
from prognosis.limits import TEXT_BY_COLUMN, Bounds, Limit, Shape

Floats = NDArray[np.float64]
# Gradient of the mean loss at which a search has settled.
TOLERANCE = 1e-6


def _layers(value: object) -> bool:
    return isinstance(value, list | tuple) and 1 <= len(value) <= 5 and all(whole(1).allows(units) for units in value)


class NeuralNetwork(Classifier):
    """Feed-forward neural network with weight decay; several nets from different starts, their log odds averaged.

    Parameters
    ----------
    hidden : units of each hidden layer (tanh), one to five layers. decay : ridge penalty, ``decay / 2 * sum(weight^2)``
        beside the summed log-likelihood; constants are free. nets : how many are averaged. steps : most steps of a
        search; a net stopped there is named (B28).
    transforms : as in `Cox`.
    calibration, folds, event_weight, weights, cluster, seed, task : see `Classifier`. Platt's sigmoid is the default.

    Notes
    -----
    Columns are standardised inside the fit; categories become dummies against the first level. All rows are used, by
    quasi-Newton steps (L-BFGS): there is no early stopping, the decay alone keeps a net from following the noise. The
    starts are drawn, and the minimum found depends on them. Sources: Bishop (1995); Ripley (1996), whose ``nnet`` has
    twice this decay, on the constants too; the trainer is scikit-learn's ``MLPClassifier`` (decay is its ``alpha``).
    """

    kind: ClassVar[str] = "neural_network"
    limits: ClassVar[Mapping[str, Limit]] = {
        "hidden": Shape("a list of one to five whole numbers of at least 1", _layers),
        "decay": Bounds(0.0),
        "nets": whole(1),
        "steps": whole(1),
        "transforms": TEXT_BY_COLUMN,
        **CLASSIFIER_LIMITS,
    }
    estimate_class: ClassVar[Any] = NetworkEstimate

    def __init__(
        self,
        hidden: Sequence[int] = (5,),
        decay: float = 1.0,
        nets: int = 5,
        steps: int = 2000,
        transforms: Mapping[str, str] | None = None,
        calibration: Kind = "platt",
        folds: int = 5,
        event_weight: EventWeight = 1.0,
        weights: str | None = None,
        cluster: str | None = None,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.hidden = hidden
        self.decay = decay
        self.nets = nets
        self.steps = steps
        self.transforms = transforms
        self.calibration = calibration
        self.folds = folds
        self.event_weight = event_weight
        self.weights = weights
        self.cluster = cluster
        self.seed = seed
        self.task = task

    def learn_machine(self, rows: LabelledRows, seed: int) -> Network:
        """Train the nets, each from its own start."""
        trained = [self._net(rows, seed_of(seed, number)) for number in range(self.nets)]
        sizes = (rows.design.shape[1], *(int(units) for units in self.hidden), 1)
        weights = np.vstack([numbers for numbers, _ in trained])
        return Network(sizes, weights, sum(settled for _, settled in trained))

    def _net(self, rows: LabelledRows, seed: int) -> tuple[Floats, bool]:
        """Return the weights of one net, and whether it settled."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        net = MLPClassifier(
            tuple(int(units) for units in self.hidden),
            activation="tanh",
            solver="lbfgs",
            alpha=float(self.decay),
            max_iter=int(self.steps),
            max_fun=20 * int(self.steps),
            tol=TOLERANCE,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # said by the machine itself (B28), once for all nets
            warnings.simplefilter("ignore", ConvergenceWarning)
            net.fit(rows.design, rows.event, sample_weight=rows.weight)
        parts = [part.ravel() for pair in zip(net.coefs_, net.intercepts_, strict=True) for part in pair]
        return np.concatenate(parts), bool(net.n_iter_ < self.steps)
