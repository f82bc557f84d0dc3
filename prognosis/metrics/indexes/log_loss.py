"""How surprised the predicted risks are by a binary outcome: the logarithmic score."""

from __future__ import annotations

import numpy as np

from prognosis.evaluation import Evaluation
from prognosis.metrics.by_horizon import checked_risk
from prognosis.metrics.index import Index, Reading, bare, reading
from prognosis.metrics.measured import from_influence

# A certain prediction that fails would count as infinite: risks stay this far from 0 and 1, as in scikit-learn.
CERTAIN = float(np.finfo(np.float64).eps)


def _log_loss(e: Evaluation, errors: bool) -> Reading:
    """Mean over the patients of minus the log-likelihood of their outcome; a proper score. Source: Good (1952).

    Weighted by case weights where there are any, as those of an outcome that was censored in some.
    """
    risk = np.clip(checked_risk(e.risk, e.risk.shape)[:, 0], CERTAIN, 1 - CERTAIN)
    loss = -np.log(np.where(e.outcome.event == 1, risk, 1 - risk))
    share = np.full(len(loss), 1 / len(loss)) if e.weight is None else e.weight / e.weight.sum()
    estimate = np.array([share @ loss])
    if not errors:
        return bare(estimate)
    influence = (share * (loss - estimate))[:, None]
    return reading(from_influence("log loss", np.array([np.nan]), estimate, influence, (0.0, np.inf)))


LOG_LOSS = Index("log_loss", _log_loss, 33, ("binary",), external=False, perfect=0.0, higher_is_better=False,
                 bounds=(0.0, np.inf))  # fmt: skip
