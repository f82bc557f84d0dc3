"""Backward elimination by AIC or by p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from cohorts.errors import Finding, FitError
from prognosis.limits import Choice, Limit
from prognosis.selection.candidates import Candidates
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import Selector, share

Floats = NDArray[np.float64]
WITH_LIKELIHOOD = ("cox", "logistic", "fine_gray", "accelerated_failure_time")
MEASURES = ("chisq", "df", "p", "aic")


class Backward(Selector):
    """Start with all predictors and drop one after another.

    Parameters
    ----------
    criterion : ``aic``, or ``p``, which drops while a p-value is above `alpha`.
    alpha : of the criterion ``p``.
    method : ``refit`` fits the model anew without each predictor in turn and compares likelihoods, as R's ``step``;
        ``approximate`` uses the Wald tests of the full model alone, as ``rms::fastbw`` (Lawless and Singhal 1978).
    test : of the approximate method: ``residual``, all that was dropped together, or ``individual``, the next to go.

    Notes
    -----
    A predictor goes with all its columns and with its interactions. By refitting: the one is dropped without which AIC
    (-2 loglik + 2 parameters) is smallest, while that lowers it; with ``p`` the one with the largest p-value of the
    likelihood-ratio test, as ``drop1(test = "Chisq")``. The table shows the test of each predictor when it was dropped,
    or in the final model. Needs a model with a likelihood and no penalty: `Cox`, `Logistic`, `FineGray` (its
    pseudo-likelihood), `AcceleratedFailureTime`. With competing events Cox's likelihoods of all causes are added up.
    """

    kind: ClassVar[str] = "backward"
    words: ClassVar[str] = "backward elimination"
    limits: ClassVar[Mapping[str, Limit]] = {
        "criterion": Choice(("aic", "p")),
        "alpha": share(),
        "method": Choice(("refit", "approximate")),
        "test": Choice(("residual", "individual")),
    }

    def __init__(
        self,
        criterion: Literal["aic", "p"] = "aic",
        alpha: float = 0.05,
        method: Literal["refit", "approximate"] = "refit",
        test: Literal["residual", "individual"] = "residual",
    ) -> None:
        self.criterion = criterion
        self.alpha = alpha
        self.method = method
        self.test = test

    def choose(self, candidates: Candidates) -> Selection:
        """Drop predictors until the criterion stops.

        Raises
        ------
        FitError
            Y02 a model without a likelihood, or with a penalty; S20 all are dropped; those of the full model's fit.
        """
        _require_likelihood(candidates.recipe)
        steps: _Refits | _Wald = _Refits(candidates) if self.method == "refit" else _Wald.of(candidates)
        kept, free = list(candidates.names), list(candidates.free)
        path: list[tuple[str, str, tuple[float, ...]]] = [("start", "", (np.nan, 0, np.nan, steps.aic([])))]
        numbers = dict.fromkeys(candidates.names, (np.nan, 0.0, np.nan))
        while free:
            tests = {name: steps.test(kept, name) for name in free}
            numbers |= tests
            going = min(free, key=lambda name: self._order(tests[name]))
            rest, gone = [name for name in kept if name != going], [n for n in candidates.names if n not in kept]
            test = tests[going]
            if isinstance(steps, _Wald) and self.test == "residual":
                test = steps.residual([*gone, going])
            if not self._drops(test):
                break
            path.append(("drop", going, (*tests[going], steps.aic([*gone, going]))))
            kept, free = rest, [name for name in free if name != going]
        columns = dict(zip(("chisq", "df", "p"), np.array([numbers[n] for n in candidates.names]).T, strict=True))
        order = [name for _, name, _ in reversed(path) if name]
        rank = np.array([order.index(name) + 1.0 if name in order else 0.0 for name in candidates.names])
        return self.selected(candidates, kept, columns, rank=rank, path=Path.of(MEASURES, path))

    def _order(self, test: tuple[float, float, float]) -> float:
        """Smallest for the predictor that is to go first."""
        return test[0] - 2 * test[1] if self.criterion == "aic" else -test[2]

    def _drops(self, test: tuple[float, float, float]) -> bool:
        if self.criterion == "p":
            return test[2] > self.alpha
        # fastbw also drops where nothing changes; step does not
        return test[0] - 2 * test[1] <= 0 if self.method == "approximate" else test[0] - 2 * test[1] < 0


@dataclass(frozen=True)
class _Refits:
    """Likelihood-ratio tests by fitting anew; every set of predictors is fitted once."""

    candidates: Candidates
    known: dict[tuple[str, ...], tuple[float, float]] = field(default_factory=dict)

    def _fit(self, names: list[str]) -> tuple[float, float]:
        """Log-likelihood and parameters of a set of predictors."""
        key = tuple(names)
        if key not in self.known:
            self.known[key] = self._fitted(names)
        return self.known[key]

    def _fitted(self, names: list[str]) -> tuple[float, float]:
        if not names:
            full = self.candidates.fit(self.candidates.names).estimate_
            return _loglik(full)[0], _parameters(full) - len(full.names) * len(_parts(full))
        estimate = self.candidates.fit(names).estimate_
        return _loglik(estimate)[1], _parameters(estimate)

    def test(self, kept: list[str], name: str) -> tuple[float, float, float]:
        """Chi-square, degrees of freedom and p-value of dropping one more."""
        (loglik, parameters), (less, fewer) = self._fit(kept), self._fit([other for other in kept if other != name])
        chisq, df = max(2 * (loglik - less), 0.0), parameters - fewer
        return chisq, df, float(chdtrc(df, chisq))

    def aic(self, gone: list[str]) -> float:
        """AIC of the predictors that are left."""
        loglik, parameters = self._fit([name for name in self.candidates.names if name not in gone])
        return 2 * parameters - 2 * loglik


@dataclass(frozen=True)
class _Wald:
    """Wald tests from coefficients and covariance of the full model; what is dropped is conditioned on."""

    coefficients: Floats
    covariance: Floats
    variables: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, candidates: Candidates) -> _Wald:
        """Fit the full model."""
        fitted = candidates.fit(candidates.names)
        estimate = fitted.estimate_
        if len(_parts(estimate)) > 1:
            rule = "the approximate method needs one set of coefficients, which cause-specific models have not"
            raise FitError(Finding("Y02", rule, 'method="refit"'))
        return cls(estimate.coefficients, estimate.covariance, tuple(c.variables for c in fitted.preparation_.columns))

    def test(self, kept: list[str], name: str) -> tuple[float, float, float]:
        """Wald test of the columns of a predictor, given that those of the dropped ones are zero."""
        out = np.array([not set(variables) <= set(kept) for variables in self.variables])
        left = np.flatnonzero(~out)
        beta, covariance = self.coefficients[left], self.covariance[np.ix_(left, left)]
        if out.any():
            cross = self.covariance[np.ix_(left, out)]
            weight = np.linalg.solve(self.covariance[np.ix_(out, out)], cross.T).T
            beta, covariance = beta - weight @ self.coefficients[out], covariance - weight @ cross.T
        own = np.array([name in self.variables[column] for column in left])
        return _wald(beta[own], covariance[np.ix_(own, own)])

    def residual(self, gone: list[str]) -> tuple[float, float, float]:
        """Wald test of all that was dropped, in the full model."""
        own = np.array([bool(set(variables) & set(gone)) for variables in self.variables])
        return _wald(self.coefficients[own], self.covariance[np.ix_(own, own)])

    def aic(self, gone: list[str]) -> float:
        """Residual chi-square less twice its degrees of freedom, fastbw's AIC; 0 at the start."""
        if not gone:
            return 0.0
        chisq, df, _ = self.residual(gone)
        return chisq - 2 * df


