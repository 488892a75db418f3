"""Gather the sources of the documentation site: pages, files they link to, pages from the code.

``python site/stage.py FOLDER`` writes them into FOLDER, which is emptied first.
"""

import posixpath
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PACKAGES = ("protocol", "simulate", "estimate", "pretese")

#: Files at the root of the repository that are pages of the site.
PROJECT = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "README.md": "index.md",
}

#: A link of Markdown: its target, and the place within it.
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")

#: Modules of the public interface, in the order of their page.
INTERFACE = (
    "protocols.read_regimen", "protocols.regimens", "protocols.decisions", "protocols.audits",
    "protocols.proofs", "simulation.read_scenario", "simulation.scenarios",
    "simulation.stated_scenario", "simulation.fits",
    "simulation.cohorts", "simulation.clinics", "simulation.clinic_results",
    "simulation.reproduction", "simulation.calibration", "analysis.analyses",
    "analysis.analysis_result",
    "analysis.recoveries", "analysis.recovery_result", "trials.designs", "trials.power",
    "trials.forecasts", "trials.group_sequential", "trials.multi_arm_boundaries",
    "trials.multi_arm_trial", "trials.interim.monitoring",
    "trials.interim.multi_arm_monitoring", "evidence.published_evidence",
    "evidence.effect_prior", "estimators.catalogue", "shipped_names",
)  # fmt: skip


def stage(target: Path) -> None:
    """Write all sources of the site."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(ROOT / "docs", target, ignore=shutil.ignore_patterns("generate", "__pycache__"))
    shutil.copytree(HERE / "pages", target, dirs_exist_ok=True)
    shutil.copy(HERE / "conf.py", target / "conf.py")
    for source, name in PROJECT.items():
        if name != "index.md":
            text = (ROOT / source).read_text(encoding="utf-8")
            (target / name).write_text(_from_root(text), encoding="utf-8")
    _code_pages(target / "python")
    for page in sorted(target.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        place = page.relative_to(target).as_posix()
        page.write_text(_moved_links(text, place, target), encoding="utf-8")


def _from_root(text: str) -> str:
    """Make links of a file at the root relative to the folder of pages."""
    return LINK.sub(lambda m: f"{m[1]}{m[2].removeprefix('docs/')}{m[3] or ''}{m[4]}", text)


def _moved_links(text: str, place: str, target: Path) -> str:
    """Send links that leave the pages to copies of the files."""
    here = posixpath.dirname(place)

    def moved(link: re.Match[str]) -> str:
        if "://" in link[2] or link[2].startswith("mailto:"):
            return link[0]
        wanted = posixpath.normpath(posixpath.join(here, link[2]))
        if not wanted.startswith("../") and (target / wanted).is_file():
            return link[0]
        outside = wanted.removeprefix("../")
        name = PROJECT.get(outside) or _index_of(outside, target) or _download(outside, target)
        relative = posixpath.relpath(name, here or ".")
        return f"{link[1]}{relative}{link[3] or ''}{link[4]}"

    return LINK.sub(moved, text)


def _index_of(outside: str, target: Path) -> str | None:
    """Return the index page of a folder of pages."""
    folder = target / outside
    return f"{outside.rstrip('/')}/index.md" if (folder / "index.md").is_file() else None


def _download(outside: str, target: Path) -> str:
    """Copy a file of the repository; a folder becomes a list of its files."""
    source = ROOT / outside
    place = target / "downloads" / outside
    if source.is_dir():
        place = place / "list-of-files.txt"
        names = sorted(path.name for path in source.iterdir() if not path.name.startswith("_"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("\n".join([f"{outside.rstrip('/')}/", *names]) + "\n", encoding="utf-8")
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)
    return place.relative_to(target).as_posix()


def _code_pages(folder: Path) -> None:
    """Write the page of the interface, and one page per package with its modules."""
    folder.mkdir(parents=True, exist_ok=True)
    modules = [f"pretese.api.{name}" for name in INTERFACE]
    words = (HERE / "pages/python/interface.md").read_text(encoding="utf-8")
    (folder / "interface.md").write_text(words + _documented(modules), encoding="utf-8")
    for package in PACKAGES:
        for init in sorted((ROOT / package).rglob("__init__.py")):
            if init.parent.name != "commands":  # `pretese NAME --help` describes these
                _package_page(init.parent, folder)


def _package_page(package: Path, folder: Path) -> None:
    name = package.relative_to(ROOT).as_posix().replace("/", ".")
    stems = sorted(path.stem for path in package.glob("*.py") if not path.stem.startswith("_"))
    text = f"# {name}\n\n" + _documented([name], members=False)
    text += _documented([f"{name}.{stem}" for stem in stems], index=name.startswith("pretese.api"))
    (folder / f"{name}.md").write_text(text, encoding="utf-8")


def _documented(modules: list[str], *, members: bool = True, index: bool = False) -> str:
    """Return directives of autodoc; ``index`` False keeps objects out of the index of names."""
    blocks = []
    for module in modules:
        heading = f"## {module.rpartition('.')[2]}\n\n" if members else ""
        options = [":members:"] if members else []
        options += [":no-index:"] if index or not members else []
        directive = "\n".join([f".. automodule:: {module}", *(f"   {each}" for each in options)])
        blocks.append(f"{heading}```{{eval-rst}}\n{directive}\n```\n\n")
    return "".join(blocks)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
