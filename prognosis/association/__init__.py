"""How columns of a cohort go together, each pair by a measure that its kinds of variables allow.

May import cohorts only, and nothing of models.
"""

from prognosis.association.result import Associations
from prognosis.association.table import associations

__all__ = ["Associations", "associations"]
