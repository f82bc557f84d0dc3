"""How often intervals hold the truth, by simulation; writes benchmarks/results/validation_coverage.json.

Band: of the smooth calibration curve, perfectly calibrated risks in independent patients, at the risk deciles 1 to 9.
Indexes: the corrected ones of `Study.validate`, against what the fitted model truly reaches in its population.
Finished simulations are kept in results/validation_coverage.jsonl; a run that was stopped goes on there. Remove that
file after a change of what is measured.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from benchmarks.simulated import COLUMNS, DESIGNS, ENDPOINT, Design, Population, draw, frame_of
from cohorts import Cohort
from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from prognosis import Study
from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from prognosis.validation import Bootstrap, CrossValidation, Plan

ROOT = Path(__file__).resolve().parents[1]
KEPT, RESULT = ROOT / "results" / "validation_coverage.jsonl", ROOT / "benchmarks/results/validation_coverage.json"
SIMULATIONS = 2000
PLANS: dict[str, Plan] = {"bootstrap": Bootstrap(100), "cross-validation": CrossValidation(folds=10, repeats=2)}
METHODS = ("pseudo-values", "cox")
# Share of patients below each place of the calibration curve, and the share of them that a 95 % band should hold.
DECILES = np.arange(1, 10) / 10
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """One kind of simulation: its name, and what one simulation by its number finds."""

    name: str
    run: Callable[[int], dict[str, Any]]


def parts() -> Iterator[Part]:
    """All kinds of simulations, in the order in which they are run."""
    for method, n in product(METHODS, (200, 500)):
        yield Part(f"band, {method}, n = {n}", lambda number, m=method, n=n: band(number, m, n))
    for plan, (name, design) in product(PLANS, DESIGNS.items()):
        population = Population.of(design)
        yield Part(
            f"{plan}, {name}", lambda number, p=plan, d=design, everybody=population: indexes(number, p, d, everybody)
        )


def band(number: int, method: Any, n: int) -> dict[str, Any]:
    """Tell at which deciles of the true risk the band of one sample holds it."""
    rng = np.random.default_rng([number, n])
    eta = 0.8 * rng.normal(size=n)
    time, censored = rng.exponential(1 / (0.5 * np.exp(eta))), rng.uniform(0.3, 4, n)
    event = (time <= censored).astype(np.int64)
    places = risk_at(0.8 * ndtri(DECILES))
    outcome = SurvivalArrays(np.minimum(time, censored), event)
    curve = calibration_curve(outcome, risk_at(eta)[:, None], np.array([1.0]), method=method, at=places)
    lower, upper = curve.limits()
    # a sample whose risks do not reach a decile has no band there
    known = np.isfinite(lower[0])
    inside = ((lower <= places) & (places <= upper))[0]
    return {"inside": [bool(i) if k else None for i, k in zip(inside, known, strict=True)]}


def risk_at(eta: Floats) -> Floats:
    """Risk of the event by time 1 at a linear predictor, hazard 0.5 at 0."""
    return -np.expm1(-0.5 * np.exp(eta))


def indexes(number: int, plan: str, design: Design, population: Population) -> dict[str, Any]:
    """Validate one sample's model, and measure in the population what it truly reaches."""
    cohort = Cohort.from_frame(frame_of(draw(design, np.random.default_rng([number, design.n]))))
    study = Study(cohort, ENDPOINT, COLUMNS, seed=number)
    model = study.fit(Cox())
    validation = study.validate(model, PLANS[plan], metrics=design.metrics)
    truth = population.measures(model)
    lines = validation.table.set_index("metric")
    spread = validation.raw.groupby("metric", sort=False)[spread_columns(validation.raw)].agg(["mean", "std"])
    return {
        metric: {"truth": truth[metric]}
        | {column: float(lines.loc[metric, column]) for column in ("apparent", "corrected", "lower", "upper")}
        | {" ".join(pair): float(value) for pair, value in spread.loc[metric].items()}
        for metric in design.metrics
    }


def spread_columns(raw: pd.DataFrame) -> list[str]:
    """Columns of single values."""
    return [c for c in ("in_resample", "in_original", "original_model_in_resample", "held_out") if c in raw]


def run(simulations: int) -> dict[str, list[dict[str, Any]]]:
    """Run what is missing, and return every finding by the name of its part."""
    KEPT.parent.mkdir(exist_ok=True)
    found: dict[str, list[dict[str, Any]]] = {}
    if KEPT.exists():
        for line in KEPT.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            found.setdefault(one["part"], []).append(one["found"])
    # a line at a time, so that a run that is stopped leaves whole ones
    with KEPT.open("a", encoding="utf-8", buffering=1) as kept:
        for part in parts():
            done = found.setdefault(part.name, [])
            for number in range(len(done), simulations):
                done.append(part.run(number))
                kept.write(json.dumps({"part": part.name, "found": done[-1]}) + "\n")
                if number % 100 == 99:
                    sys.stdout.write(f"{part.name}: {number + 1} of {simulations}\n")
                    sys.stdout.flush()
    return {name: findings[:simulations] for name, findings in found.items()}


def summary(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Coverage in percent: of the band at each decile, or of each index with its bias and the width of its interval."""
    if name.startswith("band"):
        inside = pd.DataFrame([one["inside"] for one in found], dtype=float)
        mean = round(100 * float(inside.stack().mean()), 2)
        return {"simulations": len(found), "deciles": (100 * inside.mean()).round(1).tolist(), "mean": mean}
    indexes_found = {metric: covered(pd.DataFrame([one[metric] for one in found])) for metric in found[0]}
    return {"simulations": len(found)} | indexes_found


def covered(found: pd.DataFrame) -> dict[str, float]:
    """Coverage and misses on either side, bias of the apparent and the corrected value, spread, width."""
    below, above = found["upper"] < found["truth"], found["lower"] > found["truth"]
    corrected, apparent = found["corrected"] - found["truth"], found["apparent"] - found["truth"]
    numbers = {
        "covered": 100 * (1 - (below | above).mean()),
        "interval_too_low": 100 * below.mean(),
        "interval_too_high": 100 * above.mean(),
        "truth": found["truth"].mean(),
        "bias_apparent": apparent.mean(),
        "bias_corrected": corrected.mean(),
        "sd_of_error": corrected.std(),
        "mean_width": (found["upper"] - found["lower"]).mean(),
    }
    return {key: round(float(value), 4) for key, value in numbers.items()}


def main() -> None:
    """Run the simulations that are missing and write the coverage of each part."""
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATIONS
    with warnings.catch_warnings():
        # small samples are the point here
        warnings.simplefilter("ignore", PrognosisWarning)
        found = run(simulations)
    result: dict[str, Any] = {"version": __version__}
    result |= {name: summary(name, findings) for name, findings in found.items()}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {RESULT}\n")


if __name__ == "__main__":
    main()
