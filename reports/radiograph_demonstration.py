"""Radiographs end to end, on made-up knees: films, a cross-fitted score, a nomogram with it, pages with heat maps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cohorts import Cohort, Outcome, make_folds, neutralise, read_cohort, write_score
from cohorts.errors import Finding, RunError
from prognosis import FittedModel, Study, load_model
from prognosis.execution import Execution
from prognosis.models import Cox
from reports.batch import Language, write_patient
from reports.contents.radiograph import PatientFilm
from reports.cross_fit_run import read_endpoint
from reports.fonts import chinese_font
from reports.output_folder import Run, Say
from reports.run import run_study

if TYPE_CHECKING:
    from imaging_head.cross_fit import CrossFitted
    from imaging_head.learner import Learner
    from imaging_head.phantoms import Phantoms

STUDY = Path(__file__).parent / "data" / "knees_study.toml"
COHORT, CODEBOOK, INDEX, SCORE, WEIGHTS = (
    "knees.csv",
    "knees.codebook.toml",
    "index.csv",
    "radiograph.csv",
    "taught.safetensors",
)
# Columns of the phantoms that this study asks nothing about.
UNUSED = ("group", "scanner", "site")
CLINICAL = ("age", "grade")
THRESHOLDS = (0.3, 0.5)
# Of a square of 64 pixels the last layer keeps four cells, this one 64.
FINE = "layer2"
SHOWN = (0.1, 0.5, 0.9)  # of the scores: the patients whose pages are written
README = """\
Simulated knees, from films to a nomogram. Nobody here exists.

nomogram_with_radiograph.pdf   age, grade and the radiograph, added up to the risk of metastasis
patients/                      {patients}: low, middle and high score, each page with the film and its heat map
gain.csv                       what the radiograph adds to age and grade, in patients left out, with 95 % limits
study_report.pdf               the whole study: patients, both models, validation, figures
results.json, manifest.json    every number; versions, seeds, digests
models/                        both models, for prognosis predict, report, nomogram
study/                         what went in: films with their index, table, codebook, study file, and the score
                               (radiograph.csv: column without_j holds values by networks that never saw fold j;
                               taught.safetensors: what the network had learnt before, on knees of other patients)
"""


@dataclass(frozen=True)
class Size:
    """How large the demonstration is.

    Parameters
    ----------
    patients : of the study; by default more than the 437 that its four parameters ask for. taught : benign and
        malignant knees of other patients, whose Lodwick types the network learns first. pixels : of an edge.
    epochs : passes over those knees. folds, workers, seed.
    """

    patients: int = 450
    taught: tuple[int, int] = (100, 500)
    pixels: int = 64
    epochs: int = 16
    folds: int = 5
    workers: int = 2
    seed: int = 2026


def run_radiograph_demo(
    out: str | Path, say: Say = lambda _: None, size: Size | None = None, learner: Learner | None = None
) -> Run:
    """Make up films and patients, cross-fit their score, fit and validate models with it, write pages with heat maps.

    Parameters
    ----------
    out : folder. say : told, in one line each, what is being done. size : how large.
    learner : default a `RidgeHead` whose trunk learnt Lodwick's types on other knees, and whose last layer learns
        metastasis; one whose networks cannot be looked into gives pages without heat maps.

    Raises
    ------
    RunError
        K03 to K05, U03 the folder cannot be used. Besides, what the steps raise.
    """
    size = size or Size()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        say(f"making up {size.patients} patients with a film each")
        made = _simulated(size)
        _write_inputs(made, home)
        crossed = _cross_fitted(home, size, learner or _taught(home, size, say), say)
        done = run_study(home / STUDY.name, out, say)
        cohort = _cohort(home).with_score(crossed.score)
        say("comparing the models with and without the radiograph")
        gain = _gain(cohort, home)
        for line in _told(gain):
            say(line)
        more = _written(done.folder, "gain.csv", neutralise(gain).to_csv(index=False))
        model = load_model(done.folder / "models" / "with_radiograph.prognosis")
        pages = _pages(model, cohort, crossed, home, done.folder, say)
        more += _written(done.folder, "README.txt", README.format(patients=", ".join(pages)))
        kept = _keep(home, done.folder / "study")
    return replace(done, files=(*done.files, *more, *(name for files in pages.values() for name in files), *kept))


def _simulated(size: Size) -> Phantoms:
    from imaging_head import simulate_knees

    return simulate_knees({"malignant": size.patients}, seed=size.seed, size=size.pixels, machines=2)


def _write_inputs(made: Phantoms, home: Path) -> None:
    """Write what a hospital would have: films with an index, a table with its codebook, and the study file."""
    from imaging_head.overlay import png_of
    from imaging_head.phantoms import CODEBOOK as OF_PHANTOMS

    (home / "films").mkdir()
    rows = []
    for patient, pixels in zip(made.table.index, made.pixels, strict=True):
        name = f"films/{patient}.png"
        (home / name).write_bytes(png_of(pixels))
        side = made.table["side"][patient]
        rows.append({"film": name, "patient": patient, "view": "AP", "laterality": side, "date": "", "cleared": "yes"})
    pd.DataFrame(rows).to_csv(home / INDEX, index=False)
    made.table.drop(columns=list(UNUSED)).to_csv(home / COHORT)
    shutil.copyfile(STUDY, home / STUDY.name)
    (home / CODEBOOK).write_text(_without(OF_PHANTOMS.read_text(encoding="utf-8"), UNUSED), "utf-8")


def _without(codebook: str, columns: Sequence[str]) -> str:
    """Return a codebook without some columns."""
    parts = codebook.split("\n[variables.")
    kept = [part for part in parts if not part.startswith(tuple(f"{name}]" for name in columns))]
    return "\n[variables.".join(kept)


def _cohort(home: Path) -> Cohort:
    return read_cohort(home / COHORT, codebook=home / CODEBOOK)


def _taught(home: Path, size: Size, say: Say) -> Learner:
    """Teach a network Lodwick's types on knees of other patients, and return the learner that starts from it."""
    from imaging_head import simulate_knees
    from imaging_head.head import ClassHead
    from imaging_head.resnet_head import ResNet34Head
    from imaging_head.ridge_head import RidgeHead
    from imaging_head.training import Schedule
    from imaging_head.weights_file import write_weights

    benign, malignant = size.taught
    say(f"teaching a network Lodwick's types of lesions on {benign + malignant} knees of other patients")
    others = simulate_knees({"benign": benign, "malignant": malignant}, size.seed + 1, size.pixels, machines=2)
    types = others.lodwick.to_numpy(np.int64) - 1
    outcome = Outcome(tuple(others.table.index), np.full(len(types), np.nan), types)
    teacher = ResNet34Head(size.pixels, size.epochs, seed=size.seed, head=ClassHead(5), schedule=Schedule(batch=16))
    fitted = teacher.fit(others.films.squares(size.pixels), outcome)
    write_weights(fitted.network.state_dict(), home / WEIGHTS)
    return RidgeHead(home / WEIGHTS, size.pixels, seed=size.seed)


