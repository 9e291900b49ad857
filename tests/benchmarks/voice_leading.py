"""Costs of the voice-leading rules, and what they do to harmonies.

    python -m tests.benchmarks.voice_leading choose [--pieces N] [--width 2]
    python -m tests.benchmarks.voice_leading measure [--split test] [--seeds 1 2 3] [--width 4] [--passes 1]
    python -m tests.benchmarks.voice_leading trained [--split test] [--seeds 1 2 3] [--width 4]

``choose`` counts how often the training chorales break each rule, then chooses the costs on
the validation split: rule by rule in the order of the table, the lowest of COSTS at which
beam search with the soprano given breaks the rule at most as often as Bach (parallels: never);
where none does, the one at which it is broken least. A cost that brings parallels back, once they
have costs, is left out. The other rules have the costs chosen so far, later ones the lowest.
``measure`` compares decoding methods on a split, free and guided:
greedy decoding, beam search, sampling with several seeds, and revision by passes over single
voices; for each the broken rules per 100 chords, the token error rate and the share of closing
chords in root position. Seconds are of the processor, for all pieces.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup, parse_section
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.harmony_search import search_harmonies
from pipeline.decoding.revision import revise
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.decoding.voice_leading.keys import WrittenKey, key_of
from pipeline.decoding.voice_leading.rules import RULES, costs_of
from pipeline.evaluation.harmonies import broken_rules
from pipeline.evaluation.harmonize_task import errors_of
from pipeline.models.base.batches import read_rows
from pipeline.models.base.examples import HarmonizeExample
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import load_run
from pipeline.models.base.registry import parse_model
from pipeline.models.base.tasks import TASK, harmony_rows
from pipeline.training.checkpoints import identity
from pipeline.training.data import read_training_data
from pipeline.training.experiment import train_experiment
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.progress import say
from tests.helpers.paths import ROOT

EXPERIMENT = "chorales-harmony"
TOKENS, RUN = ROOT / "data/tokens/chorales", ROOT / "data/runs" / EXPERIMENT
TRAINED = ROOT / ".cache/voice-leading"
GIVEN = (0,)
COSTS = (2.0, 4.0, 8.0, 16.0)
NEVER = ("parallel_fifths", "parallel_octaves")

Harmonies = Sequence[NDArray[np.uint16]]
Pieces = tuple[list[HarmonizeExample], list[WrittenKey]]


def pieces_of(split: str, most: int | None = None) -> Pieces:
    rows = read_rows(TOKENS, split)
    rows = rows.slice(0, most)
    return harmony_rows(rows, [GIVEN] * len(rows)), [key_of(row) for row in rows.to_pylist()]


def figures_of(harmonies: Harmonies, pieces: Pieces) -> dict[str, float]:
    """Broken rules per 100 chords, and the token error rate."""
    examples, keys = pieces
    return {**broken_rules(harmonies, examples, keys), "token_error": errors_of(harmonies, examples)["all"]}


def choose(model: Seq2Seq, most: int | None, width: int) -> dict[str, Any]:
    """The costs, and every trial."""
    train, valid = pieces_of("train"), pieces_of("valid", most)
    bach = broken_rules([example.target for example in train[0]], *train)
    nats = {rule.name: COSTS[0] for rule in RULES}
    trials: dict[tuple[float, ...], dict[str, float]] = {}  # by the costs of all rules
    for rule in RULES:
        limit = 0.0 if rule.name in NEVER else bach[rule.name]
        rates = {}
        for cost in COSTS:
            nats[rule.name] = cost
            costs = tuple(nats.values())
            if costs not in trials:
                made = search_harmonies(model, valid[0], width, 32, Guidance(nats, valid[1]))
                trials[costs] = figures_of(made, valid)
            found = trials[costs]
            say(f"{rule.name} {cost}: {found[rule.name]:.2f}, Bach {bach[rule.name]:.2f}")
            if rule.name in NEVER or not any(found[name] for name in NEVER):
                rates[cost] = found[rule.name]
            if found[rule.name] <= limit:
                break
        allowed = [cost for cost, rate in rates.items() if rate <= limit]
        nats[rule.name] = allowed[0] if allowed else min(rates, key=rates.__getitem__, default=COSTS[0])
    listed = [{"nats": list(costs), **found} for costs, found in trials.items()]
    return {"pieces": len(valid[0]), "width": width, "bach": bach, "nats": nats, "trials": listed}


def measure(model: Seq2Seq, split: str, seeds: Sequence[int], width: int, passes: int) -> dict[str, Any]:
    """Decoding methods on a split."""
    pieces = pieces_of(split)
    examples, keys = pieces
    found = {"original": figures_of([example.target for example in examples], pieces)}
    for level in ("off", "default", "strict"):
        nats = costs_of(level)
        for name, decode in methods(model, examples, seeds, width, passes, nats and Guidance(nats, keys)):
            if level == "strict" and "greedy" not in name:
                continue
            began = time.process_time()
            harmonies = decode()
            took = round(time.process_time() - began, 1)
            found[f"{name}, {level}"] = {**figures_of(harmonies, pieces), "seconds": took}
            say(f"{name}, {level}: {found[f'{name}, {level}']}")
    return {"split": split, "pieces": len(examples), "methods": found}


def methods(
    model: Seq2Seq,
    examples: Sequence[HarmonizeExample],
    seeds: Sequence[int],
    width: int,
    passes: int,
    guidance: Guidance | None,
) -> Iterator[tuple[str, Callable[[], Harmonies]]]:
    """Names of decoding methods, and what they give."""
    yield "greedy", lambda: harmonize(model, examples, guidance=guidance)
    yield f"beam {width}", lambda: search_harmonies(model, examples, width, 32, guidance)
    for seed in seeds:
        yield (
            f"sampled, seed {seed}",
            lambda seed=seed: harmonize(  # type: ignore[misc]
                model, examples, Sampling(1.0), seed, guidance=guidance
            ),
        )
    if passes:
        first = harmonize(model, examples, guidance=guidance)
        yield (
            f"greedy revised, {passes} passes",
            lambda: revise(model, examples, first, passes, guidance=guidance),
        )


def trained(split: str, seeds: Sequence[int], width: int) -> dict[str, Any]:
    """Greedy decoding and beam search, free and guided, of a model trained with each seed."""
    pieces = pieces_of(split)
    examples, keys = pieces
    found: dict[str, dict[str, Any]] = {}
    for seed in seeds:
        model, _ = load_run(_run(seed))
        for level in ("off", "default"):
            nats = costs_of(level)
            guidance = nats and Guidance(nats, keys)
            for name, harmonies in (
                ("greedy", harmonize(model, examples, guidance=guidance)),
                (f"beam {width}", search_harmonies(model, examples, width, 32, guidance)),
            ):
                figures = figures_of(harmonies, pieces)
                found.setdefault(f"{name}, {level}", {})[f"seed {seed}"] = figures
                say(f"seed {seed}, {name}, {level}: {figures}")
    for by_seed in found.values():
        figures = list(by_seed.values())
        by_seed["mean"] = {name: float(np.mean([each[name] for each in figures])) for name in figures[0]}
    original = figures_of([example.target for example in examples], pieces)
    return {"split": split, "pieces": len(examples), "seeds": list(seeds), "original": original, **found}


def _run(seed: int) -> Path:
    """The run of the experiment with this seed of training: the experiment's own, or trained here."""
    experiment, where = lookup(load_yaml(ROOT / PARAMS_FILE), "experiments", EXPERIMENT), EXPERIMENT
    settings = parse_section(TrainingSettings, lookup(experiment, "training"), where)
    if settings.seed == seed:
        return RUN
    task = parse_section(TASK, lookup(experiment, "task"), where)
    model = parse_model(lookup(experiment, "model"), where)
    settings = settings.model_copy(update={"seed": seed})
    facts = [section.model_dump() for section in (task, model, settings)]
    data = read_training_data(TOKENS, task).fingerprint
    name = identity(
        {"sections": facts, "data": data},
        ["pipeline.training.experiment", f"pipeline.models.{model.model_dump()['kind']}.network"],
    )
    folder = TRAINED / name
    if not folder.exists():
        TRAINED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=TRAINED) as partial:
            train_experiment(
                TOKENS,
                task,
                model,
                settings,
                Path(partial) / "run",
                Path(partial) / "learning.csv",
            )
            (Path(partial) / "run").rename(folder)
    return folder


def rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("what", choices=["choose", "measure", "trained"])
    arguments.add_argument("--pieces", type=int, help="of the validation split; default: all")
    arguments.add_argument("--split", default="test")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--width", type=int)
    arguments.add_argument("--passes", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if options.what == "choose":
        found = choose(load_run(RUN)[0], options.pieces, options.width or 2)
    elif options.what == "trained":
        found = trained(options.split, options.seeds, options.width or 4)
    else:
        found = measure(load_run(RUN)[0], options.split, options.seeds, options.width or 4, options.passes)
    print(json.dumps({options.what: rounded(found)}))


if __name__ == "__main__":
    main()
