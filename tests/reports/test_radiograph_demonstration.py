"""The demonstration of radiographs, small: what goes in, what is compared, whose map stands on which page."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest
import torch
from typer.testing import CliRunner

from cohorts import read_cohort, read_score
from cohorts.errors import PrognosisWarning
from imaging_head.fitted_head import FittedHead
from imaging_head.head import ClassHead
from imaging_head.network import Origin
from imaging_head.precision import choose_precision
from imaging_head.temperature import Temperature
from prognosis import Study
from prognosis.models import Cox
from reports import radiograph_demonstration as demonstration
from reports.cross_fit_run import read_endpoint
from reports.output_folder import Run
from reports.radiograph_demonstration import CODEBOOK, COHORT, INDEX, SCORE, STUDY, Size, run_radiograph_demo
from reports.study_file import read_study_file

SMALL = Size(patients=60, pixels=32, folds=3, workers=1)


class Layers(torch.nn.Module):
    """A network one of whose layers is looked into; its score is the grey of the film."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 1, 1, bias=False)
        self.layer2 = torch.nn.Conv2d(1, 1, 4, 4, bias=False)
        self.fc = torch.nn.Linear(1, 2)
        torch.nn.init.ones_(self.conv1.weight)
        torch.nn.init.constant_(self.layer2.weight, 1 / 16)
        with torch.no_grad():
            self.fc.weight.copy_(torch.tensor([[0.0], [4.0]]))

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        return self.fc(self.layer2(self.conv1(films)).mean((2, 3)))


@dataclasses.dataclass(frozen=True)
class Grey:
    """A learner that learns a shift only, so that every fold has another network."""

    task: tuple[int, ...] = ()

    def with_task(self, *task: int) -> Grey:
        return Grey(task)

    def fit(self, films: Any, outcome: Any) -> FittedHead:
        network = Layers()
        with torch.no_grad():
            network.fc.bias.copy_(torch.tensor([0.0, 0.01 * sum(self.task)]))
        precision = choose_precision("cpu", "float32")
        return FittedHead(network.eval(), ClassHead(2), Temperature(), Origin("random", 0), 32, True, precision)


def fitted_only(study: Path, out: str | Path, say: Any) -> Run:
    """Fit the study and save its model; nothing else of a run."""
    declared, home, folder = read_study_file(study), study.parent, Path(out)
    cohort = read_cohort(home / COHORT, codebook=home / CODEBOOK)
    scored = cohort.with_score(read_score(home / declared.scores[0].file))
    fitted = Study(scored, read_endpoint(study), declared.models[0].predictors, folds=scored.scores[0].folds,
                   seed=1, missing="complete_cases").fit(Cox(), name="with_radiograph")  # fmt: skip
    (folder / "models").mkdir(parents=True)
    fitted.save(folder / "models" / "with_radiograph.prognosis")
    return Run(folder, ("models/with_radiograph.prognosis",), ())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run, list[str]]:
    """Run it with a study that is fitted and not reported, which other tests see to."""
    said: list[str] = []
    out = tmp_path_factory.mktemp("demo") / "out"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        # on so few patients, as the command line leaves them to the report
        warnings.simplefilter("ignore", PrognosisWarning)
        patch.setattr(demonstration, "run_study", fitted_only)
        patch.setattr(demonstration, "SHOWN", (0.5,))
        done = run_radiograph_demo(out, said.append, SMALL, Grey())
    return out, done, said


def test_every_file_that_is_named_is_there(made: tuple[Path, Run, list[str]]) -> None:
    out, done, _ = made
    assert all((out / name).exists() for name in done.files)
    assert {
        "README.txt",
        "gain.csv",
        f"study/{INDEX}",
        f"study/{COHORT}",
        f"study/{SCORE}",
        f"study/{STUDY.name}",
    } <= set(done.files)
    readme = (out / "README.txt").read_text()
    patient = next(name for name in done.files if name.startswith("patients/")).split("/")[1].removesuffix(".pdf")
    assert patient in readme


def test_what_goes_in_can_be_run_again(made: tuple[Path, Run, list[str]]) -> None:
    study = made[0] / "study"
    index, cohort = pd.read_csv(study / INDEX), read_cohort(study / COHORT, codebook=study / CODEBOOK)
    assert list(index["patient"]) == list(cohort.ids)
    assert all((study / film).is_file() for film in index["film"])
    assert set(index["laterality"]) == {"L", "R"}
    declared = read_study_file(study / STUDY.name)
    assert set(declared.models[0].predictors) - set(declared.models[1].predictors) == {"radiograph"}


def test_the_gain_is_said_with_its_interval(made: tuple[Path, Run, list[str]]) -> None:
    out, _, said = made
    gain = pd.read_csv(out / "gain.csv")
    assert set(gain["metric"]) == {"harrell_c", "auc", "brier", "net_benefit"}
    row = gain.set_index("metric").loc["harrell_c"]
    assert f"gain in harrell_c: {row['difference']:+.3f} ({row['lower']:+.3f} to {row['upper']:+.3f})" in said
    assert any("net_benefit at 24 months, threshold 0.3" in line for line in said)


def test_the_page_shows_the_map_of_the_score(made: tuple[Path, Run, list[str]]) -> None:
    out, done, _ = made
    page = next(out / name for name in done.files if name.endswith(".pdf"))
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(page).pages)
    score = pd.read_csv(out / "study" / SCORE, index_col="patient").loc[page.stem]
    own = score[f"without_{int(score['fold'])}"]
    assert f"{own:.2f}" in text
    assert np.isfinite(score).all()
    html = page.with_suffix(".html").read_text(encoding="utf-8")
    assert html.count('class="raised"') == 1


def test_the_command_says_what_it_does() -> None:
    from reports.command_line import app

    found = CliRunner().invoke(app, ["images", "demo", "--help"])
    assert found.exit_code == 0
    assert "README.txt" in found.output
