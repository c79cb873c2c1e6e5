#!/usr/bin/env python3
"""Compares two text files with python3-diff-match-patch, for benchmarks/diff_bench, with the library's defaults (lines
first, at most one second of search). Usage: diff_peer.py BEFORE AFTER.

Writes to descriptor 3: CPU seconds of the comparison, peak memory in MB above what the interpreter held before it read
the files, and the bytes that the edits delete and insert. Ends with 127 when the library is not installed.
"""

import os
import pathlib
import re
import sys
import time

try:
    from diff_match_patch import diff_match_patch
except ImportError:
    sys.exit(127)


def peak_megabytes():
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s*(\d+)", status).group(1)) * 1024 / 1e6


def main(paths):
    before_memory = peak_megabytes()
    before, after = (pathlib.Path(path).read_bytes().decode() for path in paths)
    began = time.process_time()
    diffs = diff_match_patch().diff_main(before, after)
    seconds = time.process_time() - began
    changed = sum(len(text.encode()) for kind, text in diffs if kind != 0)
    os.write(3, f"{seconds:.6f} {peak_megabytes() - before_memory:.3f} {changed}".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
