"""The nomogram of a fitted model as a value: points, total, risk; the drawing is made on request only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pandas as pd

from cohorts.errors import Finding, PredictionError, raise_findings
from nomograms.answers import Answers
from nomograms.approximation import KNOTS, LEAST, Approximation, approximated
from nomograms.intervals import Usual, usual_intervals
from nomograms.layout import WIDTH, Layout, check_width
from nomograms.medians import MedianAxis, median_axes, why_no_median
from nomograms.options import Patient, PublishedOptions, SurrogateOptions, own_horizons
from nomograms.outcomes import OutcomeAxis, outcome_axes, total_ticks
from nomograms.points import Limits, Points, points_of
from nomograms.reading import ReadingError
from nomograms.refusals import refusals
from nomograms.ruling import BOUND, Ruled, check_bound, error_in, over_bound, ruled
from nomograms.told import plain_values
from nomograms.wording import check_language
from prognosis.published.model import PLAIN, published_model

if TYPE_CHECKING:
    from cohorts import Codebook
    from cohorts.endpoint import Endpoint
    from nomograms.score_table import ScoreTable
    from prognosis.model import FittedModel
    from prognosis.patients import Patients
    from prognosis.published.model import Publication, Reference


@dataclass(frozen=True, init=False, eq=False)
class Nomogram(Answers):
    """Points for each predictor, their total, and the probability of the event by each horizon.

    The points are those of R's ``rms::nomogram``; reading them back gives the model's risk.

    Parameters
    ----------
    model : a fitted or published model with coefficients: Cox (also with strata, penalised, pooled, updated), Fine-Gray
        (its risk is the cumulative incidence), accelerated failure time, logistic.
    horizons : times of the risk axes in the endpoint's unit; None takes those of the model, or the window of a model
        of early relapse; none for a binary endpoint.
    limits : ``centiles`` draws each axis from the 1st to the 99th centile of the training cohort, with the tails marked
        by arrows and their points in the caption; ``rms`` over the full range, as R does.
    language : of the printed figure, ``en`` or ``zh``.
    median : whether to draw the median time to the event too, within the follow-up.
    width : of the figure in millimetres, 80 to 300; below 120, for one column, the labels stand above the lines.
    bound : of the reading error, a probability. The figure gets as few ticks as keep below it, and where even the most
        do not, a table of points and risks; where that does not do, `findings` and the caption say so.
    score_table : whether to print that table under the lines; None where the lines alone are read less exactly than
        the bound, and the figure is wider than a column.

    Raises
    ------
    PredictionError
        G02 no horizon; G03 cause-specific models have no points; G04 nor has a model without coefficients; G05 two
        continuous predictors interact; G06 no predictor changes the risk; G07 unknown language; G08 unknown limits;
        G09 the model has an offset; G21 a horizon at which the model gives no risk; G24 a width; G25 a bound; G27 a
        median that does not exist; P10, P12 a horizon beyond the follow-up, not above 0, or for a binary endpoint.
    """

    model: FittedModel
    horizons: tuple[float, ...]
    limits: Limits
    language: str
    width: float
    bound: float
    median: bool
    score_table: bool | None
    approximation: Approximation | None = None

    def __init__(
        self,
        model: FittedModel,
        horizons: Sequence[float] | None = None,
        limits: str = "centiles",
        language: str = "en",
        width: float = WIDTH,
        bound: float = BOUND,
        median: bool = False,
        score_table: bool | None = None,
    ) -> None:
        asked = tuple(sorted({float(horizon) for horizon in (own_horizons(model) if horizons is None else horizons)}))
        raise_findings([*refusals(model, asked, limits), *(why_no_median(model) if median else ())], PredictionError)
        check_language(language)
        check_width(width)
        check_bound(bound)
        chosen: dict[str, Any] = {"model": model, "horizons": asked, "limits": limits, "language": language}
        chosen |= {"width": float(width), "bound": float(bound), "median": median, "score_table": score_table}
        for name, value in chosen.items():
            object.__setattr__(self, name, value)
        self.scale  # noqa: B018  a nomogram that cannot be computed is refused at once

    @classmethod
    def from_published(
        cls,
        name: str,
        endpoint: Endpoint,
        codebook: Codebook,
        coefficients: Mapping[str, float],
        baseline: Mapping[float, float] | float,
        reference: Reference,
        publication: Publication,
        **options: Unpack[PublishedOptions],
    ) -> Nomogram:
        """Make the nomogram of a published coefficient table.

        Parameters
        ----------
        name, endpoint, codebook, coefficients, baseline, reference, publication : as `published_model`.
        columns : splines, transforms and interactions, as `published_model`. Others : as for a fitted model.

        Raises
        ------
        DataContractError
            E17 as `published_model`.
        PredictionError
            As for a fitted model; G21 a horizon at which the baseline is not published.
        """
        told = (name, endpoint, codebook, coefficients, baseline, reference, publication)
        drawn: Any = {key: value for key, value in options.items() if key != "columns"}
        return cls(published_model(*told, options.get("columns", PLAIN)), **drawn)

    @classmethod
    def approximate(
        cls,
        model: FittedModel,
        horizons: Sequence[float] | None = None,
        *,
        fidelity: float = LEAST,
        **options: Unpack[SurrogateOptions],
    ) -> Nomogram:
        """Make the nomogram of an additive surrogate of any model: a forest, boosting, cause-specific Cox.

        Restricted cubic splines of each number, and levels, on the complementary log-log (binary: logit) scale of the
        risk, fitted by least squares to the model's own risks of patients drawn from the training distribution. The
        figure prints how faithful it is.

        Parameters
        ----------
        model, horizons : as for a nomogram. fidelity : the least R2 between both risks, at every horizon.
        interactions : pairs that share axes, one of each pair a category. knots : of every spline, 3 to 10; default 5.
        patients : frame or cohort in whom the fidelity is measured; default others drawn from the training
            distribution. Others : as for a nomogram.

        Raises
        ------
        PredictionError
            G22 the surrogate is less faithful than `fidelity`; G23 a model with strata, the same risk for all, or
            horizons that contradict each other; G21 a horizon without risk; those of a nomogram.
        """
        own = own_horizons(model) if horizons is None else horizons
        asked = tuple(sorted({float(horizon) for horizon in own}))
        crossed, knots = options.pop("interactions", ()), options.pop("knots", KNOTS)
        patients = options.pop("patients", None)
        surrogate, found = approximated(model, asked, crossed, knots, patients, fidelity)
        drawn: Any = options
        nomogram = cls(surrogate, asked, **drawn)
        object.__setattr__(nomogram, "approximation", Approximation(model, found, fidelity))
        return nomogram

    @property
    def source(self) -> FittedModel:
        """The model that the figure is of, also where it shows a surrogate."""
        return self.model if self.approximation is None else self.approximation.model

    @cached_property
    def scale(self) -> Points:
        """Axes of all predictors with their points."""
        return points_of(self.model, self.limits)

    @cached_property
    def total_ticks(self) -> tuple[float, ...]:
        """Labelled values of the Total points ruler, long enough for the worst combination of the axes."""
        return tuple(float(tick) for tick in total_ticks(self.scale.largest_total))

    @cached_property
    def outcomes(self) -> tuple[OutcomeAxis, ...]:
        """One risk axis a horizon, in each stratum that has a risk there."""
        return outcome_axes(self.model, self.scale, self.questions, self.total_ticks[-1])

    @cached_property
    def medians(self) -> tuple[MedianAxis, ...]:
        """One axis of the median time a stratum, where it was asked for."""
        return median_axes(self.model, self.scale, self.total_ticks[-1]) if self.median else ()

    @property
    def layout(self) -> Layout:
        """Width of the figure, and how near its ticks stand: as few ticks as the bound of the reading error allows."""
        return self._ruled.layout

    @property
    def scores(self) -> ScoreTable | None:
        """The printed table of points and risks; None where there is none."""
        return self._ruled.scores

    @property
    def reading_error(self) -> ReadingError:
        """Largest and mean absolute difference in risk between the model and reading the print: its table, or lines."""
        return self._ruled.error

    @property
    def reading_error_of_lines(self) -> ReadingError:
        """The same of the lines, also where there is a table."""
        return self._ruled.lines

    @cached_property
    def _ruled(self) -> Ruled:
        return ruled(self)

    @cached_property
    def intervals(self) -> dict[tuple[int, float | None], tuple[Usual, ...]]:
        """95 % intervals of usual patients on the risk axes, by stratum and horizon; {} where the model has none."""
        return usual_intervals(self)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader must be warned of: a reading error above the bound (G25)."""
        return over_bound(self)

    def reading_error_in(self, patients: Patients) -> ReadingError:
        """Measure the reading error in given patients, the whole cohort say, by the same rule.

        Parameters
        ----------
        patients : frame or cohort; those with an unknown predictor, or a level that nobody had, are left out.

        Raises
        ------
        PredictionError
            G26 none of them can be placed; as `FittedModel.predict` for the patients.
        """
        return error_in(self, patients)

    @property
    def table(self) -> pd.DataFrame:
        """Labelled values of all axes: variable (as rms names the axis), value, points."""
        rows = [
            (axis.name, value, float(points))
            for axis in self.scale.axes
            for value, points in zip(axis.values, axis.points, strict=True)
        ]
        return pd.DataFrame(rows, columns=["variable", "value", "points"])

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers of the figure as plain values: scales, total, outcomes, reading_error."""
        return plain_values(self)

    def svg(self, patient: Patient | None = None, *, caption: bool = True) -> str:
        """Return the figure as SVG text; without its caption the rows stand closer, to be a part of a page."""
        from nomograms.drawing import drawn_figure
        from nomograms.page_drawing import page_svg

        return (drawn_figure(self, patient, "svg") if caption else page_svg(self, patient)).decode()

    def save(self, path: str | Path, patient: Patient | None = None) -> Path:
        """Write the nomogram by the suffix of the file; the same call gives the same bytes.

        Parameters
        ----------
        path : .pdf, .svg or .png (600 dpi) for the figure; .csv for the table of points; .txt for a page of plain
            text with points, risks and the worked patient.
        patient : worked example with drop lines; None takes a typical patient (medians, commonest levels), so named.

        Raises
        ------
        PredictionError
            The patient lacks a predictor or has a value that the model refuses.
        RunError
            G10 another suffix; G11 no font for a script; G12 a character that no font has.
        """
        from nomograms.drawing import save_figure  # matplotlib is imported only when something is drawn

        return save_figure(self, Path(path), patient)
