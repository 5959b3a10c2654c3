#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs a build to a temporary prefix, and builds and runs tests/outside
against it: once by CMake's package, once by pkg-config.

  test_install.py BUILD COMPILER FLAGS [LAUNCHER...]
"""
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

OUTSIDE = pathlib.Path(__file__).resolve().parent / "outside"
BUILD, COMPILER, FLAGS, *LAUNCHER = sys.argv[1:]
CHECK = ["--all", "--max-time", "20"]


def run(*args, env=None):
    done = subprocess.run([str(arg) for arg in args], capture_output=True,
                          text=True, env={**os.environ, **(env or {})})
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, args))}: status {done.returncode}\n"
                 f"{done.stdout}{done.stderr}")
    return done.stdout


def try_both(four_threads, own_scenario):
    run(*LAUNCHER, four_threads)
    out = run(*LAUNCHER, own_scenario, *CHECK)
    if "ok 1 refcount/last-put" not in out:
        sys.exit(out)


def by_cmake(prefix, temp):
    run("cmake", "-S", OUTSIDE, "-B", temp / "cmake", "-G", "Ninja",
        f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_COMPILER={COMPILER}",
        f"-DCMAKE_C_FLAGS={FLAGS}")
    run("cmake", "--build", temp / "cmake")
    try_both(temp / "cmake/four_threads", temp / "cmake/own_scenario")


def by_pkg_config(prefix, temp):
    where, = prefix.rglob("pkgconfig")
    env = {"PKG_CONFIG_PATH": str(where)}

    def build(name, package):
        flags = run("pkg-config", "--static", "--cflags", "--libs", package,
                    env=env)
        run(COMPILER, *shlex.split(FLAGS), OUTSIDE / f"{name}.c", "-o",
            temp / name, *shlex.split(flags))
        return temp / name

    try_both(build("four_threads", "pagesim"),
             build("own_scenario", "pagesim-runner"))


def main():
    with tempfile.TemporaryDirectory() as name:
        temp = pathlib.Path(name)
        prefix = temp / "prefix"
        run("cmake", "--install", BUILD, "--prefix", prefix)
        by_cmake(prefix, temp)
        by_pkg_config(prefix, temp)
        run(prefix / "bin/pagesim", "version")


if __name__ == "__main__":
    main()
