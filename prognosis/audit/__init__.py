"""Published numbers against themselves: the patients behind printed rates, tests, intervals and sums made again.

Everything is arithmetic on printed digits; no patients' data are needed. `audit_file` checks a file, the other
functions one thing each. May import `cohorts` and the rest of `prognosis`.
"""

from prognosis.audit.auc_intervals import IntervalReading, auc_ci_method
from prognosis.audit.confusion import Labelling, Solutions, confusion_from_rates
from prognosis.audit.finding import AuditFinding
from prognosis.audit.groups import GroupSummary, Statistic, anova_from_summary, chi2, group_summary
from prognosis.audit.performance import PerformanceAudit
from prognosis.audit.published import Publication
from prognosis.audit.rates import Confusion
from prognosis.audit.reading import publication_from_dict, read_publication
from prognosis.audit.result import Audit, audit, audit_file
from prognosis.audit.rounds import OverRounds, over_rounds
from prognosis.audit.spread import Spread, sd_convention
from prognosis.audit.totals import share_limits

__all__ = [
    "Audit",
    "AuditFinding",
    "Confusion",
    "GroupSummary",
    "IntervalReading",
    "Labelling",
    "OverRounds",
    "PerformanceAudit",
    "Publication",
    "Solutions",
    "Spread",
    "Statistic",
    "anova_from_summary",
    "auc_ci_method",
    "audit",
    "audit_file",
    "chi2",
    "confusion_from_rates",
    "group_summary",
    "over_rounds",
    "publication_from_dict",
    "read_publication",
    "sd_convention",
    "share_limits",
]
