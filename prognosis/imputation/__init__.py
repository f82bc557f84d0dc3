"""Missing predictors: chained imputation, the stored model for new patients, pooling by Rubin's rules."""
