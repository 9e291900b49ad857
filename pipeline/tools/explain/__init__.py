"""Why ``dvc repro`` would run a stage, and how many pieces are affected.

dvc.lock records the last run of every stage: parameters, and digests of its inputs
and outputs. They are compared with the current state, as DVC does, but
down to the single parameter and file.
"""
