"""An experiment measured on every piece of its data set: folds over tune families.

One split of a small data set tests on a few dozen pieces. Here tune families are
dealt to folds, each fold is held out once, and a model is trained on the others,
by the experiment's own settings and with several seeds. A fine-tuned experiment
begins with a model that is trained anew, once a seed, on the data set of its
``from`` without any relative of any piece, in whichever fold it is.

Every part that is done is kept in ``.cache/crossvalidation``: a run that was
interrupted goes on where it was.
"""
