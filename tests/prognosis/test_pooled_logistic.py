"""A pooled logistic model answers by Rubin's rules on each patient's log odds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from prognosis.imputation.chained import impute_training
from prognosis.imputation.pooled_logistic import pool_logistic
from prognosis.models import Logistic
from prognosis.outcome import SurvivalArrays
from tests.prognosis.incomplete import incomplete

Z = 1.959963984540054


@pytest.mark.parametrize("penalty", [None, "firth"])
def test_logistic(penalty):
    frame, outcome = incomplete(300, seed=5)
    died = SurvivalArrays(np.full(300, np.nan), outcome.event)
    copies = impute_training(frame, died, copies=4, iterations=2).copies
    fits = [Logistic(penalty=penalty).fit(copy, outcome.event) for copy in copies]
    estimates, who = [fit.estimate_ for fit in fits], fits[0].preparation_.design(copies[0])[:40]
    estimate, pooled = pool_logistic(estimates, 300)
    assert pooled.names == ("Intercept", *estimate.names)
    assert (pooled.complete_freedom == 300 - len(pooled.names)).all()
    # each patient's log odds and their error by Rubin's rules on the copies' own answers
    answers = [one.risk(who, np.array([np.nan])) for one in estimates]
    odds = np.array([logit(risk[:, 0]) for risk, _, _ in answers])
    errors = np.array([(logit(high) - logit(risk))[:, 0] / Z for risk, _, high in answers])
    total = (errors**2).mean(axis=0) + (1 + 1 / 4) * odds.var(axis=0, ddof=1)
    risk, _, upper = estimate.risk(who, np.array([np.nan]))
    np.testing.assert_allclose(logit(risk[:, 0]), odds.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose((logit(upper) - logit(risk))[:, 0] / Z, np.sqrt(total), rtol=1e-6)
    summary = estimate.summary()
    table = pooled.with_t(summary)
    np.testing.assert_allclose(summary["se"], np.sqrt(np.diag(pooled.total)))
    np.testing.assert_allclose(np.log(table["lower"]), pooled.summary()["lower"])
    np.testing.assert_allclose(estimate.risk_at(who @ estimate.coefficients, np.array([np.nan])), risk, rtol=1e-10)
