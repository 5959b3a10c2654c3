#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each tracepoint of a program is one static probe: a note in .note.stapsdt of
provider "pagesim" and the event's name, at a nop, with the event's key as its
semaphore.

  test_usdt.py PROGRAM
"""
import re
import subprocess
import sys

EXPECTED = {"page_ref_mod": 7, "page_ref_freeze": 8, "mm_page_alloc": 5,
            "rcu_callback": 4, "contention_begin": 2}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def probes(program):
    """Of each probe of ours: name, address, semaphore, number of arguments."""
    notes = re.findall(r"Provider: pagesim\s+Name: (\w+)\s+"
                       r"Location: (\w+), Base: \w+, Semaphore: (\w+)\s+"
                       r"Arguments:(.*)", run("readelf", "-nW", program))
    return [(name, int(location, 16), int(semaphore, 16), len(args.split()))
            for name, location, semaphore, args in notes]


def symbols(program):
    return {match[2]: int(match[1], 16) for match in
            re.finditer(r"^(\w+) \w (\w+)$", run("nm", program), re.M)}


def instruction_at(program, address):
    listing = run("objdump", "-d", "--no-show-raw-insn",
                  f"--start-address={address}",
                  f"--stop-address={address + 1}", program)
    return listing.split()[-1]


def main():
    program = sys.argv[1]
    wrong = []
    found = probes(program)
    names = [name for name, *_ in found]
    address_of = symbols(program)
    events = [s[len("__tracepoint_"):] for s in address_of
              if re.match(r"__tracepoint_(?!ptr_)", s)]
    if not events or sorted(names) != sorted(events):
        wrong.append(f"probes {sorted(names)}, tracepoints {sorted(events)}")
    for name, location, semaphore, nr_args in found:
        if address_of.get(f"pagesim_{name}_semaphore") != semaphore:
            wrong.append(f"{name}: its semaphore is not its key")
        if instruction_at(program, location) != "nop":
            wrong.append(f"{name}: no nop")
        if nr_args != EXPECTED.get(name, nr_args):
            wrong.append(f"{name}: {nr_args} arguments")
    for line in wrong + [f"{len(found)} probes"]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
