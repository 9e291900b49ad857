"""Keys of earlier versions of params.yaml, and their present names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

RENAMED_GROUPS = {
    "finetunes": "move its entries to `experiments`; write init_from: NAME in place of from: NAME",
    "harmonizers": (
        "move its entries to `experiments`; write task: {kind: harmonize, given: any} in place of "
        "training.given, and init_from: scratch"
    ),
}
RENAMED_KEYS = {  # group, section, key: what to write instead
    ("corpora", "read", "limits"): "limits is a section of its own, next to read",
    ("experiments", "training", "cut"): "write it in the section task, as cut",
    ("experiments", "training", "least_cut"): "write it in the section task, as min_cut",
    ("experiments", "training", "most_cut"): "write it in the section task, as max_cut",
    ("experiments", "training", "given"): "write it in the section task, as given",
    ("experiments", "training", "average_decay"): "write ema_decay",
    ("experiments", "evaluation", "samples"): "write scores",
    ("experiments", "evaluation", "continuations"): (
        "write continued_pieces for its pieces and continuation_samples for its samples"
    ),
}


def renamed_keys(content: Mapping[str, Any]) -> Iterator[str]:
    """One line for each key that was renamed after version 0.1, with its new name."""
    yield from (f"{group}: {hint}" for group, hint in RENAMED_GROUPS.items() if group in content)
    for (group, section, key), hint in RENAMED_KEYS.items():
        entries = _mapping(content.get(group)).items()
        names = [name for name, entry in entries if key in _mapping(_mapping(entry).get(section))]
        if names:
            more = f" (and in {len(names) - 1} more)" if len(names) > 1 else ""
            yield f"{group}.{names[0]}.{section}.{key}{more}: {hint}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
