"""Screen every abnormality that the karyotypes and FISH of the simulated myeloma cohort can show.

python examples/myeloma_progression/screen.py      after prognosis simulate; writes report/screened.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from cohorts.diseases.named import disease_named
from cohorts.reading import read_cohort
from prognosis import Study
from prognosis.screening import AbnormalityTable, screen_abnormalities

HERE = Path(__file__).parent


def screened(here: Path) -> AbnormalityTable:
    """Return one line an abnormality: hazard ratios alone, and adjusted for age, B2M and albumin."""
    cohort = read_cohort(here / "simulated" / "cohort.csv", codebook=here / "codebook.toml")
    fish = pd.read_csv(here / "simulated" / "fish.csv", dtype=str, keep_default_na=False)
    ready = cohort.with_cytogenetics("karyotype", fish, prevalence=0.02)
    features = [name for name in ready.frame.columns if name not in cohort.frame.columns]
    study = Study(ready, disease_named("myeloma").endpoint("pfs"), ["age"], seed=1883)
    return screen_abnormalities(study, features, adjusted_for=["age", "b2m_mg_l", "albumin_g_dl"], prevalence=0.02)


if __name__ == "__main__":
    table = screened(HERE)
    (HERE / "report").mkdir(exist_ok=True)
    table.to_csv(HERE / "report" / "screened.csv")
    shown = ["feature", "n", "carriers", "hazard_ratio", "lower", "upper", "q", "adjusted_hazard_ratio", "adjusted_q"]
    sys.stdout.write(table.tested[shown].round(3).to_string(index=False) + "\n")
