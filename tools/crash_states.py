#!/usr/bin/env python3
"""Opens the disks that power cuts may leave, in several processes, and prints the totals (docs/PROOF.md).

usage: crash_states.py CRASH_TESTS [JOBS]

The environment's CRASH_STATES (disks for each place where power may fail) and CRASH_SEEDS (random scenarios) decide how
long it takes, and CRASH_DISTINCT how many distinct states there must be. Exits 1 when a law is broken, a place was left
out, a call that changes a disk never happened, or the states are too few.
"""

import array
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

STATES = int(os.environ.get('CRASH_STATES') or 24)
SEEDS = int(os.environ.get('CRASH_SEEDS') or 400)
DISTINCT = int(os.environ.get('CRASH_DISTINCT') or 100_000)
FOLDER_PARTS = 6
# Of few calls there, each can leave very many states.
LMDB_STATES = 8 * STATES

RANDOM = 'FolderCrashTest.AnyChangesOnBothSides'
PARTS = [('folder, random', RANDOM, STATES, f'{part}/{FOLDER_PARTS}') for part in range(FOLDER_PARTS)] + [
    ('LMDB', 'LmdbCrashTest.*', LMDB_STATES, '0/1'),
    ('object store', 'ObjectStoreCrashTest.*', STATES, '0/1'),
    ('folder, written', f'FolderCrashTest.*-{RANDOM}', STATES, '0/1'),
    ('fetched tree', 'GetTreeCrashTest.*', STATES, '0/1')]

# Every call by which the library changes a disk or its state.
CALLS = {'Create', 'WriteAt', 'Truncate', 'Sync', 'SetAttributes', 'SetAttributes (open file)', 'MakeDirectory',
         'MakeSymlink', 'RemoveFile', 'RemoveDirectory', 'Rename (new name)', 'Rename (replace)', 'Rename (exchange)',
         'SyncDirectory', 'Lock', 'state committed', 'server committed', 'LMDB create', 'LMDB write', 'LMDB sync'}
COLUMNS = ['scenarios', 'operations', 'covered', 'states', 'distinct', 'crashes in recovery', 'failed tests']


def run(program: str, place: pathlib.Path, part: tuple) -> dict:
    suite, tests, states, shard = part
    digests = place / f'{suite}-{shard}'.replace('/', '-')
    environment = dict(os.environ, CRASH_STATES=str(states), CRASH_SEEDS=str(SEEDS), CRASH_SHARD=shard,
                       CRASH_DIGESTS=str(digests))
    process = subprocess.Popen([program, '--gtest_brief=1', f'--gtest_filter={tests}'], env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    row = dict.fromkeys(COLUMNS, 0)
    row.update(suite=suite, calls=set(), digests=set())
    started = time.monotonic()
    for line in process.stdout:
        if line.startswith('scenarios '):
            row.update((name, int(re.search(rf'{name} (\d+)', line).group(1))) for name in COLUMNS)
        elif line.startswith('operations: '):
            row['calls'] = set(re.sub(r' \d+(, |$)', r'\1', line[12:].strip()).split(', '))
        elif ' distinct states of ' in line:
            print(f'  {suite} {shard}: {line.strip()}, {time.monotonic() - started:.0f} s', flush=True)
        elif not re.match(r'Running main|\[(=|  PASSED)|$', line):
            print(line, end='', flush=True)
    row['bad'] = process.wait() != 0
    if digests.exists():
        row['digests'] = set(array.array('Q', digests.read_bytes()))
    return row


def total(suite: str, rows: list[dict]) -> dict:
    sums = {name: sum(row[name] for row in rows) for name in COLUMNS}
    sums['distinct'] = len(set().union(*(row['digests'] for row in rows)))  # What two parts met counts once.
    return dict(sums, suite=suite)


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    jobs = int(arguments[1]) if len(arguments) > 1 else 2
    with tempfile.TemporaryDirectory() as place, concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(lambda part: run(arguments[0], pathlib.Path(place), part), PARTS))
    suites = list(dict.fromkeys(part[0] for part in PARTS))
    table = [total(suite, [row for row in rows if row['suite'] == suite]) for suite in suites] + [total('sum', rows)]
    print(f'{"":<16}' + ''.join(f'{name:>{len(name) + 3}}' for name in COLUMNS))
    for row in table:
        print(f'{row["suite"]:<16}' + ''.join(f'{row[name]:>{len(name) + 3},}' for name in COLUMNS))
    everything = table[-1]
    missed = CALLS - set().union(*(row['calls'] for row in rows))
    problems = [f'{row["suite"]} failed' for row in rows if row['bad']]
    if missed:
        problems.append(f'never called: {", ".join(sorted(missed))}')
    if everything['covered'] != everything['operations']:
        problems.append('a place where power may fail was left out')
    if everything['distinct'] < DISTINCT:
        problems.append(f'{everything["distinct"]:,} distinct states, expected {DISTINCT:,}: raise CRASH_SEEDS')
    print(f'{len(CALLS - missed)} of {len(CALLS)} kinds of calls, '
          f'{100 * everything["covered"] / max(1, everything["operations"]):.0f} % of {everything["operations"]:,} places')
    for problem in problems:
        print(f'crash-states: {problem}', file=sys.stderr)
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
