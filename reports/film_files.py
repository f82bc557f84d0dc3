"""Files from which patients' pages get their radiographs: an index of films, and the networks that made their score."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from cohorts.errors import DataContractError, Finding, ImageError, PredictionError, RunError
from prognosis.profile import NumericProfile
from reports.contents.radiograph import PatientFilm

if TYPE_CHECKING:
    from imaging_head import Film, Radiographs
    from imaging_head.heatmap import HeatMap
    from imaging_head.score_networks import ScoreNetworks
    from prognosis import FittedModel

MOST_BEHIND = 40


@dataclass(frozen=True)
class FilmFiles:
    """Where films and networks lie; each process opens them once.

    Parameters
    ----------
    index : of the patients' films. networks : folder that `prognosis images cross-fit` wrote.
    score : the score of the study's own patients, whose maps are of the network that never saw them; without it all
        patients are new ones, and their maps the mean over all networks.
    background : index of films that the networks were trained on; maps then show what differs from their mean (of the
        first film of 40 patients at most).
    layer : whose cells the maps show, ``layer1`` to ``layer4``.
    """

    index: Path
    networks: Path
    score: Path | None = None
    background: Path | None = None
    layer: str = "layer4"

    def digests(self) -> dict[str, str]:
        """Return SHA-256 of the files that name films and networks, and of the films: one digest of an index's all."""
        from imaging_head.score_networks import ABOUT

        named = {"radiographs": self.index, "networks": self.networks / ABOUT, "score": self.score,
                 "background": self.background}  # fmt: skip
        found = {what: _digest(path) for what, path in named.items() if path is not None}
        behind = {} if self.background is None else {"background films": _digest_of_films(self.background)}
        return found | {"films": _digest_of_films(self.index)} | behind

    def check(self, model: FittedModel, patients: Sequence[str]) -> None:
        """Open everything and refuse what cannot give any page, before one is written.

        Raises
        ------
        PredictionError
            R72 the networks' score is no predictor of the model; R74 no patient of the table has a film.
        DataContractError
            R73 a score that these networks did not make.
        ModelFileError, ImageError
            What networks and indexes raise.
        """
        opened = _opened(self)
        name = opened.nets.name
        if not isinstance(model.profile.get(name), NumericProfile):
            rule = f"the networks make the score {name}, which is no predictor of this model"
            advice = f"give the networks of one of {', '.join(model.predictors)}, or a model with {name}"
            raise PredictionError(Finding("R72", rule, advice, column=name))
        if not set(patients) & set(opened.films.patients):
            rule = f"none of the {len(patients)} patients has a film in the index"
            advice = "the index names patients as the table does: compare both, leading zeros too"
            raise PredictionError(Finding("R74", rule, advice, file=self.index.name))

    def of(self, patient: str) -> PatientFilm:
        """Return the first film of a patient with the heat map of its score.

        Raises
        ------
        ImageError
            I22 the patient has no film; those of the reading; I07 the film may show a name.
        """
        opened = _opened(self)
        given = PatientFilm.of(opened.films, patient, score=opened.nets.name)
        # the gate first: nothing of a film that may name the patient gets further
        given.film.for_report()
        return PatientFilm(given.film, patient, self._map(opened, given.film, patient), given.score, given.side,
                           given.view, given.date, given.films)  # fmt: skip

    def _map(self, opened: _Opened, film: Film, patient: str) -> HeatMap:
        from imaging_head.grad_cam import grad_cam
        from imaging_head.heatmap import average
        from imaging_head.radiographs import Squares

        square = Squares(film.square(opened.nets.image_size)[None], (patient,))
        own = opened.fold.get(patient)
        places = range(len(opened.nets.nets)) if own is None else (own,)
        return average(tuple(grad_cam(opened.nets.nets[k], square, opened.usual[k], self.layer)[0] for k in places))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of_films(index: Path) -> str:
    """Digest of all films of an index: a page that was written before a film was changed is not taken for the same."""
    from imaging_head.index_file import FILM
    from imaging_head.radiographs import Radiographs

    films, digest = Radiographs.from_index(index), hashlib.sha256()
    for name in films.index[FILM]:
        try:
            told = "" if films.place is None else _digest(films.place.of(str(name)))
        except ImageError:
            # refused with its reason when the page of this patient is made
            told = ""
        digest.update(f"{name}\0{told}\n".encode())
    return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class _Opened:
    """What the files hold: films, networks, the fold of the study's patients, usual cells of each network."""

    films: Radiographs
    nets: ScoreNetworks
    fold: Mapping[str, int]
    usual: tuple[Any, ...]


@lru_cache(maxsize=1)
def _opened(files: FilmFiles) -> _Opened:
    from imaging_head.grad_cam import usual_cells
    from imaging_head.radiographs import Radiographs
    from imaging_head.score_networks import load_networks

    films, nets = Radiographs.from_index(files.index), load_networks(files.networks)
    usual: tuple[Any, ...] = (None,) * len(nets.nets)
    fold = {} if files.score is None else _folds(files.score, nets)
    if files.background is not None:
        behind = Radiographs.from_index(files.background)
        some = behind.of(list(dict.fromkeys(behind.patients))[:MOST_BEHIND]).squares(nets.image_size)
        usual = tuple(usual_cells(net, some, files.layer) for net in nets.nets)
    return _Opened(films, nets, fold, usual)


def _folds(path: Path, nets: ScoreNetworks) -> dict[str, int]:
    """Return the fold of each patient of the study; R73 for a score that the networks did not make."""
    from cohorts import read_score

    score = read_score(path)
    if (score.name, score.folds.k) != (nets.name, len(nets.nets)):
        rule = (
            f"the score {score.name} of {score.folds.k} folds is not that of the networks, which make {nets.name} in "
            f"{len(nets.nets)} folds"
        )
        raise DataContractError(Finding("R73", rule, "give NAME.csv beside NAME_networks", file=path.name))
    return {str(patient): int(fold) for patient, fold in score.folds.assignment.items()}


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    index: str
    networks: str
    score: str | None = None
    background: str | None = None
    layer: Literal["layer1", "layer2", "layer3", "layer4"] = "layer4"


def read_film_files(path: str | Path) -> FilmFiles:
    """Read a TOML file with ``index``, ``networks`` and, if need be, ``score``, ``background``, ``layer``.

    Its paths are relative to the file.

    Raises
    ------
    RunError
        R75 the file is absent or no TOML, or a key is unknown, missing or impossible.
    """
    path = Path(path)
    try:
        declared = _Declared.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise _fault(f"cannot read the file: {error.strerror}", path) from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise _fault(wrong, path) from None
    except ValueError as error:
        raise _fault(f"no valid TOML: {error}", path) from None
    index, networks = path.parent / declared.index, path.parent / declared.networks
    score, background = (None if name is None else path.parent / name for name in (declared.score, declared.background))
    return FilmFiles(index, networks, score, background, declared.layer)


def _fault(rule: str, path: Path) -> RunError:
    advice = 'write index = "index.csv" and networks = "NAME_networks"; see docs/patient_report.md'
    return RunError(Finding("R75", f"{rule} (films and networks for the pages)", advice, file=path.name))
