"""Kinetic tree and two networks in the same folds: run from the root with PYTHONPATH=. set."""

import sys

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cohorts import Binary, Cohort, make_folds
from imaging_head.cross_fit import cross_fit
from imaging_head.kinetics import hot_spot_curves, kinetics
from imaging_head.phantom_series import simulate_series
from imaging_head.series_learner import SeriesLearner
from prognosis.metrics.classification import classify
from prognosis.metrics.roc import roc_auc
from prognosis.models import DecisionTree


def compared(patients: int = 61, epochs: int = 30, k: int = 10, seed: int = 2019) -> pd.DataFrame:
    """Return accuracy with exact limits, and AUC, of patients left out."""
    made = simulate_series(patients, seed)
    X = kinetics(hot_spot_curves(made.series, made.lesions))
    cohort = Cohort.from_frame(made.table.reset_index(), id="pid")
    endpoint, risk = Binary("lung cancer", event="event"), {"the rule itself": made.truth["risk"].to_numpy()}
    y, folds = endpoint.outcome(cohort).to_structured(), make_folds(cohort, endpoint, k, seed)
    tree, risk["kinetic tree"] = DecisionTree(depth=2, min_leaf=5, pruning=0.0, calibration="none"), np.empty(patients)
    for out in (folds.assignment.to_numpy() == fold for fold in range(k)):
        against_share = tree.fresh().fit(X[~out], y[~out]).predict(X[out])
        risk["kinetic tree"][out] = expit(against_share + logit(y["event"][~out].mean()))
    for network in ("conv_lstm", "mean_frame"):
        learner = SeriesLearner(network, epochs=epochs, seed=seed)
        risk[network] = expit(cross_fit(learner, made.series, cohort, endpoint, folds, nested=False).score.values[:, 0])
    counted = {
        name: classify(y["event"], p, 0.5).table().set_index("metric").loc["accuracy"] for name, p in risk.items()
    }
    return pd.DataFrame(counted).T.assign(auc={name: roc_auc(y["event"], p).estimate[0] for name, p in risk.items()})


if __name__ == "__main__":
    sys.stdout.write(compared().to_string() + "\n")
