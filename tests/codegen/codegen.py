#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What compound_head() costs in code: instructions and bytes of
page_is_locked() and the text of 100 callers, a generation and a compiler
each. Counted with objdump and size, so the same on every machine.

  codegen.py              print a table
  codegen.py --json FILE  write it
  codegen.py --gate       fail (1) where a limit is passed
  codegen.py --gate --one-more
                          the same with an instruction added to each function:
                          fail (1) unless every limit is passed
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
COMPILERS = ("gcc", "clang")
FLAGS = ["-std=gnu11", "-O2", "-fno-strict-aliasing", "-fcf-protection=none",
         "-DPAGESIM_DEBUG=0", f"-I{INCLUDE}"]
GENERATIONS = ("plain", "folio", "pre_v3_14", "v3_14", "v4_4", "v5_14",
               "v5_14_hvo", "v7_1")
BEFORE_V4_4 = ("pre_v3_14", "v3_14")
NR_CALLERS, NR_USES = 100, 240

# The most instructions, bytes and conditional jumps that a function may have.
LIMITS = {
    "plain": (3, None, 0),
    "folio": (3, None, 0),
    "v4_4": (7, 21, 0),
    "default": (7, 21, 0),
    "v7_1": (9, None, 0),
}
SKIPPED = 77


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def compile_object(compiler, source, defines, directory):
    output = pathlib.Path(directory) / "object.o"
    run(compiler, *FLAGS, *[f"-D{d}" for d in defines], "-c",
        str(HERE / source), "-o", str(output))
    return str(output)


def functions(compiler, defines, directory):
    """Instructions, bytes and conditional jumps of each page_is_locked_*."""
    obj = compile_object(compiler, "page_is_locked.c", defines, directory)
    sizes = {}
    for line in run("nm", "-S", obj).splitlines():
        match = re.match(r"\w+ (\w+) T page_is_locked_(\w+)", line)
        if match:
            sizes[match[2]] = int(match[1], 16)
    result = []
    for name, size in sizes.items():
        listing = run("objdump", "-d", "--no-show-raw-insn",
                      f"--disassemble=page_is_locked_{name}", obj)
        # Padding behind the last instruction is not the function's.
        insns = [(int(m[1], 16), m[2]) for m in
                 re.finditer(r"^\s+([0-9a-f]+):\s+(\S+)", listing, re.M)]
        start = insns[0][0]
        insns = [op for address, op in insns if address < start + size]
        jumps = [op for op in insns
                 if op.startswith("j") and not op.startswith("jmp")]
        result.append({"generation": name, "instructions": len(insns),
                       "bytes": size, "conditional_jumps": len(jumps)})
    return result


def text_bytes(compiler, generation, directory):
    defines = [f"GENERATION={generation}"]
    if generation in BEFORE_V4_4:
        defines.append("BEFORE_V4_4")
    obj = compile_object(compiler, "callers.c", defines, directory)
    return sum(int(line.split()[1]) for line in
               run("size", "-A", obj).splitlines()
               if line.startswith(".text"))


def text_growth(compiler, directory):
    sizes = {g: text_bytes(compiler, g, directory) for g in GENERATIONS}
    plain = sizes["plain"]
    return [{"generation": g, "bytes": size,
             "growth_percent": round(100 * (size - plain) / plain, 1),
             "bytes_per_use": round((size - plain) / NR_USES, 1)}
            for g, size in sizes.items()]


def measure(compilers, directory):
    return {"callers": NR_CALLERS, "uses": NR_USES, "compilers": [
        {"name": c, "version": run(c, "--version").splitlines()[0],
         "functions": functions(c, [], directory),
         "text": text_growth(c, directory)} for c in compilers]}


def passed_limits(function):
    """The limits that a function passes, in words."""
    insns, size, jumps = LIMITS[function["generation"]]
    found = []
    if function["instructions"] > insns:
        found.append(f"{function['instructions']} instructions, "
                     f"at most {insns}")
    if size and function["bytes"] > size:
        found.append(f"{function['bytes']} bytes, at most {size}")
    if function["conditional_jumps"] > jumps:
        found.append(f"{function['conditional_jumps']} conditional jumps")
    return found


def gate(compilers, one_more, directory):
    """Number of functions that are not as they should be."""
    wrong = 0
    for compiler in compilers:
        seen = set()
        for function in functions(
                compiler, ["ONE_MORE"] if one_more else [], directory):
            name = function["generation"]
            if name not in LIMITS:
                continue
            seen.add(name)
            found = passed_limits(function)
            print(f"{compiler:6} page_is_locked_{name}: "
                  f"{function['instructions']} instructions, "
                  f"{function['bytes']} bytes"
                  + (f" -- {'; '.join(found)}" if found else ""))
            wrong += bool(found) != one_more
        missing = LIMITS.keys() - seen
        if missing:
            print(f"{compiler}: no function for {', '.join(missing)}")
            wrong += len(missing)
    return wrong


def print_table(result):
    for compiler in result["compilers"]:
        print(compiler["version"])
        for f in compiler["functions"]:
            print(f"  page_is_locked_{f['generation']:10} "
                  f"{f['instructions']:3} instructions {f['bytes']:3} bytes "
                  f"{f['conditional_jumps']} conditional jumps")
        for t in compiler["text"]:
            print(f"  100 callers, {t['generation']:10} {t['bytes']:6} bytes "
                  f"{t['growth_percent']:+6.1f} %, "
                  f"{t['bytes_per_use']:5.1f} a use")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--one-more", action="store_true")
    args = parser.parse_args()
    compilers = [c for c in COMPILERS if shutil.which(c)]
    if not compilers or not shutil.which("objdump"):
        print("codegen: needs objdump, and gcc or clang", file=sys.stderr)
        return SKIPPED
    with tempfile.TemporaryDirectory() as directory:
        if args.gate:
            if len(compilers) < len(COMPILERS):
                print(f"codegen: only {compilers} here", file=sys.stderr)
                return SKIPPED
            return 1 if gate(compilers, args.one_more, directory) else 0
        result = measure(compilers, directory)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(result) + "\n")
    else:
        print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
