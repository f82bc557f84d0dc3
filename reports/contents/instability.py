"""What the instability plot shows: some patients, evenly over the risks, and some of the bootstrap models."""

from __future__ import annotations

import math

import numpy as np

from prognosis.validation.instability import Instability
from reports.contents.judged import NAME_SHOWN, floats
from reports.figures.instability import InstabilityContent
from reports.formatting import duration
from reports.wording import Wording, visible

# More are not told apart in print, and make the file large.
PATIENTS, MODELS = 200, 12


def instability_content(found: Instability, unit: str, wording: Wording) -> InstabilityContent:
    """Choose the patients that are drawn; the printed error is that of all.

    Parameters
    ----------
    unit : of the horizon.
    """
    n, repeats = len(found.risk), len(found.resampled)
    order = np.argsort(found.risk, kind="stable")
    shown = order[np.unique(np.linspace(0, n - 1, min(n, PATIENTS)).round().astype(int))]
    models = np.unique(np.linspace(0, repeats - 1, min(repeats, MODELS)).round().astype(int))
    lower, upper = found.limits()
    dots = found.resampled[np.ix_(models, shown)]
    where = np.broadcast_to(found.risk[shown], dots.shape)
    known = np.isfinite(dots)
    mean = f"{float(found.mape.mean()):.3f}"
    time = "" if math.isnan(found.horizon) else duration(found.horizon, unit, wording)
    title = wording("figure_instability", model=visible(found.model, NAME_SHOWN))
    return InstabilityContent(
        risk=floats(found.risk[shown]),
        lower=floats(lower[shown]),
        upper=floats(upper[shown]),
        resampled_at=floats(where[known]),
        resampled=floats(dots[known]),
        error=floats(found.mape[shown]),
        mean_error=float(found.mape.mean()),
        risk_label=wording("figure_original_risk", time=time) if time else wording("figure_original_risk_binary"),
        resampled_label=wording("figure_resampled_risk"),
        dots_label=wording("figure_dots"),
        band_label=wording("figure_centiles"),
        same_label=wording("figure_same"),
        error_label=wording("figure_error"),
        mean_label=wording("figure_mean_error", error=mean),
        title=title,
        alt=wording("figure_instability_alt", title=title, repeats=repeats, shown=len(shown), n=n, error=mean),
    )
