#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each source says its floor in the second line and includes nothing of a
floor above it; only track.h includes a tool's header, and only
platform_rcu.c one of liburcu's.

  check_floors.py [DIRECTORY]
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                    pathlib.Path(__file__).resolve().parent.parent)
FOLDERS = ("include", "platform", "src", "cli", "bench", "tests", "explore",
           "runner", "scenarios")
TOOLS = re.compile(r"#\s*include\s*<(valgrind|sanitizer)/")

URCU = re.compile(r"#\s*include\s*<(urcu[/.]|rcu[a-z]*list)")


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".c", ".h", ".cc"):
                yield path


def floor_of(path):
    lines = path.read_text().splitlines()
    match = re.search(r"Floor: (\d)", lines[1]) if len(lines) > 1 else None
    return int(match[1]) if match else None


def main():
    wrong = []
    floors = {path: floor_of(path) for path in sources()}
    # A name of two headers, such as memmap.h, is told apart by <> and "".
    public = {str(p.relative_to(ROOT / "include")): f
              for p, f in floors.items() if (ROOT / "include") in p.parents}
    private = {p.name: f for p, f in floors.items()
               if p.suffix == ".h" and (ROOT / "include") not in p.parents}
    for path, floor in floors.items():
        name = path.relative_to(ROOT)
        if floor is None:
            wrong.append(f"{name}: line 2 does not say \"Floor: N\"")
            continue
        text = path.read_text()
        for bracket, header in re.findall(r'#\s*include\s*([<"])([^>"]+)[>"]',
                                          text):
            other = (public if bracket == "<" else private).get(header)
            if other is not None and other > floor:
                wrong.append(f"{name}: floor {floor} includes {header} of "
                             f"floor {other}")
        if TOOLS.search(text) and path.name != "track.h":
            wrong.append(f"{name}: only track.h includes a tool's header")
        if URCU.search(text) and path.name != "platform_rcu.c":
            wrong.append(f"{name}: only platform_rcu.c includes liburcu's")
    for line in wrong:
        print(line)
    print(f"{len(floors)} files, {len(wrong)} wrong")
    return 1 if wrong or not floors else 0


if __name__ == "__main__":
    sys.exit(main())
