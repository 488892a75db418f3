"""Words that ``docs/glossary.md`` replaces by a term of the field: where they still occur.

``python docs/generate/banned_words.py [FOLDER ...]`` prints every hit below the folders (or in the
whole tree), the count of each top folder and the total. ``--count`` prints only the counts.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = "docs/glossary.md"
TOPS = (
    "site",
    "protocol",
    "simulate",
    "estimate",
    "pretese",
    "scenarios",
    "docs",
    "tests",
    "benchmarks",
)

#: Kinds of file with text for readers; the history of changes quotes what things were called.
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".json", ".csv", ".html", ".toml", ".R", ".sh", ".txt",
            ".cff", ""}  # fmt: skip
NOT_READ = {
    GLOSSARY, "tests/unit/test_glossary.py", "CHANGELOG.md", "LICENSE", ".gitignore",
    ".git",  # a file in a linked worktree
}  # fmt: skip

IDENTIFIER = re.compile(r"-{0,2}[A-Za-z_][\w.\-]*")
SPAN = re.compile(r"`+([^`\n]+)`+")
YAML_KEY = re.compile(r"^\s*(?:- +)?([\w.\-]+):(?=\s|$)", re.MULTILINE)
JSON_KEY = re.compile(r'"([^"\n]+)"\s*:')
WORD = re.compile(r"[a-z0-9]+")
BETWEEN = r"[\s_#-]+"
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a file; ``is_name``: an identifier, key, option, column or file name."""

    line: int
    text: str
    is_name: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A word not to use, where it stands, and the term of the field."""

    path: str
    line: int
    found: str
    term: str
    excerpt: str

    @property
    def folder(self) -> str:
        """First folder of the path; ``.`` for files at the root."""
        return self.path.split("/")[0] if "/" in self.path else "."


@dataclass(frozen=True, slots=True)
class Exemption:
    """A phrase in which a word may stand, in the files that match; and why."""

    phrase: str
    files: tuple[str, ...]
    reason: str

    def applies(self, path: str) -> bool:
        """Whether a file is one of those."""
        return any(fnmatch(path, pattern) for pattern in self.files)


def rows(section: str) -> list[list[str]]:
    """Return the cells of the table below a heading of the glossary, without its two head lines."""
    text = (ROOT / GLOSSARY).read_text(encoding="utf-8").split(f"## {section}\n")[1]
    table = [line for line in text.split("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


@cache
def banned() -> tuple[tuple[str, str, bool], ...]:
    """Return (words, term, names only) of every entry; names only stand between backticks."""
    return tuple(
        (entry.strip("`"), term, entry.startswith("`"))
        for term, *_, words in rows("Terms")
        for entry in filter(None, (each.strip() for each in words.split(",")))
    )


@cache
def exemptions() -> tuple[Exemption, ...]:
    """Return what the glossary allows, with its reasons."""
    return tuple(
        Exemption(phrase.strip("`"), tuple(re.findall(r"`([^`]+)`", files)), reason)
        for phrase, files, reason in rows("Exceptions")
    )


def phrase_pattern(words: str) -> str:
    """Return a regular expression: any of space, underscore, hyphen between words; ``*`` ends."""
    parts = (re.escape(word).replace(r"\*", "[a-z]*") for word in words.split())
    return BETWEEN.join(parts)


def _whole(patterns: Iterable[str]) -> re.Pattern[str]:
    """Compile alternatives that begin and end with a word, for text in lower case."""
    return re.compile(rf"(?<![a-z0-9])(?:{'|'.join(patterns)})(?![a-z0-9])")


@cache
def _matcher(names: bool) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Return one pattern with a group per entry, and the terms in the order of the groups."""
    entries = [(words, term) for words, term, only in banned() if names or not only]
    pattern = _whole(f"({phrase_pattern(words)})" for words, _ in entries)
    return pattern, tuple(term for _, term in entries)


@cache
def _first_words() -> frozenset[str]:
    """Return the first word of every entry."""
    return frozenset(words.split()[0] for words, _, _ in banned())


@cache
def _allowed(path: str) -> re.Pattern[str]:
    phrases = [phrase_pattern(each.phrase) for each in exemptions() if each.applies(path)]
    return _whole(phrases or ["(?!)"])


def hits(path: str, text: str) -> Iterator[Hit]:
    """Yield the refused words of a file."""
    for fragment in fragments(path, text):
        words = CAMEL.sub("_", fragment.text).lower()
        found = list(_matches(words, fragment.is_name))
        kept = [each.span() for each in _allowed(path).finditer(words)] if found else []
        for match in found:
            if any(low <= match.start() and match.end() <= high for low, high in kept):
                continue
            line = fragment.line + words.count("\n", 0, match.start())
            excerpt = words[max(0, match.start() - 40) : match.end() + 40]
            term = _matcher(fragment.is_name)[1][(match.lastindex or 1) - 1]
            yield Hit(path, line, match[0], term, " ".join(excerpt.split()))


