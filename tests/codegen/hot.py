#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hot operations with all checks off against the same written by hand: the
instructions that hot.c's lib_X and hand_X execute, counted by callgrind.

  hot.py              print a table; fail (1) where lib_X executes more
  hot.py --one-more   the same with an instruction added to each lib_X: fail
                      (1) unless each one executes more than without it, and
                      all that were equal more than what is written by hand
  hot.py --traced     the same with tracepoints that are off: fail (1) where
                      one costs more than TRACEPOINT
"""
import pathlib
import re
import shutil
import sys
import tempfile

import codegen

CALLS = 100
# A load, a test and a branch; where the result is looked at after, also the
# registers that the call which is not made could change (the most: clang, put).
TRACEPOINT = 13
# The word at the start of what the operation gets, if not 0, and the count.
FIRST_WORD = {"spin_unlock": 1}
MAIN = """
#include <string.h>
{declarations}
{stubs}
void __folio_put(void *folio) {{ (void)folio; }}
void __pagesim_spin_lock_slow(void *lock) {{ (void)lock; }}
void __pagesim_spin_unlock_slow(void *lock) {{ (void)lock; }}
int pagesim_debug_tier;
static void one(void (*fn)(void *), unsigned word)
{{
	static unsigned page[16] __attribute__((aligned(64)));

	for (int i = 0; i < {calls}; i++) {{
		memset(page, 0, sizeof(page));
		page[0] = word;
		page[13] = 2;
		fn(page);
	}}
}}
int main(void)
{{
{calls_of_each}
	return 0;
}}
"""


def executed(compiler, defines, directory):
    """Instructions of a call of each lib_ and hand_ function."""
    obj = codegen.compile_object(compiler, "hot.c", defines, directory)
    names = re.findall(r" T ((?:lib|hand)_\w+)", codegen.run("nm", obj))
    undefined = codegen.run("nm", "-u", obj).split()
    main = pathlib.Path(directory) / "main.c"
    main.write_text(MAIN.format(
        calls=CALLS,
        declarations="\n".join(f"void {n}(void *);" for n in names),
        # A tracepoint's key and what is called while it is on.
        stubs="\n".join(
            f"unsigned {n};" if n.endswith("_semaphore") else
            f"void {n}(void) {{}}" for n in undefined
            if n.endswith("_semaphore") or n.startswith("__page_ref")),
        calls_of_each="\n".join(
            f"\tone({n}, {FIRST_WORD.get(n.split('_', 1)[1], 0)});"
            for n in names)))
    program, out = f"{directory}/hot", f"{directory}/callgrind.out"
    codegen.run(compiler, "-O1", str(main), obj, "-o", program)
    codegen.run("valgrind", "-q", "--tool=callgrind",
                f"--callgrind-out-file={out}", program)
    counts = {}
    for line in codegen.run("callgrind_annotate", "--threshold=100",
                            out).splitlines():
        match = re.match(r"\s*([\d,]+) \(.*?:((?:lib|hand)_\w+) ", line)
        if match:
            counts[match[2]] = int(match[1].replace(",", "")) / CALLS
    return counts


def gate(compiler, one_more, traced, directory):
    """Number of operations that are not as they should be."""
    counts = executed(compiler, [f"PAGESIM_TRACE={traced}"], directory)
    more = executed(compiler, ["ONE_MORE"], directory) if one_more else counts
    names = sorted(n[4:] for n in counts if n.startswith("lib_"))
    wrong = len(names) < 10
    for name in names:
        lib, hand = more[f"lib_{name}"], counts[f"hand_{name}"]
        if one_more:
            before = counts[f"lib_{name}"]
            wrong += lib <= before or (before == hand and lib <= hand)
        else:
            wrong += lib > hand + traced * TRACEPOINT
        print(f"{compiler:6} {name:12} {lib:5g} instructions, "
              f"{hand:5g} by hand")
    return wrong


def main():
    one_more = "--one-more" in sys.argv
    traced = int("--traced" in sys.argv)
    needed = (*codegen.COMPILERS, "valgrind", "callgrind_annotate")
    if not all(map(shutil.which, needed)):
        print(f"hot: needs {', '.join(needed)}", file=sys.stderr)
        return codegen.SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        wrong = sum(gate(compiler, one_more, traced, directory)
                    for compiler in codegen.COMPILERS)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
