"""Models out of publications: a coefficient table and a baseline become a model that answers for patients."""