def _matches(words: str, names: bool) -> Iterator[re.Match[str]]:
    """Yield refused words of a text in lower case, trying only where one may begin."""
    pattern, first = _matcher(names)[0], _first_words()
    end = 0
    for word in WORD.finditer(words):
        if word.start() < end or word[0] not in first:
            continue
        if match := pattern.match(words, word.start()):
            end = match.end()
            yield match


def fragments(path: str, text: str) -> Iterator[Fragment]:
    """Yield the name of a file and its text, names apart from prose."""
    place = Path(path)
    yield Fragment(0, place.parent.name if place.stem == "__init__" else place.stem, is_name=True)
    if place.suffix == ".py":
        yield from _python(text)
        return
    yield Fragment(1, text, is_name=False)
    if place.suffix in {".yaml", ".yml"}:
        yield from _found(YAML_KEY, text)
    elif place.suffix == ".json":
        yield from _found(JSON_KEY, text)
    elif place.suffix == ".csv":
        yield Fragment(1, text.partition("\n")[0], is_name=True)
    elif place.suffix == ".md":
        yield from _spans(text, 1)


def _found(pattern: re.Pattern[str], text: str) -> Iterator[Fragment]:
    for match in pattern.finditer(text):
        yield Fragment(1 + text.count("\n", 0, match.start(1)), match[1], is_name=True)


def _spans(text: str, line: int) -> Iterator[Fragment]:
    """Yield the identifiers that stand between backticks."""
    for match in SPAN.finditer(text):
        if IDENTIFIER.fullmatch(match[1]):
            yield Fragment(line + text.count("\n", 0, match.start()), match[1], is_name=True)


def _python(text: str) -> Iterator[Fragment]:
    """Yield names where they are defined, strings, docstrings and comments."""
    for node in ast.walk(ast.parse(text)):
        line = getattr(node, "lineno", 0)
        for name in _defined(node):
            yield Fragment(line, name, is_name=True)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            is_name = bool(IDENTIFIER.fullmatch(node.value))
            yield Fragment(line, node.value, is_name)
            if not is_name:
                yield from _spans(node.value, line)
    yield from _comments(text)


def _defined(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.arg):
        return [node.arg]
    return [node.asname] if isinstance(node, ast.alias) and node.asname else []


def _comments(text: str) -> Iterator[Fragment]:
    """Yield comments; those on successive lines as one."""
    comments = CAMEL.sub("_", "\n".join(re.findall("#.*", text))).lower()
    if next(_matches(comments, names=False), None) is None:  # cheaper than telling them apart
        return
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = [(t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT]
    for _, group in groupby(enumerate(found), lambda each: each[1][0] - each[0]):
        block = [comment for _, comment in group]
        yield Fragment(block[0][0], "\n".join(text for _, text in block), is_name=False)


def files() -> list[str]:
    """Return the files with text for readers, by their paths from the root."""
    found = [path for path in ROOT.iterdir() if path.is_file()]
    found += [path for top in TOPS for path in (ROOT / top).rglob("*") if path.is_file()]
    paths = (path.relative_to(ROOT) for path in found if path.suffix in SUFFIXES)
    return sorted(
        path.as_posix()
        for path in paths
        if path.as_posix() not in NOT_READ and "__pycache__" not in path.parts
    )


def all_hits(folders: Iterable[str] = ()) -> list[Hit]:
    """Return the hits below folders or in files; without any, those of the tree."""
    places = [place.rstrip("/") for place in folders]
    chosen = [
        path
        for path in files()
        if not places or any(path == each or path.startswith(f"{each}/") for each in places)
    ]
    return [hit for path in chosen for hit in hits(path, (ROOT / path).read_text("utf-8"))]


def counts(found: Iterable[Hit]) -> Counter[str]:
    """Return the number of hits per top folder."""
    return Counter(hit.folder for hit in found)


def main() -> None:
    """Print hits, counts and total."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folders", nargs="*", metavar="FOLDER")
    options.add_argument("--count", action="store_true", help="print only the counts")
    given = options.parse_args()
    found = all_hits(given.folders)
    lines = [
        f"{hit.path}:{hit.line}: {hit.found!r} > {hit.term} | {hit.excerpt}"
        for hit in ([] if given.count else found)
    ]
    lines += [f"{count:6} {folder}" for folder, count in sorted(counts(found).items())]
    sys.stdout.write("\n".join([*lines, f"{len(found):6} in all", ""]))


if __name__ == "__main__":
    main()
