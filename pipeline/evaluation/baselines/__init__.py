"""Baselines without torch.

========== =======================================================================
sequences  many sequences in one array
longterm   an n-gram of the training pieces
shortterm  the same n-gram of the piece so far
mixing     mixtures of distributions, weighted by entropy
predictors over the 258 symbols: copy, n-gram, and a memory for any predictor
========== =======================================================================
"""
