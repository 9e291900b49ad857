"""Why ``dvc repro`` would run a stage, in words, and how many pieces that touches.

dvc.lock says what every stage was last run with: parameters, and digests of what it
reads and writes. All of it is compared with what is there now, as DVC does, but
down to the single parameter and file.
"""
