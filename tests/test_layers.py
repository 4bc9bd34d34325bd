"""The first three rules of the house: who may import what, and that importing does no work."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "explorer" / "ui"
MODULES = sorted(ROOT.glob("explorer/**/*.py"))
LIVE = ROOT / "explorer" / "live"
WORKING = [file for file in MODULES if UI not in file.parents and LIVE not in file.parents]


def imported(file: Path) -> Iterator[str]:
    """The full names of all that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offences(files: list[Path], *forbidden: str) -> list[str]:
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files
        for name in imported(file)
        if any(f"{name}.".startswith(f"{package}.") for package in forbidden)
    ]


def test_the_rules_are_held_by_files_that_are_there() -> None:
    assert {"train.py", "evaluate.py", "space.py"} <= {file.name for file in WORKING}
    assert any(UI in file.parents for file in MODULES)
    assert offences([ROOT / "explorer" / "train.py"], "torch")


def test_only_the_page_and_the_live_path_know_gradio_plotly_and_fastapi() -> None:
    assert offences(WORKING, "gradio", "plotly", "fastapi") == []


def test_the_page_does_not_know_torch() -> None:
    assert offences([file for file in MODULES if UI in file.parents], "torch", "torchvision") == []


def test_training_and_the_page_do_not_know_each_other() -> None:
    beside = [ROOT / "explorer" / name for name in ("train.py", "training/files.py", "evaluate.py")]
    assert offences(beside, "explorer.ui", "explorer.live") == []
    page = [file for file in MODULES if UI in file.parents]
    assert offences(page, "explorer.train", "explorer.training.files", "explorer.evaluate") == []


def loaded_by(*modules: str) -> set[str]:
    """The top-level packages that a new Python has loaded after it imported `modules`."""
    code = f"import sys, {', '.join(modules)}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("explorer").isdisjoint({"torch", "gradio", "diffusers", "plotly", "numpy"})


@pytest.mark.parametrize("heavy", ["diffusers", "gradio", "plotly", "fastapi"])
def test_importing_the_models_loads_neither_the_page_nor_diffusers(heavy: str, loaded_by_models: set[str]) -> None:
    assert heavy not in loaded_by_models


@pytest.fixture(scope="module")
def loaded_by_models() -> set[str]:
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in WORKING)
    return loaded_by(*(name.removesuffix(".__init__") for name in names))
