"""``cross-validate``: an experiment measured on all pieces of its data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.usage import examples

RESULTS = Path("data/crossvalidation")
Experiment = Annotated[str, typer.Option(metavar="E", help="a name under `experiments` in params.yaml")]
Folds = Annotated[int, typer.Option(metavar="N", help="number of folds")]
Seeds = Annotated[list[int] | None, typer.Option(metavar="S ...", help="seeds of training  [default: 1]")]
Threads = Annotated[int | None, typer.Option(metavar="N", help="CPU threads; default: the experiment's")]


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    shown = "cross-validate --experiment chorales-copying --seeds 1 2 3"
    app.command("cross-validate", epilog=examples(shown))(cross_validate)


def cross_validate(
    experiment: Experiment, folds: Folds = 5, seeds: Seeds = None, threads: Threads = None
) -> None:
    """Cross-validate an experiment over tune families.

    Assigns the tune families of the experiment's data set to folds, holds out each fold in
    turn, trains on the rest with the experiment's own settings, and evaluates on the held-out
    fold. The weights that a fine-tuned experiment starts from are trained again without any
    relative of the whole data set. Results are in data/crossvalidation/EXPERIMENT; an
    interrupted run resumes.
    """
    from pipeline.tools.crossvalidation.figures import summary, write_results
    from pipeline.tools.crossvalidation.folds import deal
    from pipeline.tools.crossvalidation.measuring import cross_validate as measure
    from pipeline.tools.crossvalidation.study import read_study
    from pipeline.workflow.progress import say

    chosen = seeds or [1]
    study = read_study(experiment)
    dealt = deal(study.rows["tune_family"].to_pylist(), folds)
    measured = measure(study, dealt, chosen, threads)
    facts = {"experiment": experiment, **summary(study, measured, dealt, chosen)}
    write_results(RESULTS / experiment, measured, facts)
    bits = facts["intervals"]["bits_per_onset"]
    for name, found in bits.items():
        say(f"{name}: {found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}] bits per onset")
    say(f"{RESULTS / experiment} written")
