"""Measure the structure of the code: folders, import chains, cycles, shared names, unused lines.

``python docs/generate/structure.py`` prints the table for this checkout, and
``python docs/generate/structure.py FOLDER`` for another one, such as an older commit. It reads
the source as text and imports nothing of it. `tests/unit/test_structure.py` holds the limits.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median, quantiles

PACKAGES = ("protocol", "simulate", "estimate", "pretese")

#: Files allowed in one folder. A command is one file, so their folder may hold more.
MOST_FILES = 12
FREE_FOLDERS = frozenset({"pretese.commands"})

#: A function with its module, as a table of lazy imports writes it.
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")

Graph = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Source:
    """The modules of the packages in a folder, by dotted name."""

    root: Path
    files: Mapping[str, Path]

    @classmethod
    def read(cls, root: Path) -> "Source":
        """Find every module below ``root`` that belongs to one of the packages."""
        paths = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
        return cls(root, {_module(path.relative_to(root)): path for path in sorted(paths)})

    @cached_property
    def trees(self) -> Mapping[str, ast.Module]:
        """Syntax tree of every module."""
        return {name: ast.parse(path.read_text("utf-8")) for name, path in self.files.items()}

    @cached_property
    def packages(self) -> frozenset[str]:
        """Modules that are packages."""
        return frozenset(n for n, path in self.files.items() if path.name == "__init__.py")

    @cached_property
    def imports(self) -> Graph:
        """Module to the modules that it imports anywhere, also inside functions."""
        return {name: frozenset(self._imported(tree)) for name, tree in self.trees.items()}

    def _imported(self, tree: ast.Module) -> Iterator[str]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                yield from (inner & self.files.keys()) or ({node.module} & self.files.keys())
            elif isinstance(node, ast.Import):
                yield from ({alias.name for alias in node.names} & self.files.keys())

    @cached_property
    def named(self) -> Graph:
        """Module to the modules that a text in it names, as tables of lazy imports do."""
        return {
            name: frozenset(
                module
                for text in _texts(tree)
                for module in (text, text.rpartition(".")[0])
                if _DOTTED.fullmatch(text) and module in self.files
            )
            for name, tree in self.trees.items()
        }

    def folder(self, module: str) -> str:
        """Return the package that a module's file stands in."""
        return module if module in self.packages else module.rpartition(".")[0]

    def folders(self) -> dict[str, int]:
        """Count the files of every folder, ``__init__.py`` apart."""
        return Counter(self.folder(name) for name in self.files if name not in self.packages)

    def folder_imports(self) -> Graph:
        """Folder to the folders that its files import."""
        graph: dict[str, set[str]] = defaultdict(set)
        for name, others in self.imports.items():
            graph[self.folder(name)] |= {self.folder(o) for o in others} - {self.folder(name)}
        return {name: frozenset(others) for name, others in graph.items()}


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def cycles(graph: Graph) -> list[list[str]]:
    """Return the groups of nodes that reach each other (strongly connected components)."""
    reach = {node: _reached(graph, [node], with_start=False) for node in graph}
    groups = {
        frozenset({node} | {other for other in reach[node] if node in reach.get(other, ())})
        for node in graph
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reached(graph: Graph, start: Iterable[str], with_start: bool = True) -> set[str]:
    waiting = list(start)
    seen = set(waiting) if with_start else set()
    while waiting:
        for other in graph.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def longest_chain(graph: Graph, package: str) -> int:
    """Return the number of modules in the longest import chain within a package."""
    inside = {n: [o for o in others if _within(o, package)] for n, others in graph.items()}
    lengths: dict[str, int] = {}

    def length(node: str, above: frozenset[str]) -> int:
        if node not in lengths:
            below = [o for o in inside.get(node, ()) if o not in above]
            lengths[node] = 1 + max((length(o, above | {node}) for o in below), default=0)
        return lengths[node]

    return max((length(n, frozenset()) for n in inside if _within(n, package)), default=0)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def definitions(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    """Return the public functions and classes at the top of a module."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]


def shared_names(source: Source) -> dict[str, list[str]]:
    """Return the public names that more than one module of a package defines.

    ``command`` is the one name that every command module must define.
    """
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for module, tree in source.trees.items():
        for node in definitions(tree):
            places[module.partition(".")[0], node.name].append(module)
    return {
        f"{package}: {name}": modules
        for (package, name), modules in sorted(places.items())
        if len(modules) > 1 and name != "command"
    }


def unreached_modules(source: Source) -> dict[str, int]:
    """Return the modules that no command and no public name reaches, with their lines.

    A module that a table of lazy imports names, alone or with a function of it, is reached.
    """
    commands = [n for n in source.files if n.startswith("pretese.commands.")]
    ways_in = {"pretese", "pretese.__main__", "pretese.cli"}
    entries = [*commands, *(ways_in & set(source.files))]
    graph = {name: source.imports[name] | source.named[name] for name in source.files}
    found = _reached(graph, entries)
    return {
        name: _lines(source.files[name])
        for name in source.files
        if name not in found and name not in source.packages
    }


def unused_functions(source: Source) -> dict[str, int]:
    """Return the public functions and classes that no other code names, with their lines.

    Names are compared as text, so a function that shares its name with another may be missed.
    What a decorator registers, such as a route of the server, is used by the server.
    """
    used: Counter[str] = Counter()
    for tree in source.trees.values():
        used.update(_names(tree))
    unused = {}
    for module, tree in source.trees.items():
        for node in definitions(tree):
            own = sum(name == node.name for name in _names(node))
            if used[node.name] - own <= 0 and node.name != "command" and not _registered(node):
                unused[f"{module}.{node.name}"] = (node.end_lineno or node.lineno) - node.lineno + 1
    return unused


def _registered(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Say whether a decorator hands a function to a router or a command: ``@router.get(...)``."""
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)
        for each in node.decorator_list
    )


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.rpartition(".")[2]
    for text in _texts(tree):  # names listed in __all__ or in a lazy table, which may add a module
        yield text.rpartition(".")[2] if _DOTTED.fullmatch(text) else text


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def body_lengths(source: Source) -> list[int]:
    """Return the lines of every function body, without docstrings."""
    return [
        _body(node)
        for tree in source.trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def table(source: Source) -> str:
    """Return the measurements as a Markdown table."""
    bodies = body_lengths(source)
    folders = source.folders()
    crowded = {f: n for f, n in folders.items() if n > MOST_FILES and f not in FREE_FOLDERS}
    unreached, unused = unreached_modules(source), unused_functions(source)
    rows = [
        ("modules", len(source.files)),
        ("folders", len(folders)),
        ("files in the fullest folder", max(folders.values())),
        (f"folders of more than {MOST_FILES} files", len(crowded)),
        *((f"longest import chain in {p}", longest_chain(source.imports, p)) for p in PACKAGES),
        ("cycles of modules", len(cycles(source.imports))),
        ("cycles of folders", len(cycles(source.folder_imports()))),
        ("public names that two modules of a package define", len(shared_names(source))),
        ("modules that no command reaches", len(unreached)),
        ("... their lines", sum(unreached.values())),
        ("public functions that nothing names", len(unused)),
        ("... their lines", sum(unused.values())),
        ("median lines of a function body", f"{median(bodies):g}"),
        ("90th percentile of them", f"{quantiles(bodies, n=10)[-1]:g}"),
    ]
    return "\n".join(["| measure | value |", "|---|---|", *(f"| {n} | {v} |" for n, v in rows)])


def details(source: Source) -> str:
    """Return what stands behind the table: crowded folders, cycles, shared and unused names."""
    crowded = {f: n for f, n in source.folders().items() if n > MOST_FILES}
    parts = {
        "Folders with the most files": [f"{n} {f}" for f, n in crowded.items()],
        "Cycles of folders": [", ".join(group) for group in cycles(source.folder_imports())],
        "Shared names": [f"{n}: {', '.join(m)}" for n, m in shared_names(source).items()],
        "Unreached modules": [f"{n} {m}" for m, n in unreached_modules(source).items()],
        "Unused functions": [f"{n} {m}" for m, n in unused_functions(source).items()],
    }
    return "\n\n".join("\n".join([f"## {title}", "", *lines]) for title, lines in parts.items())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    measured = Source.read(Path(arguments[0] if arguments else Path(__file__).parents[2]))
    sys.stdout.write(table(measured) + "\n\n" + details(measured) + "\n")
