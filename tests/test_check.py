#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pagesim list and pagesim check as a user sees them.

  test_check.py PAGESIM-COMMAND... : the command to run, with a launcher before
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

COMMAND = sys.argv[1:]
VERDICTS = {"clean", "data-race", "assertion", "bug-on", "warn", "refcount",
            "use-after-free", "double-free", "leak", "deadlock", "livelock",
            "lockdep", "incomplete"}
FIELDS = {"scenario", "variant", "mode", "model", "verdict", "expected",
          "executions", "seconds", "trace"}
FEW = ("--max-execs", "20")


def pagesim(*args):
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True)


def lines(run):
    return [json.loads(line) for line in run.stdout.splitlines()]


class List(unittest.TestCase):
    def test_all(self):
        run = pagesim("list", "--json")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        variants = lines(run)
        self.assertGreater(len(variants), 40)
        for variant in variants:
            self.assertIn(variant["expected"], VERDICTS)
            self.assertRegex(variant["scenario"], r"^[a-z_]+/[a-z0-9-]+$")
            self.assertTrue(variant["question"])
        names = [(v["scenario"], v["variant"]) for v in variants]
        self.assertEqual(len(names), len(set(names)))

    def test_pattern(self):
        run = pagesim("list", "lockdep/*")
        self.assertEqual(run.returncode, 0)
        self.assertIn("lockdep/lock-order: may two threads", run.stdout)
        self.assertNotIn("folio/", run.stdout)

    def test_usage(self):
        self.assertIn("usage", pagesim("list", "--help").stdout)
        for args in (("--frob",), ("nothing/*",)):
            run = pagesim("list", *args)
            self.assertEqual(run.returncode, 2, args)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


class Check(unittest.TestCase):
    def test_json(self):
        run = pagesim("check", "folio/lock-waiters", "--variant", "6.*",
                      "--mode", "stress", "--json", *FEW)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        results = lines(run)
        self.assertEqual([r["variant"] for r in results], ["6.12", "6.1"])
        for result in results:
            self.assertLessEqual(FIELDS, set(result))
            self.assertEqual(result["scenario"], "folio/lock-waiters")
            self.assertEqual(result["mode"], "stress")
            self.assertEqual(result["verdict"], "clean")
            self.assertEqual(result["expected"], "clean")
            self.assertEqual(result["executions"], 20)
            self.assertIsNone(result["trace"])

    def test_finds(self):
        run = pagesim("check", "refcount/lookup-reload", "--json",
                      "--variant", "no-reload")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        result, = lines(run)
        self.assertEqual(result["verdict"], "assertion")
        self.assertIn("folio->index", result["report"])

    # Nothing was seen, so nothing is said.
    def test_no_time(self):
        run = pagesim("check", "folio/lock-waiters", "--variant", "6.12",
                      "--max-time", "0.0000001", "--json")
        result, = lines(run)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(result["verdict"], "incomplete")
        self.assertEqual(result["executions"], 0)

    def test_verbose(self):
        run = pagesim("check", "lockdep/lock-order", "--variant",
                      "two-orders", "--verbose")
        self.assertEqual(run.returncode, 0)
        if "SKIP" not in run.stdout:
            self.assertIn("possible circular locking", run.stderr)

    def test_ktap(self):
        run = pagesim("check", "refcount/freeze-mapped-*", *FEW, "--variant",
                      "unmap-first")
        self.assertEqual(run.returncode, 0)
        out = run.stdout.splitlines()
        self.assertEqual(out[:2], ["KTAP version 1", "1..6"])
        self.assertEqual(sum(line.startswith("ok ") for line in out), 6)
        self.assertEqual(
            sum(bool(re.match(r"  ok 1 unmap-first # clean", line))
                for line in out), 6)

    def test_skip(self):
        run = pagesim("check", "rcu/publish", "--variant", "no-grace-period")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stdout, "ok 1 no-grace-period # (SKIP|use-after)")

    def test_replay(self):
        with tempfile.TemporaryDirectory() as name:
            trace = os.path.join(name, "bug.trace")
            run = pagesim("check", "refcount/freeze", "--variant",
                          "look-before", "--mode", "explore", "--trace",
                          trace, "--json")
            if "cannot explore" in run.stderr:
                self.skipTest("this build has no explorer")
            result, = lines(run)
            if result["skipped"]:
                self.skipTest("this build has not the checks")
            self.assertEqual(result["trace"], trace)
            for _ in range(5):
                run = pagesim("replay", trace)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertIn(result["report"], run.stdout)
            with open(trace) as file:
                text = file.read()
            for broken in ("", text.replace("look-before", "none"),
                           text.replace("end", "")):
                with open(trace, "w") as file:
                    file.write(broken)
                self.assertEqual(pagesim("replay", trace).returncode, 2)

    def test_usage(self):
        self.assertIn("usage", pagesim("check", "--help").stdout)
        for args in ((), ("--all", "folio/*"), ("none",), ("--frob",),
                     ("folio/*", "--variant", "none"),
                     ("folio/*", "--mode", "none"),
                     ("folio/*", "--max-execs", "0"),
                     ("folio/*", "--max-execs", "x"),
                     ("folio/*", "--max-time", "-1"),
                     ("folio/*", "--seed", "-1")):
            run = pagesim("check", *args)
            self.assertEqual(run.returncode, 2, args)
            self.assertEqual(run.stdout, "")
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
