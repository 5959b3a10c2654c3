#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pagesim bench compound_head, a hundredth of it: what it prints is complete.
Not what it measures, which a busy host decides.

  test_bench.py PAGESIM-COMMAND
"""
import json
import pathlib
import subprocess
import sys

FLAGS = pathlib.Path(__file__).resolve().parent / "data/live-1g.kpageflags.zst"
GENERATIONS = {"plain", "folio", "pre_v3_14", "v3_14", "v4_4", "v5_14",
               "v5_14_hvo", "v7_1"}
MIXES = {"0", "50 random", "50 alternating", "100", "as found"}


def main():
    command = [sys.argv[1], "bench", "compound_head", "--quick", "--flags",
               str(FLAGS)]
    text = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "v7_1" in text.stdout and text.stderr == "", text
    result = json.loads(subprocess.run(command + ["--json"], check=True,
                                       capture_output=True).stdout)
    expected = {(s, m, g) for s in ("L1", "L2", "L3", "DRAM") for m in MIXES
                for g in GENERATIONS}
    expected |= {("map", v, g) for v in ("in order", "random")
                 for g in GENERATIONS}
    rows = {(r["set"], r["visit"], r["generation"])
            for r in result["results"]}
    assert rows == expected, rows ^ expected
    assert len(result["results"]) == len(expected)
    assert all(r["ns"] > 0 and r["ratio"] > 0 for r in result["results"])
    assert result["map"]["tails"] == 53451, result["map"]
    assert len(result["targets"]) == 3


if __name__ == "__main__":
    main()
