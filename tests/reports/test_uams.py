"""Real myeloma patients, end to end, against R's coxph on the same rows. The data stay outside the package."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prognosis import load_model
from reports.run import run_study

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
ROOT = Path(__file__).resolve().parents[2]


def test_the_example_study_equals_r(shared: Path, golden: Callable[[str], dict[str, Any]], tmp_path: Path) -> None:
    text = (ROOT / "examples" / "uams_tt2.toml").read_text(encoding="utf-8").replace("repeats = 200", "repeats = 3")
    text = text.replace("../../shared", str(shared)).replace("uams_tt2.codebook", f"{ROOT}/examples/uams_tt2.codebook")
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    done = run_study(tmp_path / "study.toml", tmp_path / "out")
    results = json.loads((done.folder / "results.json").read_text(encoding="utf-8"))
    r, model = golden("cox_uams_tt2_efs"), results["models"]["cox"]
    steps = {line["step"]: line["n"] for line in results["flow"]}
    assert (steps["rows read"], steps["rows kept"]) == (351, r["n"])
    assert sum(n for step, n in steps.items() if "missing predictor" in step) == 19
    assert model["events"] == r["events"]
    np.testing.assert_allclose([row["estimate"] for row in model["coefficients"]], r["coef"], rtol=1e-8)
    np.testing.assert_allclose([row["se"] for row in model["coefficients"]], r["se"], rtol=1e-8)
    np.testing.assert_allclose([model["loglik_null"], model["loglik"]], r["loglik"], rtol=1e-10)
    np.testing.assert_allclose([row["chisq"] for row in model["proportional_hazards"]], r["zph_chisq"], rtol=1e-6)
    assert [row["df"] for row in model["proportional_hazards"]] == r["zph_df"]
    apparent = next(row["apparent"] for row in results["validation"]["cox"] if row["metric"] == "harrell_c")
    assert apparent == pytest.approx(r["concordance"], abs=1e-10)
    assert load_model(done.folder / "models/cox.prognosis").n == r["n"]
