"""Is a cohort large enough for the model that is fitted to it? Riley's criteria at the cohort's own event rate."""

from __future__ import annotations

from cohorts.errors import Finding
from prognosis.sample_size import DEFAULT_NAGELKERKE, SampleSize, sample_size_binary, sample_size_survival


def needed_for(
    n: int,
    events: int,
    parameters: int,
    *,
    follow_up: float | None = None,
    timepoint: float | None = None,
    nagelkerke: float = DEFAULT_NAGELKERKE,
) -> SampleSize:
    """Smallest cohort for a model of so many parameters at the event rate of this cohort.

    Parameters
    ----------
    n, events : patients and events of interest. parameters : candidate design columns.
    follow_up : sum of the times under observation, None for a binary outcome. timepoint : horizon of the prediction,
        None: the mean follow-up. nagelkerke : anticipated Nagelkerke R2.
    """
    if follow_up is None:
        return sample_size_binary(parameters, events / n, nagelkerke=nagelkerke)
    mean = follow_up / n
    return sample_size_survival(parameters, events / follow_up, timepoint or mean, mean, nagelkerke=nagelkerke)


def events_shortfall(
    n: int,
    events: int,
    parameters: int,
    *,
    follow_up: float | None = None,
    timepoint: float | None = None,
    nagelkerke: float = DEFAULT_NAGELKERKE,
) -> list[Finding]:
    """Warn (Z01) when the cohort falls short of Riley's criteria; parameters as in `needed_for`.

    Nothing is said of cohorts without an event or with nothing else, which no model can use.
    """
    if parameters < 1 or events < 1 or (follow_up is None and events >= n):
        return []
    needed = needed_for(n, events, parameters, follow_up=follow_up, timepoint=timepoint, nagelkerke=nagelkerke)
    if n >= needed.n:
        return []
    rule = (
        f"{n} patients with {events} events are fewer than Riley's criteria ask for {parameters} parameters: "
        f"{needed.n} patients with {needed.events:.0f} events at this event rate, if the model's Nagelkerke R2 is "
        f"{nagelkerke:g} (Cox-Snell R2 {needed.r_squared:.3g}); the criterion that asks most is {needed.binding.name}"
    )
    way_out = "expect optimism: use fewer predictors or a penalty, validate, and shrink by the corrected slope"
    return [Finding("Z01", rule, way_out, severity="warning")]
