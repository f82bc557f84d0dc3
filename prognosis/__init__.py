"""Models, resampling, metrics and model files: a cohort and a question become a validated prognosis.

`models` holds the recipes, one file each; `cox`, `penalised`, `logistic`, `competing`, `parametric`, `forest` what one
of them is made of; `curves` what is seen without a model; `imputation` missing predictors; `metrics` measures of
predictions; `explaining` what each predictor adds to one; `kernels` compiled loops; `persistence` model files. The
files beside them serve all models. May import `cohorts` only; never draws, and knows neither images nor reports.
"""

from __future__ import annotations

from cohorts.neighbours import check_neighbours
from cohorts.version import __version__

check_neighbours(__file__, "cohorts")

from prognosis.external.result import ExternalValidation  # noqa: E402
from prognosis.model import FittedModel  # noqa: E402
from prognosis.persistence.loading import load_model  # noqa: E402
from prognosis.prediction import Prediction, Remark, RiskCurve  # noqa: E402
from prognosis.published.columns import Columns  # noqa: E402
from prognosis.published.model import Publication, published_model  # noqa: E402
from prognosis.study import Study  # noqa: E402
from prognosis.tournaments.correction import BootstrapCorrected, Nested  # noqa: E402
from prognosis.tournaments.result import Tournament  # noqa: E402
from prognosis.tournaments.tournament import tournament  # noqa: E402
from prognosis.updating.result import Updating  # noqa: E402
from prognosis.validation import Validation  # noqa: E402

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
