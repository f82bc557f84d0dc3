"""What a run of the protocols was asked, and what it found: what its tables, figures and page are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cohorts.errors import Finding
from imaging_head.protocol_measures import Measures
from imaging_head.protocol_run import Rounds
from reports.protocol_labels import Asked, Labelled


@dataclass(frozen=True)
class Sources:
    """Files of a protocol: the index of films; the table of strata (None: the index); codebook; first weights."""

    index: Path
    labels: Path | None = None
    codebook: Path | None = None
    weights: Path | None = None


@dataclass(frozen=True)
class Settings:
    """What is asked; see ``prognosis images protocol --help``."""

    strata: str = "group=normal/benign/malignant"
    task: Asked = "both"
    groups: int = 5
    image_size: int = 224
    epochs: int = 30
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Done:
    """What a run of the protocols found: who took part, and rounds and measures of each task."""

    settings: Settings
    files: str
    films: int
    labelled: Labelled
    network: str
    tasks: Mapping[str, tuple[Rounds, Measures]]
    warnings: tuple[Finding, ...]
