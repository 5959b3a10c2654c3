#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program ten times and counts in how many of them ThreadSanitizer
reports. A program with a planted mistake must be caught in at least 8, which
one it is depends on the host's scheduler; rcu_right never.

  planted.py PROGRAM
"""
import pathlib
import subprocess
import sys

RUNS = 10
ENOUGH = 8


def main():
    program = sys.argv[1]
    right = pathlib.Path(program).name.endswith("_right")
    caught = 0
    for _ in range(RUNS):
        run = subprocess.run([program], capture_output=True, text=True,
                             check=False)
        reported = "WARNING: ThreadSanitizer" in run.stderr
        if run.returncode and not reported:
            print(run.stderr)
            return 1
        if reported and right:
            print(run.stderr)
        caught += reported
    print(f"reported in {caught} of {RUNS} runs")
    return 0 if (caught == 0 if right else caught >= ENOUGH) else 1


if __name__ == "__main__":
    sys.exit(main())
