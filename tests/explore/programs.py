#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Explores small programs and compares verdict and number of executions.

  programs.py PAGESIM-CC [COMPILER [LITMUS-DIRECTORY]]

With a directory the programs in there are explored instead, and the counts
are those that GenMC 0.11 gives; skipped (77) if there is none.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent / "programs"

# Program, what to define, then for sc, tso and weak: the verdict, and the
# number of executions if it is clean and the number is known to be the least.
PROGRAMS = [
    ("both_miss", "", "clean 3", "assertion", "assertion"),
    ("both_miss", "FENCE", "clean 3", "clean 3", "clean 3"),
    ("publish", "", "clean 2", "clean 2", "assertion"),
    ("publish", "ORDER", "clean 2", "clean 2", "clean 2"),
    ("publish", "PLAIN", "data-race", "data-race", "data-race"),
    ("publish", "PLAIN ORDER", "clean 2", "clean 2", "clean 2"),
    ("failed", "", "clean 2", "clean 2", "assertion"),
    ("failed", "ORDER", "clean 2", "clean 2", "clean"),
    ("count", "", "clean 90", "clean 90", "clean 90"),
    ("count", "THREADS=4", "clean 2520", "clean 2520", "clean 2520"),
    ("count", "TIMES=3", "clean 1680", "clean 1680", "clean 1680"),
    ("count", "THREADS=4 TIMES=3 VOID", "clean 1", "clean 1", "clean 1"),
    ("get_unless_zero", "", "clean", "clean", "clean"),
    ("get_unless_zero", "BLIND", "assertion", "assertion", "assertion"),
    ("tickets", "", "clean 6", "clean 6", "clean 6"),
    ("tickets", "THREADS=4", "clean 24", "clean 24", "clean 24"),
    ("tickets", "RELAX", "clean 6", "clean 6", "clean 6"),
    ("tickets", "BACK_OFF", "clean 6", "clean 6", "clean 6"),
    ("tickets", "RACY", "data-race", "data-race", "data-race"),
    ("spin", "", "clean 6", "clean 6", "clean 6"),
    ("spin", "LOOK", "clean", "clean", "clean"),
    ("for_ever", "", "livelock", "livelock", "livelock"),
    ("two_locks", "", "deadlock", "deadlock", "deadlock"),
    ("two_locks", "ORDERED", "clean 2", "clean 2", "clean 2"),
    ("two_locks", "TRY", "clean", "clean", "clean"),
    ("race", "", "data-race", "data-race", "data-race"),
    ("race", "LOCK", "clean 2", "clean 2", "clean 2"),
    ("race", "STACK", "data-race", "data-race", "data-race"),
    ("race", "STACK LOCK", "clean 2", "clean 2", "clean 2"),
    ("race", "BYTES", "clean 1", "clean 1", "clean 1"),
    ("race", "PART", "data-race", "data-race", "data-race"),
    ("heap", "", "clean 2", "clean 2", "clean 2"),
    ("heap", "LEAK", "leak", "leak", "leak"),
    ("heap", "TWICE", "double-free", "double-free", "double-free"),
    ("heap", "LATE", "use-after-free", "use-after-free", "use-after-free"),
    ("heap", "ALONE", "use-after-free", "use-after-free", "use-after-free"),
    ("heap", "ALONE_ATOMIC", "use-after-free", "use-after-free",
     "use-after-free"),
    ("hand_over", "", "clean", "clean", "clean"),
    ("hand_over", "LOST", "deadlock", "deadlock", "deadlock"),
    ("stack", "", "clean 50016", "clean 50016", "clean 50016"),
    ("stack", "BACK", "assertion", "assertion", "assertion"),
    ("misc", "ONCE", "clean", "clean", "clean"),
    ("misc", "BARRIER", "clean", "clean", "clean"),
    ("misc", "SEMAPHORE", "clean", "clean", "clean"),
    ("misc", "READERS", "clean", "clean", "clean"),
    ("misc", "RECURSIVE", "clean 6", "clean 6", "clean 6"),
    ("misc", "KEYS", "clean 6", "clean 6", "clean 6"),
    ("misc", "C11", "clean", "clean", "clean"),
    ("misc", "LOCAL", "clean 6", "clean 6", "clean 6"),
    ("misc", "LARGE", "clean 6", "clean 6", "clean 6"),
    ("misc", "ODD", "clean", "clean", "clean"),
    ("misc", "ABORT", "abort", "abort", "abort"),
    ("misc", "NULL_POINTER", "crash", "crash", "crash"),
    ("misc", "DEEP", "limit", "limit", "limit"),
    ("misc", "UNLOCK", "lock-misuse", "lock-misuse", "lock-misuse"),
    ("misc", "EXIT", "clean", "clean", "clean"),
]

LITMUS = [
    ("sb", "", "clean 3", "assertion", "assertion"),
    ("sb", "FENCED", "clean 3", "clean 3", "clean 3"),
    ("mp", "", "clean 3", "clean 3", "assertion"),
    ("mp", "FENCED", "clean 3", "clean 3", "clean 3"),
    ("inc", "", "clean 90", "clean 90", "clean 90"),
    ("inc", "N=4", "clean 2520", "clean 2520", "clean 2520"),
    ("inc", "M=3", "clean 1680", "clean 1680", "clean 1680"),
    ("inc", "N=4 M=3", "clean 369600", "clean 369600", "clean 369600"),
    ("ref", "", "clean 58", "clean 58", "clean 58"),
    ("ref", "NAIVE", "assertion", "assertion", "assertion"),
    ("chead", "", "assertion", "assertion", "assertion"),
    ("chead", "TAGGED", "clean 4", "clean 4", "clean 4"),
    ("ticket", "", "clean 6", "clean 6", "clean 6"),
    ("ticket", "N=4", "clean 24", "clean 24", "clean 24"),
    ("ticket", "RELAXED", "data-race", "data-race", "data-race"),
    ("spin", "", "clean 6", "clean 6", "clean 6"),
    ("spin", "RELAXED", "data-race", "data-race", "data-race"),
    ("rcu", "", "clean 9", "clean 9", "clean 9"),
    ("rcu", "NOFENCE", "clean 9", "assertion", "assertion"),
    ("treiber", "", "clean 50016", "clean 50016", "clean 50016"),
    ("treiber", "LIGHT", "clean 1476", "clean 1476", "clean 1476"),
    ("treiber", "ABA", "assertion", "assertion", "assertion"),
]


