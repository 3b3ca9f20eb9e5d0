"""Build the site and say what is wrong with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from docsite import built, inventory, pages

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "mkdocs.yml"
INTERFACE = ROOT / "tests" / "contract" / "public_interface.txt"
THEME = ROOT / "docsite" / "theme"


def config(text: str | None = None) -> dict[str, Any]:
    """Return the settings of mkdocs.yml, without running what its tags name."""
    found: dict[str, Any] = YAML().load(  # which keeps a tag, and does not follow it
        CONFIG.read_text("utf-8") if text is None else text
    )
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


def build(folder: Path) -> list[str]:
    """Run zensical; return whatever it says that is no progress, and its error if it fails.

    Args:
        folder: Where the site goes. What was there is deleted.
    """
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", str(CONFIG)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = built.complaints(done.stdout + done.stderr)
    return said or ([f"zensical: ended with status {done.returncode}"] if done.returncode else [])


def main(*, only_stage: bool = False) -> int:
    """Build and check; return the exit status."""
    settings = config()
    staged, site = ROOT / settings["docs_dir"], ROOT / settings["site_dir"]
    problems = stage(ROOT, staged, settings["repo_url"])
    for name in ("javascripts", "stylesheets"):
        shutil.copytree(THEME / name, staged / name)
    names = sorted(path.relative_to(staged).as_posix() for path in staged.rglob("*.md"))
    problems += built.outside_the_navigation(settings["nav"], names)
    if not only_stage:
        problems += build(site)
        problems += check(site, names, settings["site_url"])
    print(
        "\n".join(problems)
        or f"the site is in {site.relative_to(ROOT)}: {len(names)} pages, nothing is wrong"
    )
    return 1 if problems else 0


def check(site: Path, names: list[str], site_url: str) -> list[str]:
    """Return what is wrong with a site that was built.

    Args:
        site: The folder of the site.
        names: Its pages in Markdown, as paths below the folder of the pages.
        site_url: Its address, with a slash at the end.
    """
    paths = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    texts = {
        name: path.read_text("utf-8") for name, path in paths.items() if name.endswith((".html", ".css"))
    }
    html = {name: text for name, text in texts.items() if name.endswith(".html")}
    missing = [f"{name}: not built" for name in sorted(built.expected(names) - paths.keys())]
    problems = missing + built.loaded_from_elsewhere(texts) + built.broken_links(html, set(paths), site_url)
    if "objects.inv" in paths:
        lines = INTERFACE.read_text("utf-8").splitlines()
        entries = inventory.names_of(paths["objects.inv"].read_bytes())
        problems += inventory.without_an_entry(lines, entries)
    return problems
