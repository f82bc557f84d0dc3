"""Explanations of a run's models: ``explanation_NAME.parquet`` and figures of the patients the model was made from."""

from __future__ import annotations

import io
import warnings

import numpy as np

from cohorts import Cohort
from cohorts.errors import PrognosisWarning
from prognosis import FittedModel
from prognosis.explaining.explanation import Explanation
from reports.contents.explained import beeswarm_content, dependence_content
from reports.external_run import write_pictures
from reports.figures import Picture
from reports.figures.beeswarm import beeswarm_figure
from reports.figures.dependence import dependence_figure
from reports.fonts import choose_fonts
from reports.output_folder import OutputFolder
from reports.wording import Wording

# Patients explained, drawn at random where there are more; fewer where every patient costs many coalitions.
PATIENTS, FEW, MANY_PREDICTORS = 200, 50, 8
# Most important predictors that get a figure of their own.
SHOWN = 4


def explain_and_write(
    model: FittedModel, cohort: Cohort, language: str, folder: OutputFolder
) -> tuple[Explanation, dict[str, Picture]]:
    """Explain a freshly fitted model's risks at its horizons, and write table and figures into the folder of a run.

    Parameters
    ----------
    cohort : of the study. language : of the figures.

    Returns
    -------
    The explanation of at most 200 training patients, and the figures by name: ``beeswarm_NAME`` at the last horizon,
    ``dependence_NAME_1`` and so on of the most important predictors.

    Raises
    ------
    FitError
        N03 a loaded model.
    PredictionError
        As `FittedModel.explain`.
    """
    explanation = training_explanation(model, cohort)
    table = io.BytesIO()
    explanation.table.to_parquet(table, index=False)
    folder.write(f"explanation_{model.name}.parquet", table.getvalue())
    pictures = explanation_figures(model, explanation, language)
    write_pictures(pictures, model.created, folder)
    return explanation, pictures


def training_explanation(model: FittedModel, cohort: Cohort) -> Explanation:
    """Explain the training patients with known predictors, or a sample of them drawn by the model's seed."""
    model.freshly_fitted()
    trained = set(model.training.ids) if model.training else set()
    rows = cohort.frame[[str(row) in trained for row in cohort.frame.index]][list(model.door.columns)]
    if model.imputation is not None:
        rows = rows.dropna()
    most = PATIENTS if hasattr(model.estimate, "forest") or len(model.predictors) <= MANY_PREDICTORS else FEW
    if len(rows) > most:
        draw = np.random.default_rng(np.random.SeedSequence([model.seed, len(rows)]))
        rows = rows.iloc[np.sort(draw.permutation(len(rows))[:most])]
    with warnings.catch_warnings():
        # the patients have been looked at in the study
        warnings.simplefilter("ignore", PrognosisWarning)
        return model.explain(rows, seed=model.seed)


def explanation_figures(model: FittedModel, explanation: Explanation, language: str) -> dict[str, Picture]:
    """Draw an explanation of several patients at its last horizon at which all risks are known; none without one."""
    known = np.flatnonzero(np.isfinite(explanation.prediction).all(axis=0))
    if not len(known) or not len(explanation.ids):
        return {}
    wording, place = Wording(language), int(known[-1])
    variables = [model.codebook[name] for name in explanation.variables]
    texts = [(each.text(language), each.unit or "", *(each.levels or ())) for each in variables]
    fonts = choose_fonts("".join(text for one in texts for text in one), language)
    drawn = {f"beeswarm_{model.name}": beeswarm_figure(beeswarm_content(model, explanation, place, wording), fonts)}
    size = np.abs(explanation.values[:, :, place]).mean(axis=0)
    for rank, k in enumerate(np.argsort(-size, kind="stable")[:SHOWN], start=1):
        content = dependence_content(model, explanation, explanation.variables[k], place, wording)
        drawn[f"dependence_{model.name}_{rank}"] = dependence_figure(content, fonts)
    return drawn
