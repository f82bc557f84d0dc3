"""From a large source cohort to a small target: source coefficients, the weight they get, and whether they help."""
