"""Speed of training, compared with a simple torch loop.

``bare`` is an ``nn.LSTM`` encoder-decoder of the same shape, with dropout and
scaled dot-product attention (torch's own functions for both) where the
experiment's model has them, and without grammar, bridge and clipping: it is what
torch alone needs. For a model that copies, it is the LSTM of the same sizes with
attention; with ``lstm`` as third argument ours is that one, too. ``step_by_step`` is
the same network one token and one piece at a time, as the early experiments had it.

All see the same batches of made-up tunes, in turns, in one run. Run it on a
quiet machine, from the root of the project::

    python -m tests.benchmarks.training [EXPERIMENT] [ROUNDS] [lstm]

The last line is one JSON object: how many times as fast as either our loop is,
and all three in target tokens a second, padding left out; medians over rounds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from operator import truediv
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.core.settings import Section, load_yaml, lookup, read_section
from pipeline.core.vocabulary import IGNORE_INDEX, PAD_ID, START, STOP, TIED, VOCAB_SIZE
from pipeline.models.base.batches import Batch, collate, plan
from pipeline.models.base.examples import Example, cut_at_note
from pipeline.models.base.registry import build, parse_model
from pipeline.models.lstm.config import LstmConfig
from pipeline.training.determinism import prepare
from pipeline.training.gradients import Workers
from pipeline.training.settings import TrainingSettings

BATCHES_A_ROUND = 8
PIECES_ONE_BY_ONE = 2


class Bare(nn.Module):
    """The least that a torch user writes."""

    def __init__(self, config: LstmConfig) -> None:
        super().__init__()
        self.directions = 2 if config.bidirectional else 1
        self.table = nn.Embedding(VOCAB_SIZE + 1, config.embedding_size)
        shape = {"num_layers": config.layers, "batch_first": True, "dropout": config.dropout}
        shape["dropout"] *= config.layers > 1
        self.encoder = nn.LSTM(
            config.embedding_size, config.hidden_size, bidirectional=config.bidirectional, **shape
        )
        self.decoder = nn.LSTM(config.embedding_size, config.hidden_size, **shape)
        self.dropout = nn.Dropout(config.dropout)
        seen = config.attention_size if config.attention != "none" else 0
        if seen:
            self.query = nn.Linear(config.hidden_size, seen)
            self.memory = nn.Linear(config.hidden_size * self.directions, 2 * seen)
        self.attends = bool(seen)
        self.output = nn.Linear(config.hidden_size + seen, VOCAB_SIZE)

    def forward(self, batch: Batch) -> Tensor:
        memory, state = self.read(batch.source)
        padding = batch.source == PAD_ID
        return self.decode(memory, padding, state, batch.inputs)[0]

    def read(self, source: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        memory, (h, c) = self.encoder(self.dropout(self.table(source)))
        return memory, (h[:: self.directions].contiguous(), c[:: self.directions].contiguous())

    def decode(
        self, memory: Tensor, padding: Tensor, state: tuple[Tensor, Tensor], inputs: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        outputs, state = self.decoder(self.dropout(self.table(inputs)), state)
        if self.attends:
            keys, values = self.memory(memory).chunk(2, dim=-1)
            seen = nn.functional.scaled_dot_product_attention(
                self.query(outputs), keys, values, attn_mask=~padding[:, None]
            )
            outputs = torch.cat([outputs, seen], dim=-1)
        return self.output(self.dropout(outputs)), state


def as_lstm(config: Section) -> LstmConfig:
    """The LSTM with attention of the same sizes, without copying."""
    sizes = {
        name: value
        for name, value in config.model_dump().items()
        if name in ("embedding_size", "hidden_size", "layers", "attention_size", "dropout")
    }
    plain = {"kind": "lstm", "input": "embedding", "attention": "dot", "bidirectional": False}
    return config if isinstance(config, LstmConfig) else LstmConfig.model_validate({**plain, **sizes})


def made_up_tunes(n: int) -> list[Example]:
    """Random tunes with the lengths of folk songs on sixteenths: median about 180 steps."""
    rng = np.random.default_rng(1)
    tunes = []
    for n_steps in np.clip(rng.lognormal(5.2, 0.5, n), 40, 700).astype(int):
        tokens: list[int] = []
        while len(tokens) < n_steps:
            pitch = int(rng.integers(55, 84))
            tokens += [pitch, *[TIED + pitch] * int(rng.integers(0, 4))]
        tunes.append(cut_at_note([START, *tokens, STOP], 0.5))
    return tunes


def our_loop(config: Section, settings: TrainingSettings) -> Callable[[list[Example]], None]:
    """One step of the loop of this project."""
    prepare(settings)
    model = build(config)
    workers = Workers(model, settings)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)

    def step(examples: list[Example]) -> None:
        torch.set_num_threads(1)
        _, gradients = workers.gradient(examples, [1])
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient / sum(len(example.target) for example in examples)
        nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
        optimizer.step()

    return step


def bare_loop(config: LstmConfig, settings: TrainingSettings) -> Callable[[list[Example]], None]:
    """One step of the bare loop, on as many threads."""
    model = Bare(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate, fused=True)

    def step(examples: list[Example]) -> None:
        torch.set_num_threads(settings.threads)
        batch = collate(examples)
        loss = nn.functional.cross_entropy(
            model(batch).flatten(0, 1), batch.target.flatten(), ignore_index=IGNORE_INDEX
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def step_by_step_loop(config: LstmConfig, settings: TrainingSettings) -> Callable[[list[Example]], None]:
    """Piece by piece, token by token; a second thread would slow it down."""
    model = Bare(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)

    def learn(example: Example) -> None:
        batch = collate([example])
        outputs, state = [], None
        for at in range(len(example.source)):
            said, state = model.encoder(model.dropout(model.table(batch.source[:, at : at + 1])), state)
            outputs.append(said)
        memory, padding = torch.cat(outputs, dim=1), batch.source == PAD_ID
        state = tuple(part[:: model.directions].contiguous() for part in state)
        loss = torch.zeros(())
        for at in range(len(example.target)):
            logits, state = model.decode(memory, padding, state, batch.inputs[:, at : at + 1])
            loss = loss + nn.functional.cross_entropy(logits[:, 0], batch.target[:, at])
        optimizer.zero_grad()
        (loss / len(example.target)).backward()
        optimizer.step()

    def step(examples: list[Example]) -> None:
        torch.set_num_threads(1)
        for example in examples:
            learn(example)

    return step


def tokens_a_second(step: Callable[[list[Example]], None], batches: list[list[Example]]) -> float:
    began = time.perf_counter()
    for batch in batches:
        step(batch)
    n_tokens = sum(len(example.target) for batch in batches for example in batch)
    return n_tokens / (time.perf_counter() - began)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("experiment", nargs="?", default="melodies")
    arguments.add_argument("rounds", nargs="?", type=int, default=7)
    arguments.add_argument("kind", nargs="?", choices=["lstm"])
    chosen = arguments.parse_args()
    measure(chosen.experiment, chosen.rounds, chosen.kind)


def measure(experiment: str, rounds: int, kind: str | None) -> None:
    settings = read_section(TrainingSettings, "experiments", experiment, "training")
    config = parse_model(lookup(load_yaml(), "experiments", experiment, "model"), experiment)
    plain = as_lstm(config)
    examples = made_up_tunes(1500)
    batches = [[examples[i] for i in chosen] for chosen in plan(examples, settings.batch_tokens, 1, 1)]
    batches = batches[:BATCHES_A_ROUND]
    loops = {
        "ours": our_loop(plain if kind == "lstm" else config, settings),
        "bare": bare_loop(plain, settings),
    }
    slow = step_by_step_loop(plain, settings)
    few = [batch[:PIECES_ONE_BY_ONE] for batch in batches[:1]]
    speeds: dict[str, list[float]] = {name: [] for name in (*loops, "step_by_step")}
    for number in range(rounds + 1):
        measured = {name: tokens_a_second(step, batches) for name, step in loops.items()}
        measured["step_by_step"] = tokens_a_second(slow, few)
        for name, speed in measured.items():
            if number:
                speeds[name].append(speed)
                print(f"round {number}: {name} {speed:.0f} tokens/s", flush=True)
    ratios = {
        f"ratio_to_{name}": round(median(map(truediv, speeds["ours"], speeds[name])), 2)
        for name in ("bare", "step_by_step")
    }
    figures = {f"{name}_tokens_per_s": round(median(values)) for name, values in speeds.items()}
    print(json.dumps({**ratios, **figures}))


if __name__ == "__main__":
    main()
