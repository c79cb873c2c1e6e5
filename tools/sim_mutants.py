#!/usr/bin/env python3
"""Does the simulation see bugs? Plants those of src/base/planted_bugs.h one by one and looks.

Usage: sim_mutants.py [--build build/mutants] [--jobs N] [--max-seeds N] [BUG ...]

Each bug is in force in a run of its own, which tries one seed after the other until a law breaks.
What the simulated world cannot meet is judged by the tests named in OTHER_JUDGES. Prints a table;
fails when a bug is not found, or when anything is found without a bug.
"""

import argparse
import concurrent.futures
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / 'src/base/planted_bugs.h'
SECONDS_MAX = 3600  # Of one bug.

# Bug: (test program, filter).
OTHER_JUDGES: dict[str, tuple[str, str]] = {}


class Verdict(NamedTuple):
    bug: str
    what: str
    judge: str
    seeds: int | None  # None: not found, or not by seeds.
    law: str  # Empty: not found.
    seconds: float


def planted_bugs() -> dict[str, str]:
    return dict(re.findall(r'^  BUG\(k(\w+),\s*\\?\s*"([^"]+)"\)', HEADER.read_text(), re.MULTILINE))


def run(command: list[str], bug: str | None) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if k != 'SYNCENGINE_PLANTED_BUG'}
    if bug:
        environment['SYNCENGINE_PLANTED_BUG'] = bug
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors='replace', timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        return -1, f'no end within {SECONDS_MAX} s'
    return done.returncode, done.stdout


def first_law(output: str) -> str:
    found = re.search(r'^seed \d+: FAILED\n +(.+)$', output, re.MULTILINE)
    return found.group(1) if found else ''


def judge_by_world(build: Path, bug: str | None, seeds_max: int) -> tuple[int | None, str]:
    """How many seeds it took, and the law that broke; (None, '') when none did."""
    code, output = run([str(build / 'bin/sim'), '--until-failure', '--max-seeds', str(seeds_max)], bug)
    found = re.search(r'found after (\d+) seeds', output)
    if found and code == 0:
        return int(found.group(1)), first_law(output)
    if code in (0, 1) and 'not found in' in output:
        return None, ''
    raise SystemExit(f'{bug}: the simulation ended with {code}: {output[-400:]}')


def judge_by_test(build: Path, bug: str | None, program: str, tests: str) -> str:
    """The first test that failed; '' when all passed."""
    code, output = run([str(build / 'bin' / program), f'--gtest_filter={tests}', '--gtest_brief=1'], bug)
    failed = re.search(r'^\[  FAILED  \] ([\w./]+)', output, re.MULTILINE)
    if code == 0 and re.search(r'^\[  PASSED  \] [1-9]', output, re.MULTILINE):
        return ''
    if failed:
        return failed.group(1)
    raise SystemExit(f'{program} {tests}, with {bug}: ended with {code}: {output[-400:]}')


def judge(build: Path, bug: str, what: str, seeds_max: int) -> Verdict:
    began = time.monotonic()
    if bug in OTHER_JUDGES:
        program, tests = OTHER_JUDGES[bug]
        law = judge_by_test(build, bug, program, tests)
        return Verdict(bug, what, program, None, law, time.monotonic() - began)
    seeds, law = judge_by_world(build, bug, seeds_max)
    return Verdict(bug, what, 'world', seeds, law, time.monotonic() - began)


def show(verdict: Verdict) -> None:
    found = 'NOT FOUND' if not verdict.law else str(verdict.seeds or '-')
    print(f'{verdict.bug:26} {verdict.judge:12} {found:>9} {verdict.seconds:6.0f} s  {verdict.law[:90]}', flush=True)


def check_sound(build: Path) -> None:
    """Without a bug nothing may be found: the build with the bugs is as good as any other."""
    seeds, law = judge_by_world(build, None, 100)
    if seeds is not None:
        raise SystemExit(f'without a bug seed {seeds} fails: {law}')
    for program, tests in sorted(set(OTHER_JUDGES.values())):
        if failed := judge_by_test(build, None, program, tests):
            raise SystemExit(f'without a bug {program} fails: {failed}')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--build', type=Path, default=ROOT / 'build/mutants')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--max-seeds', type=int, default=20000)
    parser.add_argument('--markdown', action='store_true', help='also print the table of docs/SIMULATION.md')
    parser.add_argument('bugs', nargs='*', metavar='BUG')
    arguments = parser.parse_args()
    bugs = planted_bugs()
    for name in (*arguments.bugs, *OTHER_JUDGES):
        if name not in bugs:
            parser.error(f'there is no bug {name}; {HEADER.relative_to(ROOT)} has the list')
    chosen = arguments.bugs or list(bugs)

    check_sound(arguments.build)
    print(f'{"bug":26} {"judge":12} {"seeds":>9} {"time":>8}  what told', flush=True)
    verdicts = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        jobs = [pool.submit(judge, arguments.build, bug, bugs[bug], arguments.max_seeds) for bug in chosen]
        for job in concurrent.futures.as_completed(jobs):
            verdicts.append(job.result())
            show(verdicts[-1])

    verdicts.sort(key=lambda verdict: chosen.index(verdict.bug))
    if arguments.markdown:
        for verdict in verdicts:
            print(f'| {verdict.bug} | {verdict.what} | {verdict.judge} | {verdict.seeds or "-"} |')
    found = [verdict for verdict in verdicts if verdict.law]
    seeds = [verdict.seeds for verdict in found if verdict.seeds]
    print(f'{len(found)} of {len(verdicts)} found'
          + (f'; by seeds {len(seeds)}: median {statistics.median(seeds):.0f}, most {max(seeds)}' if seeds else ''))
    return 0 if len(found) == len(verdicts) else 1


if __name__ == '__main__':
    sys.exit(main())
