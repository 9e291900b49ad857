"""A trained model as a folder for the Hub: weights, settings, training families and a model card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.files import write_json, write_text
from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.core.text import counted
from pipeline.models.base.pretrained import load_run

RECIPE = "recipe.json"
USES = {
    "continue": ("continue a melody from a prompt", "generate"),
    "harmonize": ("predict missing voices of a score", "harmonize"),
}


def export_model(name: str, folder: Path, root: Path) -> list[str]:
    """Write the weights with the files needed to use and evaluate them.

    Returns:
        Messages about what was written.

    Raises:
        CheckpointError: the experiment has not been trained, or its files are damaged.
    """
    run = root / "data/runs" / name
    load_run(run)
    params = load_yaml(root / PARAMS_FILE)
    experiment = lookup(params, "experiments", name)
    dataset = lookup(params, "datasets", lookup(experiment, "dataset"))
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(run.iterdir()):
        shutil.copyfile(file, folder / file.name)
    recipe = {
        "experiment": name,
        "task": lookup(experiment, "task"),
        "quantize": lookup(dataset, "quantize"),
        "encode": lookup(dataset, "encode"),
    }
    write_json(folder / RECIPE, recipe)
    metrics = _json(root / "data/metrics" / f"{name}.json")
    write_text(folder / "README.md", model_card(name, experiment, dataset, metrics, _families(run)))
    return [
        f"{folder}: model {name}, trained on {lookup(experiment, 'dataset')}",
        f"Upload: hf upload USER/{name} {folder}",
    ]


def model_card(
    name: str,
    experiment: Mapping[str, Any],
    dataset: Mapping[str, Any],
    metrics: Mapping[str, Any],
    n_families: int,
) -> str:
    """The model card: front matter for the Hub, then text for people."""
    use, method = USES[lookup(experiment, "task", "kind")]
    data = lookup(experiment, "dataset")
    start = lookup(experiment, "init_from")
    lines = [
        "---",
        "license: other",
        "library_name: entchen",
        "tags: [music, symbolic-music, lstm]",
        "---",
        "",
        f"# {name}",
        "",
        f"A `{lookup(experiment, 'model', 'kind')}` model to {use}, made by Entchen.",
        "",
        "```python",
        "import pipeline",
        "",
        f'model = pipeline.load_model("{name}")    # or the path of this folder',
        f'model.{method}("tune.musicxml").save("result.musicxml")',
        "```",
        "",
        "## Data",
        "",
        f"Trained on the training split of `{data}` ({', '.join(lookup(dataset, 'corpora'))})"
        + (f", starting from the weights of `{start}`." if start != "scratch" else "."),
        f"`families.txt` lists the {counted(n_families, 'tune family', 'tune families')} that the weights "
        "were trained on, `soft_relatives.txt` weaker relatives of held-out pieces among them: "
        "do not evaluate on these.",
        "",
        "## Figures on the test split",
        "",
        "| figure | value |",
        "| --- | --- |",
        *(f"| {figure} | {'' if value is None else value} |" for figure, value in metrics.items()),
        "",
        "## Intended use and limits",
        "",
        f"Research on symbolic music: the model is meant to {use} in the style of its training data, on a "
        f"grid of {counted(lookup(dataset, 'quantize', 'steps_per_quarter'), 'step')} per quarter note. It "
        "has no dynamics, lyrics or instruments. The licences of the training scores are in the card of the "
        "data set; some permit non-commercial use only.",
    ]
    return "\n".join(lines) + "\n"


def _families(run: Path) -> int:
    file = run / "families.txt"
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found
