"""Draw the rooms of asyncspy and their imports into docs/ARCHITECTURE.md, from the code itself.

python -m docs.architecture            # rewrite the picture
python -m docs.architecture --check    # exit code 1 if it is out of date; `make lint` runs this
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "asyncspy"
PAGE = ROOT / "docs" / "ARCHITECTURE.md"
BLOCK = re.compile(r"(<!-- picture: made by python -m docs.architecture -->\n).*?(<!-- end of picture -->)", re.DOTALL)

EVERYWHERE = frozenset({"errors", "model", "program", "text"})
"""What nearly every room imports: an arrow to it would say nothing."""

OUTSIDE = frozenset({"__init__", "__main__"})


def room_of(path: Path) -> str:
    """The folder or the module right below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(source: str) -> set[str]:
    """The rooms that a module's import statements name, wherever in it they stand."""
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "asyncspy":
            rooms |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("asyncspy."):
            rooms.add(node.module.split(".")[1])
    return rooms


def imports_by_room() -> dict[str, set[str]]:
    """Every room with the rooms it imports."""
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        if "project" not in path.parts:
            rooms[room_of(path)] |= imported_rooms(path.read_text(encoding="utf-8"))
    return {room: {other for other in imported if other in rooms and other != room} for room, imported in rooms.items()}


def folders_of(room: str) -> list[str]:
    """The folders of code inside a room."""
    return sorted(path.parent.name for path in (PACKAGE / room).glob("*/__init__.py"))


def picture() -> str:
    """A Mermaid flow chart: one box for each room, one arrow for each room that imports another."""
    rooms = imports_by_room()
    shown = [room for room in sorted(rooms) if room not in OUTSIDE]
    lines = ["```mermaid", "flowchart LR"]
    for room in shown:
        inside = "".join(f"<br/><small>{folder}/</small>" for folder in folders_of(room))
        is_folder = (PACKAGE / room).is_dir()
        lines.append(f'    {room}["<b>{room}{"/" if is_folder else ".py"}</b>{inside}"]')
    for room in shown:
        lines += [f"    {room} --> {other}" for other in sorted(rooms[room] - EVERYWHERE - OUTSIDE)]
    return "\n".join([*lines, "```", ""])


def main() -> int:
    """Write the picture, or only say whether the one on the page is the code's."""
    page = PAGE.read_text(encoding="utf-8")
    drawn = BLOCK.sub(lambda block: f"{block[1]}{picture()}{block[2]}", page)
    if not BLOCK.search(page):
        sys.exit(f"{PAGE}: the comments that hold the picture are missing")
    if "--check" in sys.argv[1:]:
        if drawn != page:
            print(f"{PAGE} shows other imports than the code has: python -m docs.architecture", file=sys.stderr)
        return int(drawn != page)
    PAGE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
