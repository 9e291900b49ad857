"""Files of a training that were edited together with their digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from pipeline.models.base.pretrained import CONFIG, METADATA, WEIGHTS

Tensors = dict[str, Tensor]


def tamper_with_run(
    run: Path,
    change: Callable[[Tensors], object] | None = None,
    facts: Mapping[str, Any] | None = None,
    edit: Callable[[bytes], bytes] | None = None,
) -> None:
    """Change a run in place; digest and metadata agree with what is changed.

    Args:
        change: edits the tensors.
        facts: replace those of config.json.
        edit: changes the bytes of the whole file of weights.
    """
    config = json.loads((run / CONFIG).read_text(encoding="utf-8")) | dict(facts or {})
    del config["weights_sha256"]
    tensors = safetensors.torch.load((run / WEIGHTS).read_bytes())
    if change is not None:
        change(tensors)
    content = safetensors.torch.save(tensors, {METADATA: json.dumps(config, sort_keys=True)})
    content = edit(content) if edit is not None else content
    (run / WEIGHTS).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (run / CONFIG).write_text(json.dumps({**config, "weights_sha256": digest}), encoding="utf-8")
