"""Cohorts: files become checked, immutable tables with endpoints; everything later starts from here.

This room imports no other room; it may use numpy, pandas, pydantic and, inside functions only, pyreadstat,
openpyxl, pyarrow and tableone.
"""

from cohorts.cohort import Cohort, LedgerEntry
from cohorts.endpoint import Binary, Competing, Endpoint, TimeToEvent, endpoint_from_dict
from cohorts.export import neutralise
from cohorts.folds import Folds, make_folds
from cohorts.neighbours import check_neighbours
from cohorts.outcome import Outcome, check_horizons
from cohorts.reading import check_file, read_cohort
from cohorts.score import Score
from cohorts.score_file import read_score, write_score
from cohorts.variable import Codebook, FileFormat, Variable

check_neighbours(__file__, "prognosis", "reports")

__all__ = [
    "Binary",
    "Codebook",
    "Cohort",
    "Competing",
    "Endpoint",
    "FileFormat",
    "Folds",
    "LedgerEntry",
    "Outcome",
    "Score",
    "TimeToEvent",
    "Variable",
    "check_file",
    "check_horizons",
    "check_neighbours",
    "endpoint_from_dict",
    "make_folds",
    "neutralise",
    "read_cohort",
    "read_score",
    "write_score",
]
