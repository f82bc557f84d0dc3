"""The radiograph on a patient's page: film and heat map as small pictures, and what they say in words."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.model import FittedModel
from prognosis.profile import NumericProfile
from reports.formatting import two_decimals
from reports.frequencies import PEOPLE, of_hundred
from reports.patient_content import FilmPart, PatientPage
from reports.wording import Wording, visible

if TYPE_CHECKING:
    from imaging_head import Film, Radiographs
    from imaging_head.heatmap import HeatMap

EDGE = 320  # pixels of the longer edge: about 250 an inch in print
SIDES = {"R": "radiograph_right", "L": "radiograph_left", "B": "radiograph_both"}
# Scores of single precision that differ by more are not the same.
SAME_SCORE = 2e-3
ROWS = "heat_row_upper", "heat_row_middle", "heat_row_lower"
COLUMNS = "heat_column_left", "heat_column_middle", "heat_column_right"


@dataclass(frozen=True, eq=False)
class PatientFilm:
    """A film of a patient for the page, with what the index of films says of it.

    Parameters
    ----------
    film : as read. patient : whose it is. heat : map of its score, of the square or on the film's own grid.
    score : name of the predictor that was made from it. side : R, L, B or "". view, date : as in the index.
    films : number of films that the patient's score is the mean of; the page shows one.
    """

    film: Film
    patient: str
    heat: HeatMap | None = None
    score: str = "radiograph"
    side: str = ""
    view: str = ""
    date: str = ""
    films: int = 1

    @classmethod
    def of(
        cls, films: Radiographs, patient: str, heat: HeatMap | None = None, score: str = "radiograph"
    ) -> PatientFilm:
        """Read the first film of a patient and take side, view and date from the index.

        Raises
        ------
        ImageError
            I22 the patient has no film; those of the reading.
        """
        own = films.of([patient])
        film = next(own.read())
        entry = own.index.iloc[0]
        side = str(entry["laterality"] or film.laterality or "")
        return cls(film, patient, heat, score, side, str(entry["view"]), str(entry["date"]), len(own))


def film_part(
    model: FittedModel, patient_id: str | None, values: Mapping[str, Any], given: PatientFilm, wording: Wording
) -> FilmPart:
    """Return what the page shows of a radiograph.

    Parameters
    ----------
    model : with the film's score among its predictors. patient_id : of the page; None where it has none.
    values : the patient's predictors, the score as the model answered for it.

    Raises
    ------
    ImageError
        I07 the film may show a name. I70 the heat map is not on this film's grid.
    PredictionError
        G30 the model has no such score; G31 the film is another patient's; G32 the heat map explains another score.
    """
    _check(model, patient_id, values, given)
    # the gate first: nothing of a film that may name the patient gets further
    given.film.for_report()
    grey = _small(given.film)
    heat = None if given.heat is None else _shown_map(given.film, given.heat, grey)
    described = _described(given, wording)
    return FilmPart(
        heading=wording("radiograph_heading_alone" if heat is None else "radiograph_heading"),
        height=grey.shape[0],
        width=grey.shape[1],
        side=given.side,
        film=_png(grey),
        film_alt=wording("radiograph_alt", film=described),
        heat=None if heat is None else _png(_painted(grey, heat)),
        heat_alt="" if heat is None else wording("heat_alt", film=described, place=_strongest(heat, wording)),
        described=described,
        score_value=two_decimals(float(values[given.score])),
        score_text=_score_text(model, given, values, wording),
        caption="" if heat is None else _caption(heat, wording),
        raised="" if heat is None else wording("heat_raised"),
        lowered="" if heat is None else wording("heat_lowered"),
    )


def with_film(page: PatientPage, part: FilmPart, score: str) -> PatientPage:
    """Return the page with its radiograph; the score, a computed number, is shown with two decimals everywhere."""
    name = visible(score, 80)
    inputs = tuple(replace(row, value_text=part.score_value) if row.name == name else row for row in page.inputs)
    return replace(page, radiograph=part, inputs=inputs)


def _check(model: FittedModel, patient_id: str | None, values: Mapping[str, Any], given: PatientFilm) -> None:
    if not isinstance(model.profile.get(given.score), NumericProfile):
        rule = "the model has no such number among its predictors: the film has no part in its risks"
        raise PredictionError(Finding("G30", rule, "name the score: PatientFilm(score=...)", given.score))
    if patient_id is not None and given.patient != patient_id:
        rule = "the radiograph is of another patient than the page"
        raise PredictionError(Finding("G31", rule, "take the film of this patient", rows=(patient_id,)))
    value = float(values[given.score])
    if given.heat is None or given.films > 1:
        return
    if not abs(given.heat.score - value) <= SAME_SCORE * max(1.0, abs(value)):
        rule = f"the heat map explains a score of {given.heat.score:.4g}, the patient's is {value:.4g}"
        advice = (
            "make it from the networks that made the score: of a patient of the study that of the own fold (score = "
            "of --radiographs), of a new one the mean of all"
        )
        raise PredictionError(Finding("G32", rule, advice, given.score))


def _small(film: Film) -> NDArray[np.float32]:
    """Return the field of a film with the longer edge of the page's pictures."""
    top, left, height, width = film.placed(EDGE)
    return film.square(EDGE)[top : top + height, left : left + width]


