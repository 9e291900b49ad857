"""Build the compiled reader of MIDI files; without a compiler, the package is installed without it."""

import hashlib
from pathlib import Path

from setuptools import Extension, setup

SOURCE = Path("pipeline/formats/readers/midi/_compiled.pyx")

try:
    from Cython.Build import cythonize
except ImportError:
    extensions = []
else:
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()
    extension = Extension(
        ".".join(SOURCE.with_suffix("").parts),
        [str(SOURCE)],
        define_macros=[("SOURCE_DIGEST", f'"{digest}"')],
    )
    extensions = cythonize([extension], build_dir="build", quiet=True)
    for each in extensions:
        each.optional = True  # cythonize drops this mark of an extension

setup(ext_modules=extensions)
