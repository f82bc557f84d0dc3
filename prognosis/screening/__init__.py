"""The table of many rare binary features: one model a feature, alone and adjusted, with the false discovery rate.

May import models of this room and a study's cohort and outcome; no recipe and no fitted model.
"""

from prognosis.screening.result import AbnormalityTable
from prognosis.screening.table import screen_abnormalities

__all__ = ["AbnormalityTable", "screen_abnormalities"]
