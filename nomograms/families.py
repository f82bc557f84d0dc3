"""What kind of regression a nomogram shows, in words for its caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nomograms.sentences import SENTENCES
from nomograms.surrogate import Surrogate
from nomograms.wording import plain, sentence, time_text
from prognosis.competing.fine_gray_estimate import FineGrayEstimate
from prognosis.cox.estimate import CoxEstimate
from prognosis.early_relapse.estimate import EarlyEstimate
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.parametric.estimate import ParametricEstimate
from prognosis.penalised.cox_estimate import PenalisedCoxEstimate
from prognosis.published.estimate import PublishedHazard, PublishedOdds
from prognosis.transfer.estimate import TransferEstimate

if TYPE_CHECKING:
    from prognosis.model import FittedModel

# The first that fits names the family: special estimates before those they derive from.
FAMILIES = (
    (TransferEstimate, "family_transferred"),
    (PenalisedCoxEstimate, "family_penalised"),
    (CoxEstimate, "family_cox"),
    (FineGrayEstimate, "family_fine_gray"),
)


def family_text(model: FittedModel, language: str) -> str:
    """Name the kind of regression; a published one with its source."""
    estimate = model.estimate
    if isinstance(estimate, Surrogate):
        return sentence("family_surrogate", language, machine=machine_text(model, language))
    if isinstance(estimate, EarlyEstimate):
        return sentence("family_window", language, time=time_text(estimate.window, model.unit, language))
    if isinstance(estimate, PublishedHazard | PublishedOdds):
        competing = model.endpoint.kind == "competing"
        timed = "family_fine_gray" if competing else "family_cox"
        key = timed if isinstance(estimate, PublishedHazard) else "family_logistic"
        return sentence("family_published", language, family=sentence(key, language), source=plain(model.cohort))
    if isinstance(estimate, LogisticEstimate):
        return sentence(f"family_{estimate.penalty or 'logistic'}", language)
    if isinstance(estimate, ParametricEstimate):
        return sentence(f"family_{estimate.distribution}", language)
    key = next((key for kind, key in FAMILIES if isinstance(estimate, kind)), "family_cox")
    return sentence(key, language)


def machine_text(model: FittedModel, language: str) -> str:
    """Name a model that a surrogate stands for."""
    key = f"machine_{model.kind}"
    if model.kind == "cox" and model.endpoint.kind == "competing":
        key = "machine_cause_specific"
    return sentence(key, language) if key in SENTENCES else plain(model.kind.replace("_", " "))
