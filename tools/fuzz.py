#!/usr/bin/env python3
"""Runs every fuzz target for some seconds and prints a table; exits 1 on a finding.

usage: fuzz.py BUILD SECONDS [JOBS] [TARGET...]
       fuzz.py BUILD keep [TARGET...]

BUILD is the build tree of the preset "fuzz". New inputs are kept in BUILD/corpus/TARGET for the next run; an input
that breaks a target is left in BUILD/findings/. "keep" adds to tests/fuzz/corpus the few of the new inputs that
together reach what its files do not, as kept-NAME, in place of those kept before.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = ROOT / 'tests' / 'fuzz' / 'corpus'
LIMITS = ['-max_len=4096', '-timeout=10', '-rss_limit_mb=1024', '-print_final_stats=1', '-verbosity=1']
KEPT_MAX = 40  # Files of a target; each is run in every build.
KEPT_BYTES_MAX = 1024


def run(build: pathlib.Path, program: pathlib.Path, seconds: int) -> dict:
    name = program.name.removesuffix('_fuzz')
    corpus = build / 'corpus' / name
    findings = build / 'findings'
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    command = [program, corpus, SEEDS / name, f'-max_total_time={seconds}',
               f'-artifact_prefix={findings}/{name}-', *LIMITS]
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors='replace')
    output = result.stderr
    (build / f'{name}.log').write_text(output)

    def number(pattern: str) -> int:
        found = re.findall(pattern, output)
        return int(found[-1]) if found else 0

    row = {'target': name, 'runs': number(r'stat::number_of_executed_units:\s*(\d+)'),
           'speed': number(r'stat::average_exec_per_sec:\s*(\d+)'), 'corpus': number(r'corp: (\d+)'),
           'edges': number(r'cov: (\d+)'), 'findings': 0 if result.returncode == 0 else 1,
           'log': build / f'{name}.log'}
    print(f'{name:<12}{row["runs"]:>12,}{row["speed"]:>12,}{row["corpus"]:>8,}{row["edges"]:>8,}{row["findings"]:>10}',
          flush=True)
    return row


def keep(build: pathlib.Path, program: pathlib.Path) -> None:
    name = program.name.removesuffix('_fuzz')
    found = build / 'corpus' / name
    seeds = SEEDS / name
    with tempfile.TemporaryDirectory() as place:
        merged = pathlib.Path(place)
        for seed in seeds.glob('[!k]*'):  # The seeds, and what once broke a law.
            shutil.copy(seed, merged / seed.name)
        before = {path.name for path in merged.iterdir()}
        subprocess.run([program, '-set_cover_merge=1', f'-max_len={KEPT_BYTES_MAX}', merged, found],
                       check=True, capture_output=True)
        new = sorted((path for path in merged.iterdir() if path.name not in before),
                     key=lambda path: (path.stat().st_size, path.name))
        for old in seeds.glob('kept-*'):
            old.unlink()
        for path in new[-KEPT_MAX:]:  # The longest have the most in them.
            shutil.copy(path, seeds / f'kept-{path.name[:8]}')
    print(f'{name}: {len(list(seeds.iterdir()))} files, {len(new)} inputs reached something new')


def main(arguments: list[str]) -> int:
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    build, what, rest = pathlib.Path(arguments[0]).resolve(), arguments[1], arguments[2:]
    jobs = int(rest.pop(0)) if rest and rest[0].isdigit() else 1
    programs = sorted(path for path in (build / 'bin').glob('*_fuzz')
                      if not rest or path.name.removesuffix('_fuzz') in rest)
    if not programs:
        print(f'fuzz: no targets in {build}/bin; build the preset "fuzz" first', file=sys.stderr)
        return 2
    if what == 'keep':
        for program in programs:
            keep(build, program)
        return 0
    print(f'{"target":<12}{"runs":>12}{"per second":>12}{"corpus":>8}{"edges":>8}{"findings":>10}', flush=True)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        rows = list(pool.map(lambda program: run(build, program, int(what)), programs))
    bad = [row for row in rows if row['findings']]
    for row in bad:
        print(f'fuzz: {row["target"]} failed: see {row["log"]} and {build}/findings/', file=sys.stderr)
    print(f'{len(rows)} targets, {sum(row["runs"] for row in rows):,} runs, {len(bad)} findings')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
