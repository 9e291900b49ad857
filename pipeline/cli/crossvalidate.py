"""``cross-validate``: an experiment measured on all pieces of its data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pipeline.workflow.progress import say

RESULTS = Path("data/crossvalidation")


def add_commands(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "cross-validate",
        help="train and measure an experiment on folds over tune families",
        description="Deal the tune families of the experiment's data set to folds, hold out one after the "
        "other, train on the rest with the experiment's own settings, and measure on what was held out. "
        "What a fine-tuned experiment begins with is trained again without any relative of the whole data "
        f"set. Results go to {RESULTS}/EXPERIMENT; a run that was interrupted goes on where it was.",
        epilog="example: python -m pipeline cross-validate --experiment chorales-copying --seeds 1 2 3",
    )
    parser.add_argument("--experiment", metavar="E", required=True, help="an experiment or a fine-tuning")
    parser.add_argument("--folds", metavar="N", type=int, default=5)
    parser.add_argument("--seeds", metavar="S", type=int, nargs="+", default=[1], help="of the trainings")
    parser.add_argument("--threads", metavar="N", type=int, help="in place of the experiment's own")
    parser.set_defaults(command=_cross_validate)


def _cross_validate(asked: argparse.Namespace) -> None:
    from pipeline.tools.crossvalidation.figures import summary, write_results  # these import torch
    from pipeline.tools.crossvalidation.folds import deal
    from pipeline.tools.crossvalidation.measuring import cross_validate
    from pipeline.tools.crossvalidation.study import read_study

    study = read_study(asked.experiment)
    folds = deal(study.rows["tune_family"].to_pylist(), asked.folds)
    measured = cross_validate(study, folds, asked.seeds, asked.threads)
    facts = {"experiment": asked.experiment, **summary(study, measured, folds, asked.seeds)}
    write_results(RESULTS / asked.experiment, measured, facts)
    bits = facts["intervals"]["bits_per_onset"]
    for name, found in bits.items():
        say(f"{name}: {found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}] bits per onset")
    say(f"{RESULTS / asked.experiment} written")
