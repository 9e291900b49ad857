"""Train one experiment: token shards to weights and a learning curve."""

from __future__ import annotations

from pathlib import Path

from pipeline.batches import fingerprint, load_examples
from pipeline.models import build, parse_model
from pipeline.runner import stage_main
from pipeline.settings import load_yaml, lookup, read_section
from pipeline.training.loop import prepare, train, write_learning_curve
from pipeline.training.runs import Run, save_run
from pipeline.training.settings import TrainingSettings


def run(key: str) -> None:
    """Train ``experiments.KEY``; without a validation split its own examples decide which epoch is best."""
    settings = read_section(TrainingSettings, "experiments", key, "training")
    params = load_yaml()
    config = parse_model(lookup(params, "experiments", key, "model"), f"experiments.{key}.model")
    dataset = lookup(params, "experiments", key, "dataset")
    tokens = Path("data/tokens") / dataset
    examples = load_examples(tokens, "train", settings.cut)
    validation = load_examples(tokens, "valid", settings.cut) or examples

    device = prepare(settings)
    network = build(config).to(device)
    trained = train(network, examples, validation, settings)

    best = trained.best
    save_run(
        Path("data/runs") / key,
        network,
        Run(config, dataset, fingerprint(tokens), best.epoch, best.valid_nats),
    )
    write_learning_curve(Path("data/plots") / key / "learning.csv", trained.curve)


if __name__ == "__main__":
    stage_main("train", run)