def explore(binary, **options):
    run = subprocess.run([binary], capture_output=True, text=True, check=False,
                         timeout=60, env=dict(os.environ, PAGESIM_JSON="1",
                                               **options))
    try:
        return json.loads(run.stdout), run
    except ValueError:
        return {"verdict": "none", "executions": 0, "seconds": 0}, run


def build(cc, compiler, source, binary, defines=""):
    return subprocess.run([cc, str(source), "-o", binary,
                           *(f"-D{d}" for d in defines.split())],
                          env=dict(os.environ, PAGESIM_CC=compiler),
                          capture_output=True, text=True, check=False)


def switches(trace):
    threads = [line.split()[1] for line in
               pathlib.Path(trace).read_text().splitlines()
               if line.startswith("step")]
    return sum(a != b for a, b in zip(threads, threads[1:]))


def check_modes(cc, compiler, temporary):
    """Random schedules find it too, what they find is shrunk, a replay is
    the same each time, and what is asked wrongly is said to be."""
    binary = os.path.join(temporary, "mode")
    trace = os.path.join(temporary, "mode.trace")
    complaints = []

    def want(what, ok):
        if not ok:
            complaints.append(what)

    build(cc, compiler, HERE / "stack.c", binary, "BACK")
    for mode in "random", "pct":
        size = {}
        for shrink in "off", "on":
            got, _ = explore(binary, PAGESIM_MODE=mode, PAGESIM_TRACE=trace,
                             PAGESIM_SHRINK=shrink)
            want(f"{mode}: {got['verdict']}", got["verdict"] == "assertion")
            size[shrink] = switches(trace)
        want(f"{mode}: {size}", size["on"] <= size["off"])
    want(f"random: not shrunk, {size}", size["on"] <= 8)
    for _ in range(100):
        got, _ = explore(binary, PAGESIM_MODE="replay", PAGESIM_TRACE=trace)
        want(f"replay: {got['verdict']}", got["verdict"] == "assertion")
    got, run = explore(binary, PAGESIM_MAX_EXECS="10", PAGESIM_MODEL="tso")
    want(f"bound: {got}", got.get("bound") == "executions" and
         got["verdict"] == "incomplete" and run.returncode == 3)
    with open(trace, "a", encoding="ascii") as file:
        file.truncate(40)
    for options in ({"PAGESIM_MODEL": "arm"}, {"PAGESIM_MODE": "replay"},
                    {"PAGESIM_MAX_TIME": "-1"},
                    {"PAGESIM_MODE": "replay", "PAGESIM_TRACE": trace},
                    {"PAGESIM_MODE": "replay", "PAGESIM_TRACE": "/none"}):
        _, run = explore(binary, **options)
        want(f"{options}: status {run.returncode}, {run.stderr}",
             run.returncode == 2 and run.stderr.count("\n") == 1)
    run = build(cc, compiler, "none.c", binary)
    want(f"no such file: {run.returncode}", run.returncode == 2)
    run = build(cc, "no-such-compiler", HERE / "stack.c", binary)
    want(f"no such compiler: {run.returncode}", run.returncode == 2)
    for line in complaints:
        print("WRONG", line)
    return len(complaints)


def main():
    cc = sys.argv[1]
    compiler = sys.argv[2] if len(sys.argv) > 2 else "gcc"
    programs, folder = PROGRAMS, HERE
    if len(sys.argv) > 3:
        programs, folder = LITMUS, pathlib.Path(sys.argv[3])
        if not folder.is_dir():
            print(f"there is no {folder}")
            return 77
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        binary = os.path.join(temporary, "program")
        trace = os.path.join(temporary, "trace")
        if folder == HERE:
            wrong += check_modes(cc, compiler, temporary)
        for name, defines, *wanted in programs:
            done = build(cc, compiler, folder / f"{name}.c", binary, defines)
            if done.returncode:
                print(f"WRONG {name} {defines}: {done.stderr}")
                wrong += 1
                continue
            for model, want in zip(("sc", "tso", "weak"), wanted):
                got, run = explore(binary, PAGESIM_MODEL=model,
                                   PAGESIM_TRACE=trace)
                verdict, _, count = want.partition(" ")
                ok = (got["verdict"] == verdict and
                      (not count or got["executions"] == int(count)) and
                      run.returncode == (verdict != "clean"))
                if ok and verdict != "clean":
                    again, _ = explore(binary, PAGESIM_MODE="replay",
                                       PAGESIM_TRACE=trace)
                    ok = again["verdict"] == verdict
                    want += ", replayed: " + again["verdict"]
                wrong += not ok
                print(f"{'ok   ' if ok else 'WRONG'} {name:16} {defines:24} "
                      f"{model:4} {got['verdict']:14} {got['executions']:7} "
                      f"{got.get('blocked', 0):5} blocked "
                      f"{got['seconds']:.3f} s" +
                      ("" if ok else f", wanted {want}\n{run.stdout[:2000]}"
                       f"{run.stderr[:2000]}"))
    print(f"{len(programs)} programs, {wrong} answers are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
