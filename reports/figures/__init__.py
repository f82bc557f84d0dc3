"""Figures of the reports, one file each: what to draw as a frozen dataclass, and the function that draws it.

Nothing is estimated here. May import the rooms below reports, and of reports what knows nothing of figures.
"""

from reports.figures.canvas import Picture
from reports.figures.patient_curve import risk_curve

__all__ = ["Picture", "risk_curve"]
