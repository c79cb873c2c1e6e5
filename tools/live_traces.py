#!/usr/bin/env python3
"""Turns recorded editing traces (gzip JSON of github.com/josephg/editing-traces) into the small binary form that
live_bench and `make live-sim` read.

Usage: live_traces.py SOURCE... TARGET_FOLDER. A folder as SOURCE stands for its sequential/*.json.gz and
concurrent/*.json.gz.
       live_traces.py --history FILE   prints what led from version to version of a file in git, for a source file
Form of NAME.trace, little-endian: U32 size and bytes of the end text; then until the end of the file U32 position,
U32 deleted (both in code points), U32 size and bytes of the inserted text. NAME.graph, for two writers at once: before
each position U8 the writer (0 or 1) and U32 how many steps of the other one it had seen.
"""

import difflib
import glob
import gzip
import json
import os
import struct
import subprocess
import sys


def text_bytes(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack('<I', len(encoded)) + encoded


def step_bytes(position: int, deleted: int, inserted: str) -> bytes:
    return struct.pack('<II', position, deleted) + text_bytes(inserted)


def sequential(trace: dict) -> list[bytes]:
    parts = []
    if trace['startContent']:
        parts.append(step_bytes(0, 0, trace['startContent']))
    for transaction in trace['txns']:
        parts += [step_bytes(*patch) for patch in transaction['patches']]
    return parts


def concurrent(trace: dict, source: str) -> list[bytes]:
    """Steps count patches; a transaction knows what its parents knew, and its parents."""
    parts, known, done = [], [], [0, 0]
    for transaction in trace['txns']:
        agent = transaction['agent']
        seen = [0, 0]
        for parent in transaction['parents']:
            seen = [max(pair) for pair in zip(seen, known[parent])]
        if seen[agent] != done[agent]:
            raise SystemExit(f'{source}: expected that each writer knows what it did itself')
        for patch in transaction['patches']:
            parts.append(struct.pack('<BI', agent, seen[1 - agent]) + step_bytes(*patch))
        done[agent] += len(transaction['patches'])
        seen[agent] = done[agent]
        known.append(seen)
    return parts


def convert(source: str, folder: str) -> None:
    with gzip.open(source, 'rt', encoding='utf-8') as file:
        trace = json.load(file)
    name = os.path.join(folder, os.path.basename(source).removesuffix('.json.gz'))
    if 'startContent' in trace:
        name, parts = name + '.trace', sequential(trace)
    elif trace.get('kind') == 'concurrent' and trace.get('numAgents') == 2:
        name, parts = name + '.graph', concurrent(trace, source)
    else:
        raise SystemExit(f'{source}: expected a sequential trace, or a concurrent one of two writers')
    with open(name, 'wb') as file:
        file.write(text_bytes(trace['endContent']) + b''.join(parts))


def history(path: str) -> None:
    """Insertions are cut at line ends: a packet can leave between two lines."""
    def git(*arguments: str) -> str:
        return subprocess.run(['git', *arguments], check=True, capture_output=True, text=True).stdout
    print('// Positions count code points. Written by tools/live_traces.py --history.')
    text = ''
    for commit in git('log', '--reverse', '--diff-filter=AM', '--format=%H', '--', path).split():
        after, moved = git('show', f'{commit}:{path}'), 0
        changes = difflib.SequenceMatcher(None, text, after, autojunk=False).get_opcodes()
        for _, begin, end, after_begin, after_end in (change for change in changes if change[0] != 'equal'):
            place, deleted = begin + moved, end - begin
            for line in after[after_begin:after_end].splitlines(keepends=True) or ['']:
                print(f'{{{place}, {deleted}, {json.dumps(line, ensure_ascii=False)}}},')
                place, deleted = place + len(line), 0
            moved += (after_end - after_begin) - (end - begin)
        text = after


def main(arguments: list[str]) -> int:
    if len(arguments) == 3 and arguments[1] == '--history':
        history(arguments[2])
        return 0
    if len(arguments) < 3:
        print('usage: live_traces.py SOURCE... TARGET_FOLDER', file=sys.stderr)
        return 2
    folder = arguments[-1]
    os.makedirs(folder, exist_ok=True)
    for argument in arguments[1:-1]:
        sources = [argument]
        if os.path.isdir(argument):
            sources = sorted(path for kind in ('sequential', 'concurrent')
                             for path in glob.glob(os.path.join(argument, kind, '*.json.gz')))
        for source in sources:
            convert(source, folder)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
