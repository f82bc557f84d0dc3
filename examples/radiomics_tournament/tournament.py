"""Selectors times classifiers in 146 patients: the winner corrected for having won, and tested in other patients only.

python examples/radiomics_tournament/tournament.py [EFFECT]      log hazard ratio of one feature group; default 0: noise
"""

import sys
import warnings

from cohorts.errors import LeakageError, PrognosisWarning
from imaging_head.simulated_radiomics import simulate_radiomics
from prognosis import Study, tournament
from prognosis.models import AdaBoost, DecisionTree, ExtraTrees, Logistic, Selected, SupportVectorMachine
from prognosis.selection import Uncorrelated, Univariable
from prognosis.validation.plans import CrossValidation

SELECTORS = {f"{keep} best": Univariable(keep=keep) for keep in (2, 5, 10)} | {"uncorrelated": Uncorrelated()}
CLASSIFIERS = {"ridge": Logistic(penalty="ridge", strength=10.0), "SVM": SupportVectorMachine(folds=3),
               "tree": DecisionTree(folds=3), "extra-trees": ExtraTrees(trees=50, folds=3),
               "AdaBoost": AdaBoost(rounds=20)}  # fmt: skip


def held(effect: float = 0.0, train: int = 111, folds: int = 5, selectors: int = 4, classifiers: int = 5) -> list[str]:
    """Return what the tournament says, and what its winner does in the external patients."""
    made = simulate_radiomics(146, 2021, effect=effect, share=0.45)
    study = Study(made.cohort(slice(0, train)), made.binary, made.features, seed=1)
    pairs = {f"{one}, {other}": Selected(recipe, selector) for one, selector in [*SELECTORS.items()][:selectors]
             for other, recipe in [*CLASSIFIERS.items()][:classifiers]}  # fmt: skip
    found = tournament(study, pairs, plan=CrossValidation(folds, 1))
    try:
        found.validate(made.cohort(slice(train - 20, 146)))
    except LeakageError as error:
        refused = f"with 20 of its own patients: {error.findings[0].code}, {error.findings[0].rule}"
    external = found.validate(made.cohort(slice(train, 146)), metrics=["auc"]).table.iloc[0]
    other = f"AUC in {146 - train} others {external.estimate:.2f} ({external.lower:.2f} to {external.upper:.2f})"
    return [repr(found), refused, other]


if __name__ == "__main__":
    warnings.simplefilter("ignore", PrognosisWarning)
    sys.stdout.write("\n".join(held(*map(float, sys.argv[1:]))) + "\n")
