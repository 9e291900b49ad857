"""How fast training is, beside a bare ``nn.LSTM`` encoder-decoder loop of the same shape.

Both see the same batches of made-up tunes, in turns, in one run. The bare loop
has no attention, no grammar, no clipping and no dropout: it is what torch alone
needs. Run it on a quiet machine, from the root of the project::

    python -m tests.benchmarks.training [EXPERIMENT] [ROUNDS]

The last line is one JSON object: the ratio (ours to bare) and both in target
tokens a second, padding left out; medians over rounds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.batches import Batch, collate, plan
from pipeline.examples import Example, cut_at_note
from pipeline.models import build, parse_model
from pipeline.models.lstm.config import Config
from pipeline.settings import load_yaml, lookup, read_section
from pipeline.training.gradients import Workers
from pipeline.training.loop import prepare
from pipeline.training.settings import TrainingSettings
from pipeline.vocabulary import IGNORED_LABEL, SIZE, START, STOP, TIED

BATCHES_A_ROUND = 8


class Bare(nn.Module):
    """The least that a torch user writes."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        self.table = nn.Embedding(SIZE + 1, config.embedding_size)
        shape = {"num_layers": config.layers, "batch_first": True}
        self.encoder = nn.LSTM(
            config.embedding_size, config.hidden_size, bidirectional=config.bidirectional, **shape
        )
        self.decoder = nn.LSTM(config.embedding_size, config.hidden_size, **shape)
        self.output = nn.Linear(config.hidden_size, SIZE)
        self.directions = directions

    def forward(self, batch: Batch) -> Tensor:
        _, (h, c) = self.encoder(self.table(batch.source))
        state = (h[:: self.directions].contiguous(), c[:: self.directions].contiguous())
        return self.output(self.decoder(self.table(batch.inputs), state)[0])


def made_up_tunes(n: int) -> list[Example]:
    """Random tunes with the lengths of folk songs on sixteenths: median about 180 steps."""
    rng = np.random.default_rng(1)
    tunes = []
    for n_steps in np.clip(rng.lognormal(5.2, 0.5, n), 40, 700).astype(int):
        symbols: list[int] = []
        while len(symbols) < n_steps:
            pitch = int(rng.integers(55, 84))
            symbols += [pitch, *[TIED + pitch] * int(rng.integers(0, 4))]
        tunes.append(cut_at_note([START, *symbols, STOP], 0.5))
    return tunes


def our_loop(config: Config, settings: TrainingSettings) -> Callable[[list[Example]], None]:
    """One step of the loop of this project."""
    prepare(settings)
    model = build(config)
    workers = Workers(model, settings.threads)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)

    def step(examples: list[Example]) -> None:
        torch.set_num_threads(1)
        _, gradients = workers.gradient(examples, settings.teacher_forcing, [1])
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient / sum(len(example.target) for example in examples)
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        optimizer.step()

    return step


def bare_loop(config: Config, settings: TrainingSettings) -> Callable[[list[Example]], None]:
    """One step of the bare loop, on as many threads."""
    model = Bare(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)

    def step(examples: list[Example]) -> None:
        torch.set_num_threads(settings.threads)
        batch = collate(examples)
        loss = nn.functional.cross_entropy(
            model(batch).flatten(0, 1), batch.target.flatten(), ignore_index=IGNORED_LABEL
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def tokens_a_second(step: Callable[[list[Example]], None], batches: list[list[Example]]) -> float:
    began = time.perf_counter()
    for batch in batches:
        step(batch)
    n_tokens = sum(len(example.target) for batch in batches for example in batch)
    return n_tokens / (time.perf_counter() - began)


def main(experiment: str = "melodies", rounds: str = "7") -> None:
    settings = read_section(TrainingSettings, "experiments", experiment, "training")
    config = parse_model(lookup(load_yaml(), "experiments", experiment, "model"), experiment)
    examples = made_up_tunes(1500)
    batches = [[examples[i] for i in chosen] for chosen in plan(examples, settings.batch_tokens, 1, 1)]
    batches = batches[:BATCHES_A_ROUND]
    loops = {"ours": our_loop(config, settings), "bare": bare_loop(config, settings)}
    speeds: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(int(rounds) + 1):
        for name, step in loops.items():
            speed = tokens_a_second(step, batches)
            if number:
                speeds[name].append(speed)
                print(f"round {number}: {name} {speed:.0f} tokens/s", flush=True)
    ratio = median(ours / bare for ours, bare in zip(speeds["ours"], speeds["bare"], strict=True))
    figures = {name: round(median(values)) for name, values in speeds.items()}
    print(json.dumps({"ratio": round(ratio, 3), **{f"{k}_tokens_per_s": v for k, v in figures.items()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
