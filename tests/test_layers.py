"""The first three rules of the house: who may import whom, what is never reached, and that importing does no work."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("train", "evaluate", "tsne", "classifier", "distill")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "ground": (),  # what lies in explorer/ itself
    "maps": ("ground",),
    "photos": ("ground",),
    "training": ("maps", "photos", "ground"),
    "commands": ("training", "maps", "photos", "ground"),
    "live": ("maps", "ground"),
    "visitors": ("live", "training", "maps", "ground"),
    "ui": ("visitors", "live", "maps", "photos", "ground"),
    "ui.server": ("ui", "live", "ground"),
    "ui.map": ("ui.server", "ui", "live", "maps", "ground"),
    "ui.photo": ("ui.server", "ui", "photos", "ground"),
    "ui.train": ("ui.map", "ui.server", "ui", "visitors", "live", "maps", "ground"),
    "ui.services": ("ui.photo", "ui.map", "visitors", "live"),
    "ui.serving": ("ui.services", "ui.train", "ui.photo", "ui.map", "ui.server", "ui", "live"),
    "ui.app": (
        *("ui.serving", "ui.services", "ui.train", "ui.photo", "ui.map", "ui.server", "ui"),
        *("visitors", "live", "ground"),
    ),
    "front door": ("maps", "photos"),  # explorer/__init__.py, which imports what is asked for
}
PAGE = ("gradio", "plotly", "fastapi")


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {name_of(file): file for file in sorted(ROOT.glob("explorer/**/*.py"))}


def imported(file: Path) -> Iterator[str]:
    """The full names of all that a file imports, inside functions and for its types too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(name: str) -> str:
    """The module of ours that a full name belongs to, "" where it is another's."""
    parts = name.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in FILES), "")


def room_of(module: str) -> str:
    """The row of the table that a module belongs to: that of the longest name."""
    name = module.removeprefix("explorer").removeprefix(".")
    if name in COMMANDS:
        return "commands"
    if "." not in name and not (ROOT / "explorer" / name / "__init__.py").is_file():
        return "ground"
    return max((row for row in MAY_IMPORT if f"{name}.".startswith(f"{row}.")), key=len, default="front door")


GRAPH = {
    module: {found for name in imported(file) if (found := module_of(name)) and name != "explorer.__version__"}
    for module, file in FILES.items()
}


def reached(module: str, graph: Mapping[str, Iterable[str]]) -> set[str]:
    """What a module or a room imports, and what that imports, to the end; itself only where there is a circle."""
    seen: set[str] = set()
    left = [*graph[module]]
    while left:
        if (one := left.pop()) not in seen:
            seen.add(one)
            left.extend(graph[one])
    return seen


def in_circles(graph: Mapping[str, Iterable[str]]) -> list[str]:
    return [one for one in graph if one in reached(one, graph)]


def offences(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """Imports that are not in the table."""
    pairs = [(module, found) for module in graph for found in graph[module] if room_of(module) != room_of(found)]
    return [f"{module} imports {found}" for module, found in pairs if room_of(found) not in MAY_IMPORT[room_of(module)]]


def foreign(modules: Iterable[str], *packages: str) -> list[str]:
    """Imports of others' packages."""
    return [
        f"{module} imports {name}"
        for module in modules
        for name in imported(FILES[module])
        if any(f"{name}.".startswith(f"{package}.") for package in packages)
    ]


def test_every_room_is_there_and_is_seen_to_import() -> None:
    assert {room_of(module) for module in GRAPH} == set(MAY_IMPORT)
    assert GRAPH["explorer.train"] > {"explorer.maps.autoencoder", "explorer.training.files"}
    assert foreign(["explorer.train"], "torch")


def test_rooms_import_only_what_their_row_of_the_table_says() -> None:
    assert offences(GRAPH) == []


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("explorer.maps.space", "explorer.photos.edits"),
        ("explorer.photos.models", "explorer.maps.space"),
        ("explorer.arrays", "explorer.maps.space"),
        ("explorer.live.worker", "explorer.visitors.models"),
        ("explorer.maps.space", "explorer.train"),
        ("explorer.visitors.trainings", "explorer.train"),
        ("explorer.training.files", "explorer"),
    ],
)
def test_what_the_table_does_not_say_is_found(module: str, found: str) -> None:
    assert offences({module: {found}}) == [f"{module} imports {found}"]


def test_the_table_has_no_circle_and_keeps_maps_and_photos_apart() -> None:
    assert in_circles(MAY_IMPORT) == []
    assert reached("maps", MAY_IMPORT) == reached("photos", MAY_IMPORT) == {"ground"}
    page = {room for room in MAY_IMPORT if room.startswith("ui")}
    assert not any(reached(room, MAY_IMPORT) & page for room in MAY_IMPORT if room not in page)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert in_circles(GRAPH) == []
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_a_package_itself_imports_nothing_so_that_no_way_leads_around_the_table() -> None:
    packages = [module for module, file in FILES.items() if file.name == "__init__.py" and module != "explorer"]
    assert [name for package in packages for name in imported(FILES[package])] == []


def test_only_the_page_and_the_live_path_reach_gradio_plotly_and_fastapi_however_indirectly() -> None:
    below = [module for module in GRAPH if not module.startswith(("explorer.ui", "explorer.live"))]
    assert foreign({*below, *(found for module in below for found in reached(module, GRAPH))}, *PAGE) == []
    assert foreign(reached("explorer.ui.app", GRAPH), *PAGE)


def test_the_page_does_not_import_torch() -> None:
    assert foreign((module for module in GRAPH if module.startswith("explorer.ui")), "torch", "torchvision") == []


LOADED = "print(*{name.split('.')[0] for name in sys.modules})"
TELL_OF_WORK = """
import sys, threading
WORK = "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir", "os.remove", "tempfile.mkdtemp"
def tell(event, arguments):
    if event in WORK:
        print(event, arguments)
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        print("writes", arguments[0])
sys.addaudithook(tell)
"""
THREADS = "print(*(thread.name for thread in threading.enumerate() if thread is not threading.main_thread()))"


def printed_by(*lines: str) -> str:
    code = "\n".join(lines)
    options = {"cwd": ROOT, "capture_output": True, "text": True, "check": True}
    return subprocess.run([sys.executable, "-B", "-c", code], **options).stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = set(printed_by("import sys, explorer", LOADED).split())
    assert loaded.isdisjoint({"torch", "gradio", "diffusers", "plotly", "numpy"})


def test_importing_what_works_loads_neither_the_page_nor_diffusers() -> None:
    below = [module for module in GRAPH if not module.startswith(("explorer.ui", "explorer.live"))]
    loaded = set(printed_by(f"import sys, {', '.join(below)}", LOADED).split())
    assert loaded.isdisjoint({"diffusers", *PAGE})


def test_importing_anything_writes_nothing_asks_nobody_and_starts_nothing() -> None:
    others = "import accelerate, gradio, huggingface_hub, sklearn, torchvision"  # what they do is not ours
    assert printed_by(others, TELL_OF_WORK, *(f"import {module}" for module in GRAPH), THREADS).strip() == ""
    assert printed_by(TELL_OF_WORK, "import tempfile; tempfile.TemporaryFile()")
