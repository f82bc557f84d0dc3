"""From films and a table of patients to a score in files, and to the scores of new patients."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cohorts import Cohort, endpoint_from_dict, make_folds, neutralise, read_cohort, write_score
from cohorts.diseases.named import disease_named
from cohorts.endpoint import Endpoint
from cohorts.errors import Finding, RunError
from cohorts.whole_file import write_whole_file
from prognosis.execution import Execution
from reports.output_folder import Say


@dataclass(frozen=True)
class Asked:
    """What is trained, and how: see `prognosis images cross-fit`."""

    folds: int = 5
    seed: int = 0
    image_size: int = 224
    epochs: int = 30
    weights: Path | None = None
    frozen: bool = False
    workers: int = 1


def cross_fit_files(
    index: Path, cohort: Path, codebook: Path, endpoint: Path, out: Path, asked: Asked, say: Say
) -> None:
    """Cross-fit ResNet34 and write the score, and the networks for new patients.

    Raises
    ------
    RunError
        U01 the file of the endpoint is absent or no TOML; U02 it has no [endpoint], or `out` is no NAME.csv.
    PrognosisError
        What reading films and cohort, `make_folds` and `cross_fit` raise.
    """
    from imaging_head.cross_fit import cross_fit
    from imaging_head.radiographs import Radiographs
    from imaging_head.resnet_head import ResNet34Head
    from imaging_head.score_networks import save_networks

    if out.suffix != ".csv" or not out.stem.isidentifier():
        rule = f"--out {out.name}: the score gets its name from the file"
        raise RunError(Finding("U02", rule, "a name of letters, digits and _, such as radiograph.csv"))
    predicted = read_endpoint(endpoint)
    films = Radiographs.from_index(index)
    patients = _with_films(read_cohort(cohort, codebook=codebook), films, say)
    dealt = make_folds(patients, predicted, asked.folds, asked.seed)
    say(f"reading {len(films)} films")
    # films of patients without an outcome train nothing
    squares = films.of(list(dealt.assignment.index)).squares(asked.image_size, workers=asked.workers)
    kept = out.with_name(f"{out.stem}_networks")
    head = ResNet34Head(asked.image_size, asked.epochs, asked.weights, asked.frozen, asked.seed,
                        records=kept / "training")  # fmt: skip
    execution = Execution(workers=asked.workers)
    say(f"training {asked.folds * (asked.folds + 1) // 2} networks on films of {len(dealt.assignment)} patients")
    found = cross_fit(head, squares, patients, predicted, dealt, name=out.stem, execution=execution)
    save_networks(found, kept)
    write_score(found.score, out)


def score_files(networks: Path, index: Path, out: Path) -> int:
    """Score the films of new patients into a table; return how many patients.

    Raises
    ------
    ModelFileError, ImageError, DataContractError
        What the networks, the index and the films raise.
    """
    from imaging_head.radiographs import Radiographs
    from imaging_head.score_networks import load_networks

    nets = load_networks(networks)
    scores = nets.score(Radiographs.from_index(index).squares(nets.image_size)).rename_axis("patient")
    write_whole_file(out, neutralise(scores.reset_index()).to_csv(index=False).encode("utf-8"))
    return len(scores)


def read_endpoint(path: Path) -> Endpoint:
    """Read the [endpoint] table of a TOML file, of a study file for one.

    Raises
    ------
    RunError
        U01 the file is absent or no TOML; U02 it has no [endpoint].
    """
    try:
        declared: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        rule = f"cannot read the endpoint: {error.strerror if isinstance(error, OSError) else error}"
        raise RunError(Finding("U01", rule, "give a TOML file with an [endpoint] table", file=path.name)) from None
    table = declared.get("endpoint")
    if not isinstance(table, dict):
        raise RunError(Finding("U02", "there is no [endpoint] table", "see docs/study_file.md", file=path.name))
    disease = table.get("disease")
    if disease is None:
        return endpoint_from_dict(table)
    given = {key: value for key, value in table.items() if key not in ("disease", "name")}
    return disease_named(disease).endpoint(table.get("name", ""), **given)


def _with_films(cohort: Cohort, films: Any, say: Say) -> Cohort:
    """Leave out, and name, patients without a film; films of strangers are refused."""
    for finding in films.check_against(cohort):
        say(str(finding))
    filmed = set(films.patients)
    return cohort.without([patient for patient in cohort.ids if patient not in filmed], "no film")
