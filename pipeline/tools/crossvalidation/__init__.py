"""An experiment measured on every piece of its data set: folds over tune families.

One split of a small data set tests on a few dozen pieces. Here, tune families are
assigned to folds, each fold is held out once, and a model is trained on the others
with the experiment's own settings and several seeds. A fine-tuned experiment
starts from a model that is trained again, once per seed, on the data set of its
``init_from`` without any relative of any piece of any fold.

Finished parts are kept in ``.cache/crossvalidation``: an interrupted
run resumes from them.
"""
