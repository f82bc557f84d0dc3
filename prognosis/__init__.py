"""Models, resampling, metrics and model files: a cohort and a question become a validated prognosis. May import `cohorts` only; never draws."""
