"""Four rooms, one direction: a room imports only from rooms to its left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("knowledge", "index", "assistant", "api")
HEAVY = {"argostranslate", "matplotlib", "sentence_transformers", "sklearn", "torch", "transformers"}
WORKSHOPS = ("index.training", "assistant.calibrations.fit", "assistant.calibrations.labelled")
"""How shipped data were made; nothing that runs for customers or operators may need them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One imported module, and where."""

    importer: str
    line: int
    imported: str
    is_lazy: bool  # inside a function, or for the type checker only

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}: imports {self.imported}"


def module_name(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_type_checking(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in ast.unparse(test)


def imports_of(source: str, importer: str, *, is_package: bool = False) -> Iterator[Import]:
    """Yield every import of a module's source, those inside functions, classes and branches too."""

    def walk(node: ast.AST, is_lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(importer=importer, line=child.lineno, imported=alias.name, is_lazy=is_lazy)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    package = importer.split(".") if is_package else importer.split(".")[:-1]
                    kept = package[: len(package) - child.level + 1]
                    base = ".".join([*kept, base] if base else kept)
                for alias in child.names:
                    # What is imported from a package may be one of its modules.
                    yield Import(importer=importer, line=child.lineno, imported=f"{base}.{alias.name}", is_lazy=is_lazy)
            elif isinstance(child, ast.Call) and ast.unparse(child.func) in {
                "import_module",
                "importlib.import_module",
                "__import__",
            }:
                name = child.args[0] if child.args else None
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    yield Import(importer=importer, line=child.lineno, imported=name.value, is_lazy=is_lazy)
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.If) and is_type_checking(child.test):
                yield from walk(ast.Module(child.body, []), True)
                yield from walk(ast.Module(child.orelse, []), is_lazy)
            else:
                yield from walk(child, is_lazy or is_function)

    yield from walk(ast.parse(source), False)


MODULES = {module_name(path): path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}
IMPORTS = [
    one
    for name, path in MODULES.items()
    for one in imports_of(path.read_text(encoding="utf-8"), name, is_package=path.name == "__init__.py")
]


def steps_back(imports: list[Import]) -> list[str]:
    return [
        str(one)
        for one in imports
        if (room := one.imported.split(".")[0]) in ROOMS and ROOMS.index(room) > ROOMS.index(one.importer.split(".")[0])
    ]


def in_workshop(module: str) -> bool:
    return any(module == workshop or module.startswith(f"{workshop}.") for workshop in WORKSHOPS)


def test_no_room_imports_from_a_room_to_its_right() -> None:
    assert steps_back(IMPORTS) == []


def test_every_room_uses_the_one_before_it() -> None:
    used = {(one.importer.split(".")[0], one.imported.split(".")[0]) for one in IMPORTS}
    assert {("index", "knowledge"), ("assistant", "index"), ("api", "assistant")} <= used


def test_nothing_in_use_imports_how_shipped_data_were_made() -> None:
    assert [str(one) for one in IMPORTS if in_workshop(one.imported) and not in_workshop(one.importer)] == []


def test_heavy_libraries_are_imported_only_where_they_are_used() -> None:
    assert [str(one) for one in IMPORTS if one.imported.split(".")[0] in HEAVY and not one.is_lazy] == []


def test_rooms_import_nothing_of_the_tests() -> None:
    assert [str(one) for one in IMPORTS if one.imported.split(".")[0] in {"tests", "benchmarks"}] == []


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_what_it_is(name: str) -> None:
    source = MODULES[name].read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), f"{name} has no docstring"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import index.searcher", ["index.searcher"]),
        ("def f():\n    from assistant import decision", ["assistant.decision"]),
        ("class A:\n    async def f(self):\n        import api.app as app", ["api.app"]),
        ("try:\n    from index.builder import build\nexcept ImportError:\n    pass", ["index.builder.build"]),
        ("if TYPE_CHECKING:\n    from api.app import create_app", ["api.app.create_app"]),
        ("f = lambda: __import__('api.cli')", ["api.cli"]),
        ("import importlib\nimportlib.import_module('index.dense')", ["importlib", "index.dense"]),
    ],
)
def test_the_walk_sees_a_step_back_wherever_it_hides(source: str, expected: list[str]) -> None:
    seen = list(imports_of(source, "knowledge.store"))
    assert [one.imported for one in seen] == expected
    assert len(steps_back(seen)) == 1


def test_the_walk_follows_relative_imports() -> None:
    source = "from .lexical import invert\nfrom . import dense\nfrom ..assistant import decision"
    assert [one.imported for one in imports_of(source, "index.builder")] == [
        "index.lexical.invert",
        "index.dense",
        "assistant.decision",
    ]
    assert [one.imported for one in imports_of("from . import csv_", "knowledge.formats", is_package=True)] == [
        "knowledge.formats.csv_"
    ]


@pytest.mark.parametrize(
    ("source", "is_lazy"),
    [
        ("import torch", False),
        ("if True:\n    import torch", False),
        ("class A:\n    import torch", False),
        ("if TYPE_CHECKING:\n    import torch", True),
        ("def f():\n    import torch", True),
    ],
)
def test_an_import_is_lazy_inside_a_function_or_for_the_type_checker(source: str, is_lazy: bool) -> None:
    assert [one.is_lazy for one in imports_of(source, "index.encoder")] == [is_lazy]
