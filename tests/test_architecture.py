"""The order of the rooms, the doors of the big libraries, and dvc.yaml's deps."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pipeline
from pipeline.core.settings import load_yaml, lookup
from pipeline.workflow.dvcfile import declared
from tests.helpers.paths import ROOT

# A room may import only rooms above it (rooms on one line are one room).
ROOMS = """
errors files settings music vocabulary piano_roll examples books parquet tables portions progress dvcfile
summary outputs cluster engine isolation runner
sources readers parsing ragged lines runs related quantize fingerprints filters keys families splits encoding
distributions shards cards croissant ledger
batches models training sampling decoding baselines metrics scores evaluation report benchmark parameters
schema inspecting explaining generating harmonizing crossvalidation cli notebook __main__
""".split()

DOORS = {
    "music21": ("pipeline.formats.readers.music21_reference",),
    "torch": (
        "pipeline.models.base.batches",
        "pipeline.models.",
        "pipeline.training.",
        "pipeline.decoding.scoring",
        "pipeline.evaluation.",
        "pipeline.tools.crossvalidation.",
        "pipeline.tools.inference.generate",
        "pipeline.notebook",
    ),
    "loky": ("pipeline.workflow.engine",),
    "distributed": ("pipeline.workflow.cluster",),
    "psutil": ("pipeline.workflow.runner",),
    "jinja2": ("pipeline.report.",),
    "verovio": ("pipeline.report.engraving",),
    "matplotlib": ("pipeline.report.charts",),
    "requests": ("pipeline.corpora.sources.downloads",),
    "rich": ("pipeline.workflow.progress",),
}

WITHOUT_TORCH = ("check", "download", "parse", "families", "quantize", "filter", "split", "encode", "report")


GROUPS = {  # stages whose models are found by name, and where
    "train": "experiments",
    "evaluate": "experiments",
    "finetune": "finetunes",
    "evaluate_finetuned": "finetunes",
    "train_harmonizer": "harmonizers",
    "evaluate_harmonizer": "harmonizers",
}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(file): file for top in ("pipeline", "stages") for file in sorted((ROOT / top).rglob("*.py"))
}


# These shape no byte of an output: an edit of theirs need not run a stage again.
EXEMPT = {
    Path("stages/__init__.py"),
    *map(Path("pipeline").joinpath, ("errors.py", "progress.py", "dvcfile.py", "outputs.py")),
    *map(Path("pipeline").joinpath, ("cluster.py", "engine.py", "runner.py", "summary.py")),
}


def nodes_of(module: str) -> Iterator[ast.AST]:
    """The syntax of a module, without what only type checkers read."""
    waiting: list[ast.AST] = [ast.parse(MODULES[module].read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        yield node
        only_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        waiting.extend([] if only_types else ast.iter_child_nodes(node))


def imports_of(module: str) -> set[str]:
    """Everything that a module imports, inside functions too."""
    names: set[str] = set()
    for node in nodes_of(module):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update(inner & MODULES.keys() or {node.module})
            names.add(node.module)
    return names


def own_imports(module: str) -> set[str]:
    """Modules of ours that a module imports, and the packages that they lie in."""
    named = imports_of(module)
    packages = {name.rpartition(".")[0] for name in named | {module}}
    return {name for name in named | packages if name in MODULES and name not in ("pipeline", module)}


def closure(module: str) -> set[str]:
    """All modules of ours that a module needs, itself included."""
    found = {module}
    waiting = [module]
    while waiting:
        for name in own_imports(waiting.pop()) - found:
            found.add(name)
            waiting.append(name)
    return found


def holds_code(file: Path) -> bool:
    """Whether there is more in a file than its docstring."""
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    return len(body) > 1


def test_the_map_of_the_package_names_every_room_in_its_order() -> None:
    rows = re.findall(r"^(\w+) {2,}\S", pipeline.__doc__ or "", re.MULTILINE)
    assert rows == [name for name in ROOMS if name != "__main__"]


def room(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("pipeline.")])
def test_a_room_imports_only_rooms_above_it(module: str) -> None:
    below = {
        name
        for name in own_imports(module)
        if room(name) != room(module) and ROOMS.index(room(name)) > ROOMS.index(room(module))
    }
    assert not below, f"{module} stands above {below}"


@pytest.mark.parametrize("library", DOORS)
def test_a_library_enters_by_its_door_alone(library: str) -> None:
    users = {name for name in MODULES if any(i.split(".")[0] == library for i in imports_of(name))}
    strangers = {name for name in users if not f"{name}.".startswith(DOORS[library])}
    assert users, f"nothing uses {library}"
    assert not strangers


@pytest.mark.parametrize("stage", WITHOUT_TORCH)
def test_a_stage_that_needs_no_torch_imports_none(stage: str) -> None:
    users = {
        name for name in closure(f"stages.{stage}") if "torch" in {i.split(".")[0] for i in imports_of(name)}
    }
    assert not users


def stages_with_keys() -> list[tuple[str, str | None]]:
    stages = lookup(load_yaml(ROOT / "dvc.yaml"), "stages")
    params = load_yaml(ROOT / "params.yaml")
    pairs: list[tuple[str, str | None]] = []
    for name, body in stages.items():
        keys = list(params[body["foreach"][2:-1]]) if "foreach" in body else [None]
        pairs.extend((name, key) for key in keys)
    return pairs


def found_by_name(stage: str, key: str | None) -> set[str]:
    """Modules that are imported by a name in params.yaml."""
    if stage not in GROUPS:
        return set()
    group = GROUPS[stage]
    kind = lookup(load_yaml(ROOT / "params.yaml"), group, str(key), "model", "kind")
    return {name for name in MODULES if name.startswith(f"pipeline.models.{kind}")}


@pytest.mark.parametrize(("stage", "key"), stages_with_keys())
def test_a_stage_depends_on_all_the_code_that_it_imports(stage: str, key: str | None) -> None:
    deps = [Path(dep) for dep in declared(stage, key, ROOT).deps]
    modules = {name for root in (f"stages.{stage}", *found_by_name(stage, key)) for name in closure(root)}
    needed = {MODULES[name].relative_to(ROOT) for name in modules}
    needed = {file for file in needed if file not in EXEMPT and holds_code(file)}
    missing = {file for file in needed if not any(file.is_relative_to(dep) for dep in deps)}
    assert not missing, "\n".join(sorted(f"- {file}" for file in missing))
    code = {dep for dep in deps if dep.parts[0] in ("pipeline", "stages") and dep.suffix in ("", ".py")}
    idle = {dep for dep in code if not any(file.is_relative_to(dep) for file in needed)}
    assert not idle, f"{stage} does not import {idle}"


@pytest.mark.parametrize("stage", [name for name, _ in stages_with_keys()])
def test_every_stage_says_what_it_does(stage: str) -> None:
    body = lookup(load_yaml(ROOT / "dvc.yaml"), "stages", stage)
    assert len(body.get("do", body)["desc"]) > 20


def test_versions_agree_with_the_lock_file() -> None:
    locked = dict(
        line.split(";")[0].strip().split("==")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    versions = load_yaml(ROOT / "versions.yaml")
    assert versions == {name: locked[name] for name in versions}


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {file.parent for file in MODULES.values()}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]
