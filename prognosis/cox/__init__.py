"""Cox regression: likelihood maximised, baseline, residuals, tests, survival times; one idea a file."""
