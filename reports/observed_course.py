"""The observed course of the patients of a study, drawn before any model is asked."""

from __future__ import annotations

from cohorts import Binary
from prognosis import Study
from prognosis.outcome import read_outcome
from reports.contents.observed import observed_content
from reports.external_run import write_pictures
from reports.figures import Picture
from reports.figures.observed import observed_figure
from reports.fonts import choose_fonts
from reports.output_folder import OutputFolder
from reports.wording import Wording


def draw_observed(study: Study, created: str, language: str, folder: OutputFolder) -> dict[str, Picture]:
    """Draw the observed course into ``figures/observed``; nothing for a binary endpoint.

    Parameters
    ----------
    created : date in the PDF's metadata.
    """
    if isinstance(study.endpoint, Binary):
        return {}
    outcome = read_outcome(study.outcome.to_structured())
    wording = Wording(language)
    content = observed_content(outcome, study.horizons, study.endpoint.unit, study.endpoint.origin, wording)
    if content is None:
        return {}
    drawn = {"observed": observed_figure(content, choose_fonts(content.time_label, language))}
    write_pictures(drawn, created, folder)
    return drawn
