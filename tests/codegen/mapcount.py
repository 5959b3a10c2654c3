#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""With the checks left out, a change of map counts is the atomics and
nothing else: in mapcount.c each X_library has the locked instructions and
the loads and stores of its X_plain. Instructions between registers are not
counted: which the compiler needs depends on how the same thing is put.

  mapcount.py             fail (1) where it has others
  mapcount.py --one-more  the same with a load added to each: fail (1) unless
                          every function is found to have others
"""
import argparse
import platform
import re
import shutil
import sys
import tempfile

import codegen


def accesses(compiler, defines, directory):
    """{function: its instructions that access memory, without operands}"""
    obj = codegen.compile_object(compiler, "mapcount.c", defines, directory)
    listing = codegen.run("objdump", "-d", "--no-show-raw-insn", obj)
    result = {}
    for name, body in re.findall(r"^\w+ <(\w+)>:\n((?:.+\n?)*)", listing,
                                 re.M):
        found = re.findall(r"^\s+[0-9a-f]+:\s+((?:lock )?\S+) .*\(%", body,
                           re.M)
        result[name] = [op for op in found if not re.match(
            r"lea|nop|data16|cs", op)]
    return result


def summary(ops):
    """Locked instructions by name, how many others there are."""
    locked = sorted(op for op in ops if op.startswith("lock"))
    return locked, len(ops) - len(locked)


def compare(compiler, one_more, directory):
    """Number of functions that are not as they should be."""
    found = accesses(compiler, ["ONE_MORE"] if one_more else [], directory)
    names = [n.removesuffix("_library") for n in found
             if n.endswith("_library")]
    wrong = 0 if names else 1
    for name in names:
        ours = summary(found[name + "_library"])
        plain = summary(found[name + "_plain"])
        other = ours != plain
        print(f"{compiler:6} {name}: {len(ours[0])} locked, {ours[1]} other"
              + (f" -- plain {len(plain[0])} and {plain[1]}" if other else ""))
        wrong += other != one_more
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--one-more", action="store_true")
    args = parser.parse_args()
    compilers = [c for c in codegen.COMPILERS if shutil.which(c)]
    if len(compilers) < len(codegen.COMPILERS) or not shutil.which("objdump"):
        print(f"mapcount: needs objdump, {' and '.join(codegen.COMPILERS)}",
              file=sys.stderr)
        return codegen.SKIPPED
    if platform.machine() != "x86_64":
        print("mapcount: reads x86-64's instructions only", file=sys.stderr)
        return codegen.SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        wrong = sum(compare(c, args.one_more, directory) for c in compilers)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
