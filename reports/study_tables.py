"""Tables of one model in the study report: coefficients, how to predict from them, tests, what was imputed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.formatting import duration, p_value, unit_text
from reports.readings import panels_of
from reports.wording import Wording, visible

if TYPE_CHECKING:
    from reports.figures import Picture

# What the exponential of a coefficient is called in the results, and the key of its heading; the first found counts.
RATIOS = {"time_ratio": "tr", "odds_ratio": "or", "subdistribution_hazard_ratio": "shr", "hazard_ratio": "hr"}
# Columns whose heading has another key.
COLUMNS = {"minimal_depth": "depth"}


@dataclass(frozen=True)
class Table:
    """One table of the report, cells as text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def section(table: Table, figures: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return one section of a report as plain values."""
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [list(row) for row in table.rows],
        "note": table.note,
        "figures": [dict(figure) for figure in figures],
    }


def figures_of(
    pictures: Mapping[str, Picture], kinds: tuple[str, ...], wording: Wording, models: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """Return name, caption, alternative text, size in millimetres and values of the figures of a section.

    Parameters
    ----------
    pictures : by name, ``KIND_MODEL`` or ``KIND_MODEL_PLACE``. kinds : of the section. models : of a run; with several,
        a caption begins with the model's name.
    """
    several = tuple(sorted(models, key=len, reverse=True)) if len(set(models)) > 1 else ()
    return [
        {"name": name, "caption": _captioned(name, picture.title, kinds, several), "alt": picture.alt,
         "width": picture.width, "height": picture.height, "panels": panels_of(picture, wording)}
        for name, picture in pictures.items()
        if kinds and name.startswith(kinds)
    ]  # fmt: skip


def _captioned(name: str, title: str, kinds: Sequence[str], models: Sequence[str]) -> str:
    rest = next(name.removeprefix(kind).removeprefix("_") for kind in kinds if name.startswith(kind))
    model = next((model for model in models if rest == model or rest.startswith(f"{model}_")), None)
    return title if model is None else f"{visible(model)}: {title}"


def model_tables(name: str, model: Mapping[str, Any], endpoint: Mapping[str, Any], wording: Wording) -> list[Table]:
    """Return every table of one model."""
    return [
        _terms(name, model, wording),
        *_baseline(name, model, endpoint, wording),
        *_imputation(name, model, wording),
        *_proportional_hazards(name, model, wording),
    ]


def _coefficients(name: str, model: Mapping[str, Any], wording: Wording) -> Table:
    lines: Sequence[Mapping[str, Any]] = model["coefficients"]
    ratio = next(key for key in RATIOS if key in lines[0])
    pooled = "df" in lines[0]
    rows = tuple(
        (
            _term(row, wording),
            f"{row['estimate']:.6g}",
            number_text(row["se"], ".4g", wording),
            "" if row["term"] == "Intercept" else number_text(row[ratio], ".3g", wording),
            "" if row["term"] == "Intercept" else interval_text(row, ".3g", wording),
            wording("study_not_computed") if row["p"] is None else p_value(row["p"]),
            *((number_text(row["df"], ".0f", wording), number_text(row["fmi"], ".3f", wording)) if pooled else ()),
            number_text(model["means"][row["term"]], ".6g", wording) if row["term"] in model["means"] else "",
        )
        for row in lines
    )
    knots = "; ".join(f"{k}: {', '.join(f'{v:g}' for v in values)}" for k, values in model["knots"].items())
    note = wording(
        "study_equation",
        loglik=number_text(model["loglik"], ".4f", wording),
        null=number_text(model["loglik_null"], ".4f", wording),
        knots=visible(knots or wording("study_none"), 400),
        covariance=visible(model["covariance"]),
    )
    if "baselines" in model:
        note = wording.joined([note, wording("study_loglik_of_event")])
    keys = ("term", "beta", "se", RATIOS[ratio], "ci", "p", *(("df", "fmi") if pooled else ()), "mean")
    columns = tuple(wording(f"study_column_{key}") for key in keys)
    return Table(wording("study_coefficients", name=visible(name)), columns, rows, note)


def _terms(name: str, model: Mapping[str, Any], wording: Wording) -> Table:
    """Tabulate what the model tells of its terms: coefficients, splits, or whatever a machine knows of them."""
    if model["coefficients"]:
        return _coefficients(name, model, wording)
    if "splits" in model:
        return _splits(name, model, wording)
    lines: Sequence[Mapping[str, Any]] = model["terms"]
    keys = [key for key in lines[0] if key != "term"]
    rows = tuple((visible(line["term"]), *(number_text(line[key], ".4g", wording) for key in keys)) for line in lines)
    columns = tuple(wording(f"study_column_{COLUMNS.get(key, key)}") for key in ("term", *keys))
    return Table(wording("study_terms", name=visible(name)), columns, rows, wording("study_terms_note"))


def _splits(name: str, model: Mapping[str, Any], wording: Wording) -> Table:
    """Tabulate how the trees of a forest ask its variables."""
    rows = tuple(
        (visible(row["term"]), str(row["splits"]), f"{row['minimal_depth']:.2f}", f"{100 * row['unused']:.0f} %")
        for row in model["splits"]
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("term", "splits", "depth", "unused"))
    note = wording("study_splits_note", c=number_text(model["out_of_bag"]["harrell_c"], ".3f", wording))
    return Table(wording("study_splits", name=visible(name)), columns, rows, note)


def _term(row: Mapping[str, Any], wording: Wording) -> str:
    """Return the term, with its event where every cause has coefficients of its own."""
    return visible(row["term"]) if "cause" not in row else wording(
        "study_cause_term", cause=str(row["cause"]), term=visible(row["term"])
    )  # fmt: skip


def _baseline(name: str, model: Mapping[str, Any], endpoint: Mapping[str, Any], wording: Wording) -> list[Table]:
    """How a third party computes the risk, with the baseline at the horizons where there is one."""
    title, columns = wording("study_baseline", name=visible(name)), (wording("study_column_time"), "S0(t)")
    if model["baseline"] is None:
        return [Table(wording("study_prediction", name=visible(name)), (), (), _equation(model, endpoint, wording))]
    if not model["baseline_survival"]:
        return []
    if model["kind"] == "fine_gray":
        title, columns = wording("study_baseline_free", name=visible(name)), (columns[0], "1 - F0(t)")
    stratified = bool(model["baseline"]["strata"])
    rows = tuple(
        (
            *((visible(line["stratum"]),) if stratified else ()),
            duration(line["horizon"], endpoint["unit"], wording),
            number_text(line["survival"], ".10g", wording),
        )
        for line in model["baseline_survival"]
    )
    heads = (wording("study_column_stratum"), *columns) if stratified else columns
    return [Table(title, heads, rows, wording("study_how_to_predict"))]


def _equation(model: Mapping[str, Any], endpoint: Mapping[str, Any], wording: Wording) -> str:
    # early relapse is a logistic model of one window: what counts is the intercept, not the kind
    if any(line["term"] == "Intercept" for line in model["coefficients"]):
        return wording("study_how_to_predict_logistic")
    if "splits" in model:
        competing = endpoint["kind"] == "competing"
        return wording("study_how_to_predict_forest_competing" if competing else "study_how_to_predict_forest")
    if "baselines" in model:
        return wording("study_how_to_predict_causes")
    parameters = model["parameters"]
    if "location" in parameters and model["coefficients"]:
        return wording(
            "study_how_to_predict_time",
            location=f"{parameters['location']:.10g}",
            scale=f"{parameters['scale']:.10g}",
            distribution=visible(parameters["distribution"]),
        )
    return wording("study_how_to_predict_file")


def _imputation(name: str, model: Mapping[str, Any], wording: Wording) -> list[Table]:
    """Tabulate what was missing and what was put in its place, number by number and level by level."""
    found = model["imputation"]
    if not found:
        return []
    rows = tuple(
        (
            visible(line["variable"] if line["level"] is None else f"{line['variable']}={line['level']}"),
            str(line["missing"]),
            _mean(line, "observed"),
            _mean(line, "imputed"),
        )
        for line in found["values"]
    )
    keys = ("term", "missing", "observed", "imputed")
    columns = tuple(wording(f"study_column_{key}") for key in keys)
    note = wording("study_imputation_note", n=str(found["incomplete"]), copies=str(found["copies"]))
    return [Table(wording("study_imputation", name=visible(name)), columns, rows, note)]


def _mean(line: Mapping[str, Any], key: str) -> str:
    """Mean and standard deviation of a number, share of a level."""
    if line[f"{key}_sd"] is None:
        return f"{100 * line[key]:.1f} %" if line["level"] is not None else f"{line[key]:.4g}"
    return f"{line[key]:.4g} ({line[f'{key}_sd']:.3g})"


def _proportional_hazards(name: str, model: Mapping[str, Any], wording: Wording) -> list[Table]:
    """Tabulate the test of proportional hazards; why there is none is said of Cox models only."""
    tested = model["proportional_hazards"]
    if tested is None and model["kind"] != "cox":
        return []
    rows = tuple(
        (_term(row, wording), f"{row['chisq']:.4g}", str(row["df"]), p_value(row["p"])) for row in tested or ()
    )
    columns = (wording("study_column_term"), "χ²", wording("study_column_df"), wording("study_column_p"))
    note = wording("study_zph_note") if rows else visible(model["proportional_hazards_reason"], 300)
    return [Table(wording("study_zph", name=visible(name)), columns, rows, note)]


def number_text(value: float | None, digits: str, wording: Wording) -> str:
    """Return a number of the results; null, which stands for a number that does not exist, in words."""
    return wording("study_not_computed") if value is None else format(value, digits)


def interval_text(row: Mapping[str, Any], digits: str, wording: Wording) -> str:
    """Return the limits of a row, or that there are none."""
    if row["lower"] is None or row["upper"] is None:
        return wording("study_not_computed")
    return f"{row['lower']:{digits}} {wording('study_to')} {row['upper']:{digits}}"


def metric_text(row: Mapping[str, Any], unit: str, wording: Wording) -> str:
    """Name a metric with its horizon and threshold."""
    text = wording(f"metric_{row['metric']}")
    if row["horizon"] is not None:
        word = unit_text(unit, wording, row["horizon"])
        text = wording("metric_at_horizon", metric=text, horizon=f"{row['horizon']:g}", unit=word)
    if row.get("threshold") is not None:
        text = wording("metric_at_threshold", metric=text, threshold=f"{row['threshold']:g}")
    return text
