#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The pagesim command as a user sees it: output, exit status, one-line errors.

  test_cli.py PAGESIM-COMMAND... : the command to run, with a launcher before
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

COMMAND = sys.argv[1:]
DATA = pathlib.Path(__file__).resolve().parent / "data"
FLAGS = str(DATA / "live-1g.kpageflags.zst")
COUNT = str(DATA / "live-1g.kpagecount.zst")
HEAD, TAIL, SLAB, BUDDY = 1 << 15, 1 << 16, 1 << 7, 1 << 10


def pagesim(*args):
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True)


class Cli(unittest.TestCase):
    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.addCleanup(self.temp.cleanup)

    def path(self, name):
        return os.path.join(self.temp.name, name)

    def words(self, name, words):
        with open(self.path(name), "wb") as file:
            file.write(struct.pack(f"={len(words)}Q", *words))
        return self.path(name)

    def refused(self, *args, says):
        """Exit 2, and one line that says why."""
        run = pagesim(*args)
        self.assertEqual(run.returncode, 2, run)
        self.assertIn(says, run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertEqual(run.stdout, "")

    def test_live_snapshot(self):
        run = pagesim("map", "--flags", FLAGS, "--count", COUNT, "--json")
        self.assertEqual(run.returncode, 0, run)
        result = json.loads(run.stdout)
        expected = {"compound_head": 14033, "compound_tail": 53451,
                    "ksm": 876, "huge": 512, "zero_page": 512,
                    "anonymous": 10695, "nopage": 0}
        for name, number in expected.items():
            self.assertEqual(result["counts"][name], number, name)
        self.assertTrue(result["round_trip"]["exact"])
        self.assertEqual(result["odd"]["frames"], 561)
        self.assertEqual(result["unmodelled"]["words"], 0)
        frames = sum(k["frames"] for k in result["kinds"].values())
        self.assertEqual(frames, result["frames"])
        self.assertEqual(sum(result["mapcounts"].values()), result["frames"])
        self.assertEqual(result["kinds"]["hugetlb"]["blocks_by_order"],
                         {"9": 1})
        self.assertEqual(run.stderr, "")

    def test_export_reads_back(self):
        out = self.path("out")
        first = pagesim("map", FLAGS, COUNT, "--export", out, "--json")
        self.assertEqual(first.returncode, 0, first)
        raw = subprocess.run(["zstd", "-dc", FLAGS], capture_output=True,
                             check=True).stdout
        with open(os.path.join(out, "kpageflags"), "rb") as file:
            self.assertEqual(file.read(), raw)
        raw = subprocess.run(["zstd", "-dc", COUNT], capture_output=True,
                             check=True).stdout
        with open(os.path.join(out, "kpagecount"), "rb") as file:
            self.assertEqual(file.read(), raw)
        second = pagesim("map", os.path.join(out, "kpageflags"),
                         os.path.join(out, "kpagecount"), "--json")
        self.assertEqual(json.loads(first.stdout)["counts"],
                         json.loads(second.stdout)["counts"])

    def test_text(self):
        run = pagesim("map", FLAGS, COUNT)
        self.assertEqual(run.returncode, 0, run)
        for line in ("compound_head           14033", "round trip: exact",
                     "odd frames: 561, mapcount 561",
                     "bits that are not modelled: 0"):
            self.assertIn(line, run.stdout)

    def test_unmodelled_bits_are_named(self):
        path = self.words("w", [1 << 40 | 1 << 5, 1 << 1, 1 << 60])
        run = pagesim("map", path)
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("not modelled: 3, bit 1 error 1, bit 40 softdirty 1, "
                      "bit 60 (no name) 1", run.stdout)

    def test_bad_files(self):
        self.refused("map", self.words("e", []), says="frame 0: the file is "
                     "empty")
        self.refused("map", self.temp.name, says="is a directory")
        self.refused("map", "/dev/zero", says="is a device")
        self.refused("map", self.path("none"), says="cannot open")
        with open(self.path("odd"), "wb") as file:
            file.write(b"123456789")
        self.refused("map", self.path("odd"), says="no whole number of 8-byte")
        with open(FLAGS, "rb") as file:
            packed = file.read()
        with open(self.path("cut.zst"), "wb") as file:
            file.write(packed[:len(packed) // 2])
        self.refused("map", self.path("cut.zst"), says="zstd data end before")
        with open(self.path("bad.zst"), "wb") as file:
            file.write(packed[:100] + b"garbage" * 100 + packed[100:])
        self.refused("map", self.path("bad.zst"), says="corrupt zstd data")

    def test_bad_shapes(self):
        self.refused("map", self.words("t", [0, TAIL]),
                     says="t: frame 1: a tail without a head")
        path = self.words("r", [HEAD | SLAB] + [TAIL | SLAB] * 2)
        self.refused("map", path, says="r: frame 0: a compound page of 3 "
                     "frames, which is no power of two")
        run = pagesim("map", path, "--allow-odd", "--json")
        self.assertEqual(run.returncode, 0, run)
        self.assertEqual(json.loads(run.stdout)["odd"]["frames"], 1)

    def test_words_that_no_state_gives(self):
        """What no kernel writes, and what went in all the same."""
        path = self.words("n", [SLAB | 1 << 26, 0])
        run = pagesim("map", path, "--json")
        self.assertEqual(run.returncode, 1, run)
        result = json.loads(run.stdout)
        self.assertEqual(result["odd"]["no_such_state"], 1)
        self.assertEqual(result["round_trip"]["by_state"], 1)
        self.assertEqual(pagesim("map", path, "--allow-odd").returncode, 0)

    def test_last_bits(self):
        run = pagesim("map", self.words("a", [1 << 41, 1 << 42]))
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("arch_3 ", run.stdout)

    def test_ksm_everywhere(self):
        """As v6.12's kernel shows its anonymous pages."""
        ksm = 1 << 12 | 1 << 21
        run = pagesim("map", self.words("k", [ksm, ksm]))
        self.assertIn("every anonymous frame looks KSM", run.stdout)

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            run = subprocess.run([*COMMAND, "map", self.words("f", [0])],
                                 stdout=full, stderr=subprocess.PIPE,
                                 text=True)
        self.assertEqual(run.returncode, 2, run)
        self.assertIn("cannot write the output", run.stderr)

    def test_export_keeps_counts_that_were_not_read(self):
        flags = self.words("kpageflags", [1 << 11 | 1 << 12] * 2)
        count = self.words("kpagecount", [7, 9])
        run = pagesim("map", flags, "--export", self.temp.name)
        self.assertEqual(run.returncode, 0, run)
        with open(count, "rb") as file:
            self.assertEqual(struct.unpack("=2Q", file.read()), (7, 9))
        # And both may be written over what they were read from.
        run = pagesim("map", flags, count, "--export", self.temp.name)
        self.assertEqual(run.returncode, 0, run)
        with open(count, "rb") as file:
            self.assertEqual(struct.unpack("=2Q", file.read()), (7, 9))

    def test_pipe(self):
        run = subprocess.run(f"cat {FLAGS} | {' '.join(COMMAND)} map "
                             "/dev/stdin --json", shell=True,
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run)
        self.assertEqual(json.loads(run.stdout)["frames"], 262144)

    def test_lengths_differ(self):
        self.refused("map", self.words("f", [0] * 5), self.words("c", [0] * 4),
                     says="c: frame 4: it has 4 words")

    def test_reserve_limit(self):
        path = self.words("f", [BUDDY] * 100000)
        self.refused("map", path, "--reserve-limit", "1M",
                     says="--reserve-limit")
        self.refused("map", path, "--reserve-limit", "1000T",
                     says="cannot be had")
        self.refused("map", path, "--reserve-limit", "much",
                     says="\"much\" is no size")
        os.truncate(path, 1 << 42)
        self.refused("map", path, says="raise it: --reserve-limit")

    def test_usage(self):
        self.refused("map", "--count", COUNT, says="needs its file of flags")
        self.refused("map", "a", "b", "c", says="what is \"c\" for?")
        self.refused("mop", says="no command \"mop\"")
        self.assertEqual(pagesim().returncode, 2)
        self.assertEqual(pagesim("map", "--nothing").returncode, 2)
        self.assertEqual(pagesim("bench", "nothing").returncode, 2)
        self.assertEqual(pagesim("bench", "boot", "now").returncode, 2)
        self.assertEqual(pagesim("bench", "rcu", "now").returncode, 2)
        for args in (["--help"], ["map", "--help"], ["bench", "--help"],
                     ["bench", "boot", "--help"],
                     ["bench", "rcu", "--help"],
                     ["bench", "compound_head", "--help"], ["--version"]):
            run = pagesim(*args)
            self.assertEqual((run.returncode, run.stderr), (0, ""), args)
            self.assertIn("pagesim", run.stdout)

    def test_unwritable_export(self):
        path = self.words("f", [0])
        self.refused("map", path, "--export", path, says="cannot create")
        self.refused("map", path, "--export", "/none/there",
                     says="cannot create")

    def test_live_machine(self):
        run = pagesim("map", "--json")
        if run.returncode == 2:
            self.assertIn("/proc/kpageflags: cannot open", run.stderr)
            self.skipTest("this user may not read the live map")
        self.assertEqual(run.returncode, 0, run)
        self.assertTrue(json.loads(run.stdout)["round_trip"]["exact"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
