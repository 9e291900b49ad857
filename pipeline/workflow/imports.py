"""Imports that a stage or a command does not need."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec


def without_pandas() -> None:
    """Keep pyarrow, where it is imported, from importing pandas until something needs it.

    On the first conversion of a list pyarrow imports pandas, to recognize its types: 0.2 seconds,
    more than half of what the other imports of a stage take. It tries only once; conversions from
    and to pandas still work, and import it.
    """
    pa = sys.modules.get("pyarrow")
    if pa is None or "pandas" in sys.modules:
        return
    refusal = _Refusal()
    sys.meta_path.insert(0, refusal)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(refusal)


class _Refusal:
    """A finder of modules that finds no pandas."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Refuse pandas; leave other modules to the next finder."""
        if name == "pandas":
            raise ModuleNotFoundError("not imported for pyarrow", name=name)
        return None
