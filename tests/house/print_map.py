"""Prints the parts of the map (firmware/README.md) that stand in code: rooms, priorities, state diagrams.

    python -m tests.house.print_map

Between `<!-- NAME -->` and `<!-- end -->` the map is what this prints; a test compares. Everything else in the map is
written by hand and stays. The table of routes in docs/API.md is printed, too.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from firmware.core.barrier.goals import BARRIER_RANKS
from firmware.core.diagrams import all_diagrams
from firmware.core.modes import PRIORITY
from firmware.network.api.document import roles_of
from firmware.network.api.subjects import SUBJECTS, subject_of
from firmware.network.route import Route
from firmware.network.routes import ROUTES
from firmware.network.words import Words

ROOT = Path(__file__).parents[2]
MAP = ROOT / "firmware" / "README.md"
API_PAGE = ROOT / "docs" / "API.md"
ROUTED = re.compile(r"<!-- routes -->\n.*?<!-- end -->\n", re.DOTALL)
PRINTED = re.compile(
    r"<!-- (?P<name>(?:rooms|files|priorities|diagram): ?[a-z_/ ]*) -->\n(?P<text>.*?)<!-- end -->\n", re.DOTALL
)


def parts() -> dict[str, str]:
    """What stands between the markers, by the markers' names."""
    printed = {
        "rooms: firmware": rooms(),
        "files: core": files("core"),
        "files: core/barrier": files("core/barrier"),
        "files: core/lane": files("core/lane"),
        "files: controller": files("controller"),
        "priorities:": priorities(),
        "priorities: barrier": barrier_priorities(),
    }
    for name, text in all_diagrams().items():
        printed[f"diagram: {name}"] = f"```mermaid\n{text}\n```\n"
    return printed


def rooms() -> str:
    """Packages of the firmware and the files beside them, each with what it says of itself."""
    firmware = ROOT / "firmware"
    packages = sorted(path.parent for path in firmware.glob("*/__init__.py"))
    lines = ["| room | what for |", "|---|---|"]
    lines += [f"| `{package.name}/` | {purpose(package / '__init__.py')} |" for package in packages]
    lines += [
        f"| `{path.name}` | {purpose(path)} |" for path in sorted(firmware.glob("*.py")) if path.stem != "__init__"
    ]
    return "\n".join(lines) + "\n"


def files(package: str) -> str:
    """The files of one package."""
    lines = [f"| `{package}/` | what for |", "|---|---|"]
    every = sorted((ROOT / "firmware" / package).glob("*.py"))
    lines += [f"| `{path.name}` | {purpose(path)} |" for path in every if path.stem != "__init__"]
    return "\n".join(lines) + "\n"


def purpose(path: Path) -> str:
    """The first paragraph of a file's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text, f"{path} does not say what it is for"
    return " ".join(text.split("\n\n")[0].split()).replace("|", "\\|")


def priorities() -> str:
    """The order of priorities, highest first."""
    lines = ["| | claim | the way is | shown as | reason |", "|---|---|---|---|---|"]
    for place, rank in enumerate(PRIORITY, 1):
        way = "secured" if not rank.released else "released until further notice" if rank.free else "released"
        lines.append(f"| {place} | {rank.claim.value} | {way} | {rank.mode.value} | {rank.reason or '-'} |")
    return "\n".join(lines) + "\n"


def barrier_priorities() -> str:
    """R0: the order of priorities at a barrier, highest first."""
    lines = ["| | claim | the lane goes on |", "|---|---|---|"]
    for place, rank in enumerate(BARRIER_RANKS, 1):
        lines.append(f"| {place} | {rank.claim.value} | {'yes' if rank.lane else 'no'} |")
    return "\n".join(lines) + "\n"


def as_printed(text: str) -> str:
    """The map with every printed part renewed. Raises KeyError for a marker that names nothing."""
    printed = parts()
    return PRINTED.sub(lambda found: f"<!-- {found['name']} -->\n{printed[found['name']]}<!-- end -->\n", text)


def routes() -> str:
    """Every way into the API, by subject, and into the page, with whom it needs, in the table's own order."""
    words = Words("en")
    lines = []
    for subject in SUBJECTS:
        lines += [f"### {words(f'api_of_{subject}')}", ""]
        lines += [*table(route for route in ROUTES if route.of_api and subject_of(route.path) == subject), ""]
    lines += ["### The page itself", "", *table(route for route in ROUTES if not route.of_api)]
    return "\n".join(lines) + "\n"


def table(of: Iterable[Route]) -> list[str]:
    """Some routes, each with whom it needs, and how."""
    lines = ["| | path | needs | how |", "|---|---|---|---|"]
    for route in of:
        how = "token or session" if route.by_token else "" if "nobody" in roles_of(route) else "session"
        if route.changes and not route.of_api:
            how += " and a form of ours" if how else "a form of ours"
        lines.append(f"| {route.method} | `{route.path}` | {', '.join(roles_of(route))} | {how} |")
    return lines


def with_routes(text: str) -> str:
    """The page of the API with its table of routes renewed."""
    return ROUTED.sub(lambda _: f"<!-- routes -->\n{routes()}<!-- end -->\n", text)


def main() -> int:
    for path, printed in ((MAP, as_printed), (API_PAGE, with_routes)):
        before = path.read_text(encoding="utf-8")
        after = printed(before)
        path.write_text(after, encoding="utf-8")
        print(f"{path}: {'the same' if after == before else 'renewed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
