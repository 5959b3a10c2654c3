#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No global of the explorer lies in .data or .bss, which are the program's
and put back for each execution, but for those that are meant to be.

  globals.py LIBRARY
"""
import re
import subprocess
import sys

PUT_BACK = {"keys", "outside_keys", "outside_self", "outside_time",
            "parked", "in_use"}


def main():
    table = subprocess.run(["objdump", "-t", sys.argv[1]], check=True,
                           capture_output=True, text=True).stdout
    found = set(re.findall(r"\sO \.(?:data(?!\.rel\.ro)|bss)\S*\s+\S+\s+(?:\.hidden )?"
                           r"(\w+)", table))
    aside = set(re.findall(r"\sO explore_state\s+\S+\s+(\w+)", table))
    print(f"{len(aside)} globals aside, put back: {sorted(found)}")
    return 1 if found != PUT_BACK or not aside else 0


if __name__ == "__main__":
    sys.exit(main())
