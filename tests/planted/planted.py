#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program ten times and counts in how many of them ThreadSanitizer
reports. A program with a planted mistake must be caught in at least 8, which
one it is depends on the host's scheduler; a busy host gets three tries.
rcu_right must never be.

  planted.py PROGRAM
"""
import pathlib
import subprocess
import sys

RUNS = 10
ENOUGH = 8
TRIES = 3


def reports(program):
    """How many of the runs ThreadSanitizer reports; prints what else fails."""
    caught = 0
    for _ in range(RUNS):
        run = subprocess.run([program], capture_output=True, text=True,
                             check=False)
        reported = "WARNING: ThreadSanitizer" in run.stderr
        if run.returncode and not reported:
            sys.exit(run.stderr)
        if reported and is_right(program):
            print(run.stderr)
        caught += reported
    print(f"reported in {caught} of {RUNS} runs", flush=True)
    return caught


def is_right(program):
    return pathlib.Path(program).name.endswith("_right")


def main():
    program = sys.argv[1]
    if is_right(program):
        return 1 if reports(program) else 0
    return 0 if any(reports(program) >= ENOUGH for _ in range(TRIES)) else 1


if __name__ == "__main__":
    sys.exit(main())
