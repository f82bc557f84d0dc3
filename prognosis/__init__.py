"""Models, resampling, metrics and model files: a cohort and a question become a validated prognosis.

`models` holds the recipes, one file each; `cox`, `penalised`, `logistic`, `competing`, `parametric`, `forest` what one
of them is made of; `curves` what is seen without a model; `imputation` missing predictors; `metrics` measures of
predictions; `explaining` what each predictor adds to one; `kernels` compiled loops; `persistence` model files. The
files beside them serve all models. May import `cohorts` only; never draws, and knows neither images nor reports.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cohorts.neighbours import check_neighbours
from cohorts.version import __version__

check_neighbours(__file__, "cohorts")

if TYPE_CHECKING:
    from prognosis.external.result import ExternalValidation
    from prognosis.model import FittedModel
    from prognosis.persistence.loading import load_model
    from prognosis.prediction import Prediction, Remark, RiskCurve
    from prognosis.published.columns import Columns
    from prognosis.published.model import Publication, published_model
    from prognosis.study import Study
    from prognosis.tournaments.correction import BootstrapCorrected, Nested
    from prognosis.tournaments.result import Tournament
    from prognosis.tournaments.tournament import tournament
    from prognosis.updating.result import Updating
    from prognosis.validation import Validation

# Loaded when they are first asked for: a worker, or whoever needs a kernel only, need not wait for all of it.
_WHERE = {
    "BootstrapCorrected": "prognosis.tournaments.correction",
    "Columns": "prognosis.published.columns",
    "ExternalValidation": "prognosis.external.result",
    "FittedModel": "prognosis.model",
    "Nested": "prognosis.tournaments.correction",
    "Prediction": "prognosis.prediction",
    "Publication": "prognosis.published.model",
    "Remark": "prognosis.prediction",
    "RiskCurve": "prognosis.prediction",
    "Study": "prognosis.study",
    "Tournament": "prognosis.tournaments.result",
    "Updating": "prognosis.updating.result",
    "Validation": "prognosis.validation",
    "load_model": "prognosis.persistence.loading",
    "published_model": "prognosis.published.model",
    "tournament": "prognosis.tournaments.tournament",
}

__all__ = [
    "BootstrapCorrected",
    "Columns",
    "ExternalValidation",
    "FittedModel",
    "Nested",
    "Prediction",
    "Publication",
    "Remark",
    "RiskCurve",
    "Study",
    "Tournament",
    "Updating",
    "Validation",
    "__version__",
    "load_model",
    "published_model",
    "tournament",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
