#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scripts/run measured, as tables on the terminal and as one web page.

  report.py DIRECTORY   reads DIRECTORY/*.json, writes DIRECTORY/index.html

Both show the same tables. The page's text and style are in page.html, its
charts are drawn by plots.gp. Exit status: 0, or 1 if the map did not come out
of the simulator as it went in.
"""
import dataclasses
import datetime
import html
import json
import pathlib
import re
import string
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INPUTS = ("map", "map2", "codegen", "boot", "bench")
FRAMES_PER_MIB = 256

GENERATIONS = {  # name: (label, colour)
    "plain": ("plain flag test", "#8c8c8c"),
    "folio": ("folio (no lookup)", "#c2a878"),
    "pre_v3_14": ("before v3.14", "#d1603d"),
    "v3_14": ("v3.14: PG_tail and re-check", "#e0a030"),
    "v4_4": ("v4.4: bit 0 (the default)", "#2f86c8"),
    "v5_14": ("v5.14: fake heads, branch off", "#2e9e7b"),
    "v5_14_hvo": ("v5.14: fake heads, branch on", "#8abf4d"),
    "v7_1": ("v7.1: mask", "#a06cc4"),
}
SETS = {
    "L1": "A set that fits the L1 cache",
    "L2": "A set that fits the L2 cache",
    "L3": "A set that fits the L3 cache",
    "DRAM": "A set larger than the caches",
    "map": "The memory map that was read",
}
KIND_COLOURS = {
    "free": "#9aa7b4", "anonymous": "#d1603d", "ksm": "#d98cab",
    "file": "#4a97d2", "shmem": "#3fb0a5", "hugetlb": "#a06cc4",
    "slab": "#d9a83a", "pgtable": "#8abf4d", "zero_page": "#c2c2c2",
    "reserved": "#a08468", "offline": "#707070", "hwpoison": "#e03030",
    "other": "#b88ad0", "absent": "#555555",
}


@dataclasses.dataclass
class Table:
    """The first column has names, the others numbers. A cell that is a pair
    has small print, which only the page shows, as it does a name's colour."""
    title: str
    columns: list
    rows: list
    colours: dict = dataclasses.field(default_factory=dict)

    def as_text(self):
        rows = [self.columns] + [
            [c[0] if isinstance(c, tuple) else c for c in row]
            for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join([row[0].ljust(widths[0])] +
                           [c.rjust(w) for c, w in zip(row[1:], widths[1:])])
                 for row in rows]
        return "\n".join([f"\n{self.title}"] + [f"  {x}" for x in lines])

    def as_html(self):
        def cell(c):
            text, small = c if isinstance(c, tuple) else (c, "")
            text = html.escape(text)
            small = small and f"<small>{small}</small>"
            mark = {"met": " class=good", "NOT MET": " class=bad"}.get(text, "")
            if text in self.colours:
                text = f"<i style='background:{self.colours[text]}'></i>{text}"
            return f"<td{mark}>{text}{small}</td>"

        head = "".join(f"<th>{html.escape(c)}</th>" for c in self.columns)
        body = "".join(f"<tr>{''.join(map(cell, row))}</tr>\n"
                       for row in self.rows)
        return (f"<div class=scroll><table><caption>{html.escape(self.title)}"
                f"</caption>\n<thead><tr>{head}</tr></thead>\n"
                f"<tbody>{body}</tbody></table></div>\n")


# ---- the tables ----

def source(m):
    return " and ".join(m[k] for k in ("flags_file", "count_file") if k in m)


def map_tables(m):
    kinds = {k: v for k, v in m["kinds"].items() if v["frames"]}
    orders = sorted({int(o) for k in kinds.values()
                     for o in k["blocks_by_order"]})
    return {
        "kinds": Table("Frames by kind", ["kind", "frames", "MiB", "share"], [
            [name, f"{k['frames']:,}", f"{k['frames'] / FRAMES_PER_MIB:,.1f}",
             f"{100 * k['frames'] / m['frames']:.1f} %"]
            for name, k in kinds.items()], KIND_COLOURS),
        "orders": Table(
            "Blocks by order", ["kind"] + [str(o) for o in orders],
            [[name] + [f"{n:,}" if (n := k["blocks_by_order"].get(str(o)))
                       else "-" for o in orders] for name, k in kinds.items()]),
        "mapcounts": Table("Frames by map count", ["mapped", "frames"],
                           [[n, f"{v:,}"] for n, v in m["mapcounts"].items()]),
        "flags": Table("Frames by flag", ["flag", "frames"],
                       [[n, f"{v:,}"] for n, v in m["counts"].items() if v]),
        "odd": Table("Odd frames", ["rule", "frames"],
                     [["all" if n == "frames" else n, f"{v:,}"]
                      for n, v in m["odd"].items()]),
    }


def code_table(compiler):
    text = {t["generation"]: t for t in compiler["text"]}
    found = {f["generation"]: f for f in compiler["functions"]}
    rows = []
    for name in [*GENERATIONS, "default"]:
        label = GENERATIONS.get(name, ("PageLocked() of the library",))[0]
        f, t = found.get(name), text.get(name)
        rows.append([label]
                    + ([str(f[k]) for k in ("instructions", "bytes",
                                            "conditional_jumps")]
                       if f else ["-"] * 3)
                    + ([f"{t['bytes']:,}", f"{t['growth_percent']:+.1f} %",
                        f"{t['bytes_per_use']:.1f}"] if t else ["-"] * 3))
    columns = "generation,instr.,bytes,jumps,text,growth,per use".split(",")
    return Table(compiler["version"], columns, rows,
                 dict(GENERATIONS.values()))


def size_text(size):
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            break
        size /= 1024
    else:
        unit = "GiB"
    return f"{size:.4g} {unit}"


def cost_table(name, results):
    """Ratios to the plain test; of the plain test itself the time."""
    visits = list(dict.fromkeys(r["visit"] for r in results))
    by_key = {(r["generation"], r["visit"]): r for r in results}

    def cell(generation, visit):
        r = by_key.get((generation, visit))
        if not r:
            return "-"
        if generation == "plain":
            return f"{r['ns']:.2f} ns"
        return f"{r['ratio']:.2f}", f"{r['ns']:.2f} ns"

    return Table(f"{SETS[name]}, {size_text(results[0]['bytes'])}",
                 ["generation"] + visits,
                 [[label] + [cell(generation, v) for v in visits]
                  for generation, (label, _) in GENERATIONS.items()],
                 dict(GENERATIONS.values()))


def target_table(targets):
    return Table("Targets", ["target", "measured", "limit", "verdict"],
                 [[t["name"], f"{t['value']:.2f}", f"{t['limit']:.2f}",
                   "met" if t["met"] else "NOT MET"] for t in targets])


def boot_table(boot):
    return Table("Boot of 64 TiB", ["what", "measured"], [
        ["time, median", f"{boot['boot_64tib_ms']:.3f} ms"],
        ["resident memory, booted", f"{boot['boot_64tib_rss_kib']:,} KiB"],
        ["resident memory, first page allocated",
         f"{boot['first_page_rss_kib']:,} KiB"]])


def verdicts(data):
    """Whether the map came through, and in which words: (good, sentence)."""
    m, trip = data["map"], data["map"]["round_trip"]
    again = m["counts"] == data["map2"]["counts"]
    return [
        (trip["exact"],
         f"Round trip {'exact' if trip['exact'] else 'NOT EXACT'}: "
         f"{trip['flags_differ']:,} flag words and {trip['count_differ']:,} "
         f"map counts of {m['frames']:,} differ."),
        (again,
         "The exported files, read again, have "
         f"{'the same' if again else 'OTHER'} flag counts."),
    ]


# ---- the pictures ----

def chart(directory, name, title, labels, groups):
    """An SVG of bars, one a generation in each group (label, heights)."""
    data, svg = directory / f"{name}.dat", directory / f"{name}.svg"
    data.write_text("".join(
        f'"{label}" ' + " ".join("?" if h is None else str(h) for h in heights)
        + "\n" for label, heights in groups))
    subprocess.run(["gnuplot", "-c", HERE / "plots.gp", data, svg, *labels,
                    " ".join(c for _, c in GENERATIONS.values())], check=True)
    text = svg.read_text()
    text = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", text, flags=re.S)
    return text[text.index("<svg"):].replace(
        "<svg", f'<svg class=plot role=img aria-label="{html.escape(title)}"',
        1)


def text_chart(directory, compilers):
    groups = []
    for compiler in compilers:
        growth = {t["generation"]: t["growth_percent"]
                  for t in compiler["text"]}
        groups.append((compiler["name"], [growth.get(g) for g in GENERATIONS]))
    return chart(directory, "text", "Growth of the text",
                 ["growth, %", ""], groups)


def cost_chart(directory, name, bench):
    results = [r for r in bench["results"] if r["set"] == name]
    ns = {(r["visit"], r["generation"]): r["ns"] for r in results}
    found = f"as found\\n({bench['map']['tail_percent']:.1f})"
    labels = {"as found": found, "50 random": "50\\nrandom",
              "50 alternating": "50\\nalternating"}
    return chart(directory, f"cost-{name}", f"Time a test: {SETS[name]}",
                 ["ns a test", "" if name == "map" else "tails, %"],
                 [(labels.get(v, v), [ns.get((v, g)) for g in GENERATIONS])
                  for v in dict.fromkeys(r["visit"] for r in results)])


def map_bar(m):
    """All frames as one bar. Widths are percentages: text keeps its size."""
    kinds = [(n, k["frames"]) for n, k in m["kinds"].items() if k["frames"]]
    bar, at = [], 0
    for name, frames in kinds:
        share = 100 * frames / m["frames"]
        mib = f"{frames / FRAMES_PER_MIB:,.1f} MiB"
        bar.append(f'<rect x="{at:.3f}%" width="{share:.3f}%" height="100%" '
                   f'fill="{KIND_COLOURS.get(name, "#888888")}">'
                   f"<title>{name}: {mib}</title></rect>")
        if share > 25:  # on a telephone less has no room for the words
            bar.append(f'<text x="{at + share / 2:.3f}%" y="28">{name}</text>'
                       f'<text x="{at + share / 2:.3f}%" y="46">{mib}</text>')
        at += share
    return ('<svg class=bar role=img aria-label="Frames by kind">'
            + "".join(bar) + "</svg>\n")


# ---- the whole ----

def cost_sets(bench):
    """The sets that were measured, and the results of each."""
    sets = {name: [r for r in bench["results"] if r["set"] == name]
            for name in SETS}
    return {name: results for name, results in sets.items() if results}


def all_tables(data):
    """The tables in the order in which they are shown."""
    return map_tables(data["map"]) | {
        f"code-{c['name']}": code_table(c)
        for c in data["codegen"]["compilers"]} | {
        f"cost-{name}": cost_table(name, results)
        for name, results in cost_sets(data["bench"]).items()} | {
        "targets": target_table(data["bench"]["targets"]),
        "boot": boot_table(data["boot"])}


def page_parts(directory, data, tables):
    """What page.html has a name for, but the tables."""
    m, codegen, bench = data["map"], data["codegen"], data["bench"]
    cards = [f"<div class=card>{cost_chart(directory, name, bench)}"
             f"{tables[f'cost-{name}'].as_html()}</div>\n"
             for name in cost_sets(bench)]
    return {
        "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
        "cpu": html.escape(bench["cpu"]),
        "compiler": html.escape(bench["compiler"]),
        "source": html.escape(source(m)),
        "frames": f"{m['frames']:,}",
        "gib": f"{m['frames'] / FRAMES_PER_MIB / 1024:,.1f}",
        "map_bar": map_bar(m),
        "unmodelled": f"{m['unmodelled']['words']:,}",
        "verdicts": "".join(
            f"<p class={'good' if good else 'bad'}>{words}</p>"
            for good, words in verdicts(data)),
        "callers": codegen["callers"],
        "uses": codegen["uses"],
        "code": "".join(
            f"<div class=card>{tables[code].as_html()}</div>\n"
            for code in (f"code-{c['name']}" for c in codegen["compilers"])),
        "text_chart": text_chart(directory, codegen["compilers"]),
        "cost": "".join(cards),
    }


def main():
    directory = pathlib.Path(sys.argv[1])
    data = {name: json.loads((directory / f"{name}.json").read_text())
            for name in INPUTS}
    tables = all_tables(data)
    page = string.Template((HERE / "page.html").read_text()).substitute(
        {name: table.as_html() for name, table in tables.items()},
        **page_parts(directory, data, tables))
    (directory / "index.html").write_text(page)

    print(f"Map: {source(data['map'])}, {data['map']['frames']:,} frames")
    for table in tables.values():
        print(table.as_text())
    print("\nWords with bits that are not modelled: "
          f"{data['map']['unmodelled']['words']:,}")
    for _, words in verdicts(data):
        print(words)
    return 0 if all(good for good, _ in verdicts(data)) else 1


if __name__ == "__main__":
    sys.exit(main())
