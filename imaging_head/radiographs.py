"""The radiographs of a study: an index of films grouped by patient, and their pixels on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Cohort
from cohorts.errors import Finding, ImageError, LeakageError, raise_findings
from imaging_head.against_table import other_sides, strangers, taken_later
from imaging_head.decoder import Decoder
from imaging_head.film import Film, film_of
from imaging_head.index_file import CLEARED, FILM, PATIENT, Place, check_index, read_index
from imaging_head.limits import Limits
from imaging_head.linking import Expected, check_link

Floats = NDArray[np.float32]
Outcome = tuple[Film | None, tuple[Finding, ...]]


@dataclass(frozen=True, eq=False)
class Squares:
    """Films as a network takes them.

    Parameters
    ----------
    pixels : (films, size, size), float32 from 0 to 1. patients : (films,) whose film it is.
    findings : warnings of the reading; one that is true of many films is said once.
    """

    pixels: Floats
    patients: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.patients)

    def of(self, patients: Sequence[str]) -> Squares:
        """Return the films of these patients, in the order of the films.

        Raises
        ------
        ImageError
            I22 a patient has no film.
        """
        wanted = set(patients)
        absent = tuple(sorted(wanted - set(self.patients)))
        if absent:
            raise ImageError(Finding("I22", "patients without a film", "leave them out", PATIENT, absent))
        rows = [row for row, patient in enumerate(self.patients) if patient in wanted]
        return Squares(self.pixels[rows], tuple(self.patients[row] for row in rows), self.findings)


@dataclass(frozen=True, eq=False, repr=False)
class Radiographs:
    """Films of patients; made by `from_index`, `from_frame` or `from_arrays`.

    Parameters
    ----------
    index : one row a film: film, patient, view, laterality, date, cleared.
    place : the folder of the files, or None where the films are held.
    held : (films, rows, columns) from 0 to 1, of films that are no files.
    expected : what the films' tags must say. limits : on sizes, and on the decoding process.
    """

    index: pd.DataFrame
    place: Place | None = None
    held: Floats | None = None
    expected: Expected = field(default_factory=Expected)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_index(
        cls,
        csv: str | Path,
        root: str | Path | None = None,
        expected: Expected | None = None,
        limits: Limits | None = None,
    ) -> Radiographs:
        """Read an index file; films lie in `root`, by default the index file's folder.

        Raises
        ------
        DataContractError
            A file that is no sound CSV. ImageError: I18 faults of the index.
        """
        folder = Path(csv).parent if root is None else Path(root)
        return cls(read_index(Path(csv)), Place(folder), None, expected or Expected(), limits or Limits())

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        file: str = FILM,
        patient: str = PATIENT,
        root: str | Path = ".",
        expected: Expected | None = None,
        limits: Limits | None = None,
    ) -> Radiographs:
        """Take the index from a frame; `file` and `patient` name its columns, the others bear their own names."""
        index = check_index(frame.rename(columns={file: FILM, patient: PATIENT}))
        return cls(index, Place(Path(root)), None, expected or Expected(), limits or Limits())

    @classmethod
    def from_arrays(cls, pixels: Floats, patients: Sequence[str]) -> Radiographs:
        """Take films that are arrays, (films, rows, columns) from 0 to 1, one patient each.

        Raises
        ------
        ImageError
            I18 not as many films as patients, or pixels outside 0 to 1.
        """
        held = np.asarray(pixels, np.float32)
        if held.ndim != 3 or len(held) != len(patients):
            rule = f"films of the shape {held.shape} for {len(patients)} patients"
            raise ImageError(Finding("I18", rule, "give (films, rows, columns), and the patient of each film"))
        if not (np.isfinite(held).all() and held.min(initial=0) >= 0 and held.max(initial=0) <= 1):
            raise ImageError(Finding("I18", "pixels outside 0 to 1, or not finite", "scale the films to 0 to 1"))
        names = [f"film {place + 1}" for place in range(len(held))]
        return cls(check_index(pd.DataFrame({FILM: names, PATIENT: list(patients)})), None, held)

    def __len__(self) -> int:
        return len(self.index)

    def __repr__(self) -> str:
        return f"Radiographs({len(self)} films of {len(self.patients)} patients)"

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients, each once, in the order of the index."""
        return tuple(dict.fromkeys(self.index[PATIENT]))

    @property
    def groups(self) -> NDArray[np.int64]:
        """Number of the patient of each film, (films,): films of one group stay on one side of any split."""
        return pd.factorize(self.index[PATIENT])[0].astype(np.int64)

    def of(self, patients: Sequence[str]) -> Radiographs:
        """Return the films of these patients, in the order of the index.

        Raises
        ------
        ImageError
            I22 a patient has no film.
        """
        absent = tuple(sorted(set(patients) - set(self.index[PATIENT])))
        if absent:
            raise ImageError(Finding("I22", "patients without a film", "leave them out", PATIENT, absent))
        rows = np.flatnonzero(self.index[PATIENT].isin(set(patients)))
        held = None if self.held is None else self.held[rows]
        return replace(self, index=self.index.iloc[rows].reset_index(drop=True), held=held)

    def check_against(
        self, cohort: Cohort, laterality: str | None = None, baseline: str | None = None, days: int = 0
    ) -> tuple[Finding, ...]:
        """Compare the index with the table of patients; return warnings, on patients without a film for one.

        Parameters
        ----------
        cohort : its ids are the patients. laterality : its column with the side of the disease (R, L, B).
        baseline : its column with the date of prediction. days : by which a film may be later than that.

        Raises
        ------
        ImageError
            I22 films of patients the cohort does not have; I10 a film of the other side.
        LeakageError
            I24 a film taken after the moment of prediction.
        """
        findings = [*strangers(self.index, cohort)]
        findings += [] if laterality is None else other_sides(self.index, cohort, laterality)
        raise_findings(findings, ImageError)
        later = [] if baseline is None else list(taken_later(self.index, cohort, baseline, days))
        raise_findings(later, LeakageError)
        return (*findings, *later)

    def read(self) -> Iterator[Film]:
        """Yield the films one after the other.

        Raises
        ------
        ImageError
            The first film that is not read (`Decoder.read`), or is not the one that the index means (I10, I11).
        """
        with Decoder(self.limits) as decoder:
            for row in range(len(self)):
                film, findings = self._outcome(row, decoder)
                raise_findings(findings, ImageError)
                if film is not None:
                    yield film

    def squares(self, size: int = 224, workers: int = 1, cut: bool = True) -> Squares:
        """Return all films as squares of `size` pixels, scaled without distortion.

        Parameters
        ----------
        size : pixels of an edge. workers : decoding processes; the result does not depend on them.
        cut : whether the border outside the collimator, and constant margins, are cut off first.

        Raises
        ------
        ImageError
            All films that are not read or do not fit the index, at once; I19 one film under two patients, which would
            stand in training and test at once.
        """

        def share(first: int) -> list[tuple[int, Floats | None, tuple[Finding, ...]]]:
            with Decoder(self.limits) as decoder:
                return [
                    (row, None if film is None else film.square(size, cut), findings)
                    for row in range(first, len(self), workers)
                    for film, findings in [self._outcome(row, decoder)]
                ]

        with ThreadPoolExecutor(workers) as pool:
            done = sorted((each for part in pool.map(share, range(workers)) for each in part), key=lambda each: each[0])
        findings = tuple(finding for _, _, some in done for finding in some)
        raise_findings(findings, ImageError)
        pixels = np.stack([square for _, square, _ in done if square is not None])
        raise_findings(_shared(pixels, self.index), ImageError)
        return Squares(pixels, tuple(self.index[PATIENT]), _gathered(findings))

    def _outcome(self, row: int, decoder: Decoder) -> Outcome:
        """Return a film and its warnings, or its faults."""
        entry = self.index.iloc[row].to_dict()
        name = str(entry[FILM])
        if self.place is None or self.held is not None:
            return Film(self._held(row), name, how="as given", cleared=True), ()
        try:
            about, pixels = decoder.read(self.place.of(name))
        except ImageError as error:
            # named as in the index, which says more than a path
            return None, tuple(replace(finding, file=name) for finding in error.findings)
        film = film_of(about, pixels, name, bool(entry[CLEARED]))
        linked = tuple(check_link(film, about["link"], entry, self.expected))
        film = replace(film, findings=(*film.findings, *(f for f in linked if f.severity == "warning")))
        return film, (*film.findings, *(f for f in linked if f.severity == "error"))

    def _held(self, row: int) -> Floats:
        if self.held is None:
            raise ImageError(Finding("I18", "the films have neither a folder nor pixels", "make them by from_index"))
        return self.held[row]


def _gathered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Say once what is true of many films, with their names."""
    films: dict[Finding, list[str]] = {}
    for finding in findings:
        films.setdefault(replace(finding, file=None), []).append(str(finding.file))
    return tuple(
        replace(finding, file=names[0]) if len(names) == 1 else replace(finding, rows=tuple(names), column=FILM)
        for finding, names in films.items()
    )


def _shared(pixels: Floats, index: pd.DataFrame) -> Iterator[Finding]:
    """Yield the films that are the same, pixel by pixel, under two patients."""
    first: dict[str, int] = {}
    for row, square in enumerate(pixels):
        before = first.setdefault(hashlib.sha256(square.tobytes()).hexdigest(), row)
        if index[PATIENT][before] != index[PATIENT][row]:
            rule = f"the same picture as {index[FILM][before]}, which belongs to another patient"
            yield Finding(
                "I19", rule, "keep it under one of them: it would be in training and test", file=index[FILM][row]
            )