def _wald(beta: Floats, covariance: Floats) -> tuple[float, float, float]:
    chisq = float(beta @ np.linalg.solve(covariance, beta))
    return chisq, float(len(beta)), float(chdtrc(len(beta), chisq))


def _parts(estimate: Any) -> tuple[Any, ...]:
    """Models of all causes, or the one that there is."""
    return tuple(getattr(estimate, "models", None) or (estimate,))


def _parameters(estimate: Any) -> float:
    """Coefficients, and intercept and scale where the likelihood has them."""
    return float(sum(len(getattr(part, "joint_covariance", part.names)) for part in _parts(estimate)))


def _loglik(estimate: Any) -> tuple[float, float]:
    parts = _parts(estimate)
    return sum(part.loglik[0] for part in parts), sum(part.loglik[1] for part in parts)


def _require_likelihood(recipe: Any) -> None:
    penalised = bool(getattr(recipe, "ridge", 0)) or getattr(recipe, "penalty", None) is not None
    if recipe.kind in WITH_LIKELIHOOD and not penalised:
        return
    what = "with a penalty" if recipe.kind in WITH_LIKELIHOOD else "of its kind"
    rule = f"{type(recipe).__name__} {what} has no likelihood by which predictors are dropped"
    raise FitError(Finding("Y02", rule, "Cox or Logistic without a penalty; or another selector"))