def _cross_fitted(home: Path, size: Size, learner: Learner, say: Say) -> CrossFitted:
    from imaging_head import Radiographs
    from imaging_head.cross_fit import cross_fit

    cohort, endpoint = _cohort(home), read_endpoint(home / STUDY.name)
    folds = make_folds(cohort, endpoint, size.folds, size.seed)
    squares = Radiographs.from_index(home / INDEX).squares(size.pixels)
    count = size.folds * (size.folds + 1) // 2
    say(f"fitting {count} heads, so that each patient is scored by some that never saw the patient")
    crossed = cross_fit(learner, squares, cohort, endpoint, folds, execution=Execution(size.workers))
    write_score(crossed.score, home / SCORE)
    return crossed


def _gain(cohort: Cohort, home: Path) -> pd.DataFrame:
    """Return what the radiograph adds, on the folds of the score: C, AUC, Brier score, net benefit."""
    study = Study(cohort, read_endpoint(home / STUDY.name), (*CLINICAL, "radiograph"), folds=cohort.scores[0].folds,
                  seed=2026, missing="complete_cases")  # fmt: skip
    clinical = study.fit(Cox(), name="clinical", predictors=CLINICAL)
    combined = study.fit(Cox(), name="with_radiograph")
    metrics = ("harrell_c", "auc", "brier", "net_benefit")
    validation = study.validate([clinical, combined], metrics=metrics, thresholds=THRESHOLDS)
    return validation.gain(of=combined, over=clinical)


def _told(gain: pd.DataFrame) -> list[str]:
    """Say the gain in one line a metric, as far as it can be estimated in so few patients."""
    lines = []
    for row in gain.dropna(subset="difference").itertuples():
        at = "" if np.isnan(row.horizon) else f" at {row.horizon:g} months"
        at += "" if np.isnan(row.threshold) else f", threshold {row.threshold:g}"
        lines.append(f"gain in {row.metric}{at}: {row.difference:+.3f} ({row.lower:+.3f} to {row.upper:+.3f})")
    return lines


def _pages(
    model: FittedModel, cohort: Cohort, crossed: CrossFitted, home: Path, out: Path, say: Say
) -> dict[str, tuple[str, ...]]:
    """Write the pages of patients with a low, a middle and a high score; the last in Chinese where a font is there."""
    from imaging_head import Radiographs

    films = Radiographs.from_index(home / INDEX)
    frame = cohort.view(model.door.columns)
    ranked = frame["radiograph"].sort_values(kind="stable").index
    shown = [str(ranked[int(share * (len(ranked) - 1))]) for share in SHOWN]
    maps = _maps(crossed, shown)
    pages = {}
    for place, patient in enumerate(shown):
        say(f"reporting patient {patient}")
        language: Language = "zh" if place == len(shown) - 1 and chinese_font() is not None else "en"
        film = PatientFilm.of(films, patient, maps.get(patient), crossed.score.name)
        written = write_patient(model, frame.loc[[patient]], language, out, "centiles", film)
        pages[patient] = tuple(written)
    return pages


def _maps(crossed: CrossFitted, patients: Sequence[str]) -> dict[str, Any]:
    from imaging_head.fitted_head import FittedHead
    from imaging_head.grad_cam import grad_cam
    from imaging_head.score_maps import explain_score

    if not isinstance(crossed.net(0), FittedHead):
        return {}
    films = crossed.networks.films.of(patients)
    return dict(zip(films.patients, explain_score(crossed, films, partial(grad_cam, layer=FINE)), strict=True))


def _written(folder: Path, name: str, text: str) -> tuple[str, ...]:
    from reports.page import write_whole

    write_whole(folder / name, text.encode("utf-8"))
    return (name,)


def _keep(home: Path, kept: Path) -> tuple[str, ...]:
    """Copy what went in beside what came out."""
    try:
        shutil.copytree(home, kept, dirs_exist_ok=True)
    except OSError as error:
        rule = f"cannot write into {kept}: {error.strerror or error}"
        raise RunError(Finding("K03", rule, "choose another folder with --out", file=str(kept))) from None
    return tuple(f"study/{path.relative_to(home)}" for path in sorted(home.iterdir()))
