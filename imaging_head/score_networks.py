"""The networks of a cross-fitted score in a folder: what scores new patients, as the model with that score needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cohorts.errors import Finding, ModelFileError
from cohorts.raw_table import file_digest
from cohorts.whole_file import write_whole_file
from imaging_head.cross_fit import CrossFitted, mean_score
from imaging_head.fitted_head import FittedHead
from imaging_head.head_file import load_head, save_head
from imaging_head.radiographs import Squares

SCHEMA = "bone-prognosis score networks 1"
ABOUT = "networks.json"


@dataclass(frozen=True, eq=False)
class ScoreNetworks:
    """Networks that were each trained without one fold.

    Parameters
    ----------
    name : of the score. nets : one a fold.
    """

    name: str
    nets: tuple[FittedHead, ...]

    @property
    def image_size(self) -> int:
        """Pixels of an edge of the films."""
        return self.nets[0].image_size

    def score(self, films: Squares) -> pd.Series:
        """Return the score of new patients, the mean of all networks; see `CrossFitted.score_new`."""
        return mean_score(self.nets, films).rename(self.name)


def save_networks(found: CrossFitted, folder: str | Path) -> None:
    """Write the k networks of a cross-fitted ResNet34 score: ``without_0.safetensors``, ..., ``networks.json``.

    Raises
    ------
    ModelFileError
        I58 a network that is no ResNet34, or a file that cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    for fold in range(found.score.folds.k):
        file = folder / f"without_{fold}.safetensors"
        net = found.net(fold)
        if not isinstance(net, FittedHead):
            raise _fault("only networks of ResNet34Head can be saved", "keep the CrossFitted itself", file)
        save_head(net, file)
        digests[file.name] = file_digest(file)
    about = {"schema": SCHEMA, "name": found.score.name, "files": digests}
    write_whole_file(folder / ABOUT, (json.dumps(about, indent=2) + "\n").encode("utf-8"))


def load_networks(folder: str | Path) -> ScoreNetworks:
    """Open what `save_networks` wrote.

    Raises
    ------
    ModelFileError
        I58 a file that is absent, damaged, foreign, or another one than was written.
    """
    file = Path(folder) / ABOUT
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        schema, name, files = about["schema"], str(about["name"]), dict(about["files"])
    except (OSError, ValueError, KeyError, TypeError):
        schema, name, files = "", "", {}
    wanted = [f"without_{fold}.safetensors" for fold in range(len(files))]
    if schema != SCHEMA or len(files) < 2 or sorted(files) != sorted(wanted):
        raise _fault("no networks of a cross-fitted score", "give the folder that images cross-fit wrote", file)
    return ScoreNetworks(name, tuple(load_head(file.with_name(each), str(files[each])) for each in wanted))


def _fault(rule: str, way_out: str, file: Path) -> ModelFileError:
    return ModelFileError(Finding("I58", rule, way_out, file=file.name))
