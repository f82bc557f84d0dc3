"""The rows that stand in for a variable that is not known: training rows, given patients, or made-up ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.explaining.enumeration import USUAL
from prognosis.explaining.made_up import made_up_patients, profile_is_known
from prognosis.explaining.permutation import PAIRS
from prognosis.harmonisation.preparation import HarmonisedPreparation
from prognosis.patients import Patients

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
# Training rows that are drawn where no background is given.
ROWS = 100
# What a patient's explanation over made-up patients may take, in seconds, and the fewest of these.
SECONDS, FEWEST = 0.25, 10
# Nanoseconds, about: any answer; each number of a net or a support vector; each question that a tree asks, in trees
# that a processor keeps near and in larger ones.
ANY, NUMBER, NEAR, FAR = 2_000.0, 3.0, 5.0, 40.0
NEAR_NODES = 20_000
Given: TypeAlias = Patients | Literal["profile"] | None


@dataclass(frozen=True, eq=False)
class Background:
    """Rows of a background: design (b, columns), uncentred; weight (b,), sum 1; text in words; whether made up."""

    design: Floats
    weight: Floats
    text: str
    made_up: bool = False


def background_of(model: FittedModel, given: Given, seed: int) -> Background:
    """Return the background of an explanation.

    Parameters
    ----------
    given : patients with known predictors, each counting once; ``"profile"`` for made-up patients, see
        `made_up_patients`; None for `ROWS` training rows, drawn by `seed`.

    Raises
    ------
    PredictionError
        X02 no patients are given and the model holds none; X04 none given, or values missing; X07 nothing is known of
        the distribution of the predictors, or they were harmonised by scanner; S14 another word; P01 to P09 for the
        rest.
    """
    if isinstance(given, str):
        return _made_up_rows(model, given, seed)
    return _training_rows(model, seed) if given is None else _given_rows(model, given)


def _given_rows(model: FittedModel, given: Patients) -> Background:
    frame = model.door.admit(given).frame
    gaps = frame[list(model.predictors)].isna().any(axis=1)
    # without imputation a gap that the door admits is a value of its own
    if frame.empty or (model.imputation is not None and gaps.any()):
        rule = "the background holds no patient" if frame.empty else "the background has missing values"
        rows = tuple(str(row) for row in frame.index[gaps])
        raise PredictionError(Finding("X04", rule, "give patients whose predictors are all known", rows=rows))
    count = len(frame)
    return Background(model.preparation.design(frame), np.full(count, 1 / count), f"{count} patients given")


def _made_up_rows(model: FittedModel, given: str, seed: int) -> Background:
    if given != "profile":
        rule = f"background={given!r} is not allowed"
        raise PredictionError(Finding("S14", rule, 'patients, "profile" for made-up ones, or None'))
    if not profile_is_known(model.profile):
        rule = "nothing is known of the distribution of the predictors: a publication gives ranges only"
        raise PredictionError(Finding("X07", rule, "give patients, background=cohort or a frame"))
    if isinstance(model.preparation, HarmonisedPreparation):
        batch = model.preparation.harmonisation.batch
        rule = f"features were harmonised by {batch}, and made-up patients have none"
        raise PredictionError(Finding("X07", rule, "give patients, background=cohort or a frame", batch))
    count = rows_for(model)
    frame = model.door.admit(made_up_patients(model, count, seed)).frame
    text = f"{count} made-up patients with the distributions and correlations of the training cohort"
    return Background(model.preparation.design(frame), np.full(count, 1 / count), text, made_up=True)


def is_additive(model: FittedModel) -> bool:
    """Tell whether the risk follows from one linear predictor without interactions: many answers cost little."""
    return hasattr(model.estimate, "risk_at") and not model.preparation.interactions


def rows_for(model: FittedModel) -> int:
    """Return how many made-up patients stand in, fewer for models whose every answer costs time."""
    if is_additive(model):
        return ROWS
    return int(min(max(SECONDS // (_coalitions(model) * answer_seconds(model.estimate)), FEWEST), ROWS))


def is_costly(model: FittedModel) -> bool:
    """Tell whether even the fewest made-up patients take longer than a page may: deep trees, many support vectors."""
    one = _coalitions(model) * answer_seconds(model.estimate)
    return not is_additive(model) and FEWEST * one > SECONDS


def _coalitions(model: FittedModel) -> int:
    """Return how many coalitions of predictors are asked."""
    variables = len(model.predictors)
    return int(2**variables) if variables <= USUAL else 2 * PAIRS * (variables + 1)


def answer_seconds(estimate: Any) -> float:
    """Return what an answer takes, by what must be read for it and not by the clock: the same on every machine."""
    arrays = [each.arrays() for each in getattr(estimate, "models", (estimate,))]
    # the hazards of several causes are walked through together
    walked = sum(len(each.get("time", ())) for each in arrays) if len(arrays) > 1 else 0
    return (NUMBER * walked + sum(_one_answer(each) for each in arrays)) * 1e-9


def _one_answer(arrays: dict[str, NDArray[Any]]) -> float:
    if "roots" in arrays:
        trees, nodes = len(arrays["roots"]), len(arrays["feature"])
        questions = trees * np.log2(max(nodes / max(trees, 1), 2.0))
        return float(ANY + (NEAR if nodes < NEAR_NODES else FAR) * questions)
    kept = arrays.get("support", arrays.get("weights"))
    return ANY + (0.0 if kept is None else NUMBER * kept.size)


def _training_rows(model: FittedModel, seed: int) -> Background:
    if model.training is None:
        rule = "this explanation averages over patients, and a model file holds none"
        way_out = 'background="profile" for made-up patients like them; background=cohort or a frame for real ones'
        raise PredictionError(Finding("X02", rule, way_out))
    kept: Any = model.training.fitted
    # of models pooled over imputed copies: the first copy, which is complete
    source: Any = kept.fits_[0] if hasattr(kept, "fits_") else kept
    rows = source.training_
    design, weight = rows.design + source.estimate_.means, rows.weight
    count = len(design)
    # sorted: the order of the training rows has no influence
    order = np.lexsort((weight, *design.T[::-1]))
    drawn = order
    if count > ROWS:
        drawn = order[np.sort(np.random.default_rng(np.random.SeedSequence([seed])).permutation(count)[:ROWS])]
    text = (
        f"{len(drawn)} of {count} training patients, drawn at random" if count > ROWS else f"{count} training patients"
    )
    return Background(design[drawn], weight[drawn] / weight[drawn].sum(), text)
