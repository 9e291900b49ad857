"""Memory that is freed goes back to the operating system."""

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np, psutil
from pipeline.workflow.memory import return_freed_memory
return_freed_memory()
rss = lambda: psutil.Process().memory_info().rss >> 20
for n in range(40):  # freed arrays of growing sizes raise the threshold of glibc, up to 32 MiB
    np.ones(n << 17)
kept = [np.ones(1 << 20) for _ in range(20)]
before = rss()
last = kept[-1]
del kept
print(before - rss())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the option is one of glibc")
def test_freed_arrays_below_a_used_one_are_returned() -> None:
    made = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert int(made.stdout) > 140  # of 19 arrays of 8 MiB each
