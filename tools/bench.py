#!/usr/bin/env python3
"""Runs the benchmarks and writes build/release/bench.json: [{name, value, unit, baseline, ratio, kernel}].

Each value is the median of several repetitions; a ratio was measured against its baseline in the same run, passes
of both in turn. The table also shows the spread of the repetitions and the processor time.
  tools/bench.py [FILTER]    a regular expression over names
"""

import json
import pathlib
import platform
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
REPETITIONS = 3


def run(pattern):
    """The repetitions of every benchmark, by name."""
    command = [BUILD / "bin" / "benchmarks", "--benchmark_format=json",
               f"--benchmark_repetitions={REPETITIONS}"]
    if pattern:
        command.append(f"--benchmark_filter={pattern}")
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found = {}
    for row in json.loads(done.stdout)["benchmarks"]:
        if row.get("error_occurred"):
            print(f"bench: {row['name']}: {row.get('error_message')}", file=sys.stderr)
        elif row["run_type"] == "iteration":
            found.setdefault(row["run_name"], []).append(row)
    return found


def counter(rows, prefix):
    """(name without the prefix, median) of the counter that begins with `prefix`."""
    for key in rows[0]:
        if key.startswith(prefix) and isinstance(rows[0][key], (int, float)):
            return key[len(prefix):], statistics.median(row[key] for row in rows)
    return "", None


def summary(name, rows):
    rates = [row["bytes_per_second"] / 1e9 for row in rows if "bytes_per_second" in row]
    values = rates or [row["real_time"] for row in rows]
    baseline, ratio = counter(rows, "x_")
    kernel = re.search(r"\b(scalar|avx2|avx512|neon|armaes|aesni|vaes512|vaes|portable)\b", name)
    return {
        "name": name,
        "value": statistics.median(values),
        "unit": "GB/s" if rates else rows[0]["time_unit"],
        "baseline": baseline,
        "ratio": ratio,
        "kernel": kernel.group(1) if kernel else "",
        "lowest": min(values),
        "highest": max(values),
        "cpu_seconds": statistics.median(row["cpu_time"] for row in rows) / 1e9,
    }


def compiler():
    cache = (BUILD / "CMakeCache.txt").read_text()
    path = re.search(r"^CMAKE_CXX_COMPILER:\w+=(.*)$", cache, re.M).group(1)
    return subprocess.run([path, "--version"], stdout=subprocess.PIPE,
                          check=True).stdout.decode().splitlines()[0]


def main():
    rows = [summary(name, rows) for name, rows in run("".join(sys.argv[1:2])).items()]
    (BUILD / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(f"{platform.processor() or platform.machine()}, Linux {platform.release()}, {compiler()}")
    print(f"{'benchmark':<44} {'median':>14} {'lowest..highest':>19} {'cpu s':>9}  ratio")
    for row in rows:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f} x {row['baseline']}"
        print(f"{row['name']:<44} {row['value']:>9.2f} {row['unit']:<4} "
              f"{row['lowest']:>9.2f}..{row['highest']:<8.2f} {row['cpu_seconds']:>9.4f}  {ratio}")


if __name__ == "__main__":
    main()
