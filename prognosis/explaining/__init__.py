"""What each predictor adds to a prediction: exact where it can be, else with the error of the sampling stated."""
