"""Build the site and say what is wrong with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from docsite import built, inventory, pages

ROOT = Path(__file__).resolve().parents[1]
INTERFACE = "tests/contract/public_interface.txt"
THEME = Path(__file__).parent / "theme"


def config(root: Path = ROOT) -> dict[str, Any]:
    """Return the settings of mkdocs.yml, without running what its tags name."""
    reader: Any = YAML()
    found: dict[str, Any] = reader.load((root / "mkdocs.yml").read_text("utf-8"))
    return found


def stage(root: Path, folder: Path, repository: str) -> list[str]:
    """Copy the pages to a folder, with the links of the site; return what is broken.

    Args:
        root: The repository.
        folder: Where the pages go. What was there is deleted.
        repository: The address of the repository, without a slash at the end.
    """
    shutil.rmtree(folder, ignore_errors=True)
    places = pages.placed(pages.load(root))
    problems: list[str] = []

    def exists(name: str) -> bool:
        return not name.startswith("..") and (root / name).exists()

    for source, place in places.items():
        goal = folder / place
        goal.parent.mkdir(parents=True, exist_ok=True)
        if not source.endswith(".md"):
            shutil.copyfile(root / source, goal)
            continue
        page = pages.rewritten((root / source).read_text("utf-8"), source, places, exists, repository)
        problems += [f"{source}: {target}: there is no such file" for target in page.broken]
        goal.write_text(page.text, "utf-8")
    for source in sorted(path.name for path in root.glob("*.md") if path.name not in places):
        page = pages.rewritten((root / source).read_text("utf-8"), source, places, exists, repository)
        problems += [f"{source}: {target}: there is no such file" for target in page.broken]
    return problems


def build(root: Path, folder: Path) -> list[str]:
    """Run zensical; return whatever it says that is no progress, and its error if it fails.

    Args:
        root: The repository.
        folder: Where the site goes. What was there is deleted.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "-f", "mkdocs.yml"]
    found = [str(ROOT), str(ROOT / "generated"), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(found)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    said = built.complaints(done.stdout + done.stderr)
    return said or ([f"zensical: ended with status {done.returncode}"] if done.returncode else [])


def problems_of(root: Path, *, only_stage: bool = False) -> list[str]:
    """Build the site of a repository, and return what is wrong with it.

    Args:
        root: The repository.
        only_stage: Copy the pages, and look at them and at the navigation, without a build.
    """
    settings = config(root)
    staged, site = root / settings["docs_dir"], root / settings["site_dir"]
    problems = stage(root, staged, settings["repo_url"])
    for name in ("javascripts", "stylesheets"):
        shutil.copytree(THEME / name, staged / name)
    names = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*.md"))
    problems += built.outside_the_navigation(settings["nav"], names)
    if not only_stage:
        problems += build(root, site)
        interface = (root / INTERFACE).read_text("utf-8").splitlines()
        problems += check(site, names, settings["site_url"], interface)
    return problems


def check(site: Path, names: list[str], site_url: str, interface: list[str]) -> list[str]:
    """Return what is wrong with a site that was built.

    Args:
        site: The folder of the site.
        names: Its pages in Markdown, as paths below the folder of the pages.
        site_url: Its address, with a slash at the end.
        interface: The lines that name what is public.
    """
    paths = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    texts = {
        name: path.read_text("utf-8") for name, path in paths.items() if name.endswith((".html", ".css"))
    }
    html = {name: text for name, text in texts.items() if name.endswith(".html")}
    missing = [f"{name}: not built" for name in sorted(built.expected(names) - paths.keys())]
    problems = missing + built.loaded_from_elsewhere(texts) + built.broken_links(html, set(paths), site_url)
    entries = inventory.names_of(paths["objects.inv"].read_bytes()) if "objects.inv" in paths else set[str]()
    return problems + inventory.without_an_entry(interface, entries)


def main(*, only_stage: bool = False) -> int:
    """Build and check; print what is wrong, and return the exit status."""
    problems = problems_of(ROOT, only_stage=only_stage)
    settings = config()
    place = settings["docs_dir"] if only_stage else settings["site_dir"]
    print("\n".join(problems) or f"{place} is made: nothing is wrong")
    return 1 if problems else 0
