"""Decision curve with the clinical impact beside it: what treating patients from a predicted risk on would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.figures.canvas import BAND, DASHED, DOTTED, DOUBLE, HINT, INK, MODEL, SECOND, Picture, panel, picture
from reports.figures.readings import Curve, Curves
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
HEIGHT, TOP, TALL, WIDE, LEFT, SECOND_LEFT = 76.0, 11.0, 53.0, 70.0, 14.0, 106.0


@dataclass(frozen=True)
class DecisionContent:
    """What a decision curve shows, at ascending thresholds; what is unknown at a threshold is not a number.

    Parameters
    ----------
    thresholds : risks from which on one would treat. marked : those of them that were asked for. model, lower, upper :
        net benefit of treating by the model with its pointwise band (empty without one). treat_all : net benefit of
        treating everybody; nobody has 0.
    high_risk, with_event : of 1000 patients, those at or above the threshold, and those of them with the event.
    """

    thresholds: Values
    marked: Values
    model: Values
    lower: Values
    upper: Values
    treat_all: Values
    high_risk: Values
    with_event: Values
    threshold_label: str
    benefit_label: str
    model_label: str
    band_label: str
    all_label: str
    none_label: str
    impact_label: str
    high_risk_label: str
    with_event_label: str
    title: str
    alt: str


def decision_figure(content: DecisionContent, fonts: FontChoice) -> Picture:
    """Draw net benefit and clinical impact side by side, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    return picture(
        lambda figure: _draw(figure, content), (DOUBLE, HEIGHT), content.title, content.alt, fonts, _readable(content)
    )


def _readable(content: DecisionContent) -> dict[str, Curves]:
    benefit = (
        Curve(content.model_label, content.model, content.lower, content.upper),
        Curve(content.all_label, content.treat_all),
    )
    impact = (Curve(content.high_risk_label, content.high_risk), Curve(content.with_event_label, content.with_event))
    across = content.threshold_label
    return {
        "benefit": Curves(across, content.benefit_label, content.thresholds, benefit),
        "impact": Curves(across, content.impact_label, content.thresholds, impact),
    }


def _draw(figure: Figure, content: DecisionContent) -> None:
    benefit = panel(figure, LEFT, TOP, WIDE, TALL)
    _draw_benefit(benefit, content)
    impact = panel(figure, SECOND_LEFT, TOP, WIDE, TALL)
    _draw_impact(impact, content)
    for axes, name in ((benefit, "benefit"), (impact, "impact")):
        axes.set_label(name)
        axes.set_xlim(0, end_of(content.thresholds))
        axes.set_xlabel(content.threshold_label)
        # above the panel: inside it no corner is free for every model
        columns = 2 if axes is benefit else 1
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.01), ncols=columns, columnspacing=1.2)


def end_of(thresholds: Values) -> float:
    """Return the end of the axis: the next twentieth."""
    return min(-int(-max(thresholds) * 20 // 1) / 20, 1.0)


def _draw_benefit(axes: Axes, content: DecisionContent) -> None:
    if content.lower:
        axes.fill_between(
            content.thresholds,
            content.lower,
            content.upper,
            color=BAND,
            linewidth=0,
            label=content.band_label,
            zorder=0,
        )
    axes.plot(content.thresholds, content.model, color=MODEL, linewidth=1.4, label=content.model_label, **dots(content))
    axes.plot(
        content.thresholds, content.treat_all, color=SECOND, linewidth=0.9, linestyle=DASHED, label=content.all_label
    )
    axes.axhline(0, color=INK, linewidth=0.8, linestyle=DOTTED, label=content.none_label)
    axes.set_ylim(*benefit_range(content))
    axes.set_ylabel(content.benefit_label)


def dots(content: DecisionContent) -> dict[str, Any]:
    """Return how a curve is marked at the asked thresholds."""
    places = [place for place, value in enumerate(content.thresholds) if value in content.marked]
    return {"marker": "o", "markersize": 3.2, "markevery": places} if places else {}


def benefit_range(content: DecisionContent) -> tuple[float, float]:
    """Return the range of net benefit: all of the model's curve, and of treating all what is not far below 0."""
    known = [value for value in (*content.model, *content.upper, *content.treat_all) if value == value]
    top = max(*known, 0.02)
    lowest = min([value for value in content.model if value == value], default=0.0)
    return min(1.1 * lowest, -0.12 * top), 1.05 * top


def _draw_impact(axes: Axes, content: DecisionContent) -> None:
    axes.plot(content.thresholds, content.high_risk, color=HINT, linewidth=1.1, linestyle=DASHED,
              label=content.high_risk_label, **dots(content))  # fmt: skip
    axes.plot(content.thresholds, content.with_event, color=MODEL, linewidth=1.4, label=content.with_event_label,
              **dots(content))  # fmt: skip
    most = max([value for value in content.high_risk if value == value], default=0.0)
    axes.set_ylim(0, min(100 * (most // 100 + 1), 1000))
    axes.set_ylabel(content.impact_label)