def _shown_map(film: Film, heat: HeatMap, grey: NDArray[np.float32]) -> HeatMap:
    """Return the map on the small picture's grid."""
    on_film = heat if heat.values.shape == film.inside.shape else heat.on(film)
    return on_film.resized((grey.shape[0], grey.shape[1]))


def _painted(grey: NDArray[np.float32], heat: HeatMap) -> NDArray[np.float32]:
    from imaging_head.overlay import outlined, overlay

    return outlined(overlay(grey, heat), heat)


def _png(picture: NDArray[np.float32]) -> str:
    """Return a picture from 0 to 1 as PNG, base64."""
    from imaging_head.overlay import png_of

    return base64.b64encode(png_of(picture)).decode("ascii")


def _described(given: PatientFilm, wording: Wording) -> str:
    """Say which film it is: side, view, date, as far as they are known."""
    side = wording(SIDES[given.side]) if given.side in SIDES else wording("radiograph_no_side")
    view = wording("radiograph_view", view=visible(given.view, 20)) if given.view else ""
    date = wording("radiograph_date", date=visible(given.date, 20)) if given.date else wording("radiograph_no_date")
    several = wording("radiograph_several", n=given.films) if given.films > 1 else ""
    return wording.joined([part for part in (side, view, date, several) if part])


def _score_text(model: FittedModel, given: PatientFilm, values: Mapping[str, Any], wording: Wording) -> str:
    """Say where the score lies among those of the training patients."""
    value = float(values[given.score])
    profile = model.profile[given.score]
    assert isinstance(profile, NumericProfile)
    label = visible(model.codebook[given.score].text(wording.language), 80)
    score = {"label": label, "value": two_decimals(value)}
    if not profile.density:
        return wording("radiograph_score_alone", **score)
    if not profile.minimum <= value <= profile.maximum:
        return wording("radiograph_score_above" if value > profile.maximum else "radiograph_score_below", **score)
    return wording("radiograph_score", share=_share_below(profile, value, wording), **score)


def _share_below(profile: NumericProfile, value: float, wording: Wording) -> str:
    """Return how many of 100 training patients had a lower score, from the histogram that the model keeps."""
    below = np.concatenate([[0.0], np.cumsum(profile.density)])
    people = of_hundred(min(float(np.interp(value, profile.edges, below)), 1.0))
    if people in (0, PEOPLE):
        return wording("fewer_than_one" if people == 0 else "more_than_99")
    return str(people)


def _caption(heat: HeatMap, wording: Wording) -> str:
    lowest, highest = heat.range
    if lowest == highest == 0:
        return wording("heat_nothing")
    averaged = wording("heat_averaged", n=heat.averaged) if heat.averaged > 1 else ""
    cells = wording("heat_cells", rows=heat.cells[0], columns=heat.cells[1]) if heat.method == "grad_cam" else ""
    return wording.joined([wording("heat_meaning"), averaged, cells])


def _strongest(heat: HeatMap, wording: Wording) -> str:
    """Say in which of nine parts of the picture the strongest place lies, and what it did."""
    if heat.strongest == 0:
        return wording("heat_nowhere")
    row, column = (int(at) for at in np.unravel_index(np.argmax(np.abs(heat.values)), heat.values.shape))
    rows, columns = heat.values.shape
    where = {"row": wording(ROWS[3 * row // rows]), "column": wording(COLUMNS[3 * column // columns])}
    return wording("heat_strongest_raised" if heat.values[row, column] > 0 else "heat_strongest_lowered", **where)
