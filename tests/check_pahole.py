#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layout that pahole reads out of a binary's debug information, against
tests/golden/pahole-NAME.txt.

  check_pahole.py BINARY            compare
  check_pahole.py BINARY --write    make the golden files anew
"""
import difflib
import pathlib
import shutil
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
STRUCTS = ("page", "folio", "page_v4_2")
SKIPPED = 77


def main():
    binary, write = sys.argv[1], "--write" in sys.argv
    if not shutil.which("pahole"):
        print("no pahole here (Debian package dwarves)")
        return SKIPPED
    differ = 0
    for name in STRUCTS:
        golden = GOLDEN / f"pahole-{name}.txt"
        text = subprocess.run(["pahole", "-C", name, binary], check=True,
                              capture_output=True, text=True).stdout
        if write:
            golden.write_text(text)
            continue
        lines = list(difflib.unified_diff(
            golden.read_text().splitlines(), text.splitlines(),
            str(golden), binary, lineterm=""))
        print("\n".join(lines) if lines else f"struct {name}: as it was")
        differ += bool(lines)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
