#!/usr/bin/env python3
"""Turns recorded editing traces (gzip JSON of github.com/josephg/editing-traces) into the small binary form that
live_bench and `make live-sim` read.

Usage: live_traces.py SOURCE... TARGET_FOLDER. A folder as SOURCE stands for its sequential/*.json.gz.
Form, little-endian: U32 size and bytes of the end text; then until the end of the file U32 position, U32 deleted
(both in code points), U32 size and bytes of the inserted text.
"""

import glob
import gzip
import json
import os
import struct
import sys


def text_bytes(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack('<I', len(encoded)) + encoded


def convert(source: str, target: str) -> None:
    with gzip.open(source, 'rt', encoding='utf-8') as file:
        trace = json.load(file)
    if 'startContent' not in trace:
        raise SystemExit(f'{source}: expected a sequential trace (startContent, endContent, txns)')
    parts = [text_bytes(trace['endContent'])]
    if trace['startContent']:
        parts.append(struct.pack('<II', 0, 0) + text_bytes(trace['startContent']))
    for transaction in trace['txns']:
        for position, deleted, inserted in transaction['patches']:
            parts.append(struct.pack('<II', position, deleted) + text_bytes(inserted))
    with open(target, 'wb') as file:
        file.write(b''.join(parts))


def main(arguments: list[str]) -> int:
    if len(arguments) < 3:
        print('usage: live_traces.py SOURCE... TARGET_FOLDER', file=sys.stderr)
        return 2
    folder = arguments[-1]
    os.makedirs(folder, exist_ok=True)
    for argument in arguments[1:-1]:
        sources = [argument]
        if os.path.isdir(argument):
            sources = sorted(glob.glob(os.path.join(argument, 'sequential', '*.json.gz')))
        for source in sources:
            name = os.path.basename(source).removesuffix('.json.gz')
            convert(source, os.path.join(folder, name + '.trace'))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
