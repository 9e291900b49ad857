"""Chapter Results: experiments and baselines as charts, their tables in folds."""
