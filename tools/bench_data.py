#!/usr/bin/env python3
"""Makes the data sets that the comparisons with other programs work on.

  tools/bench_data.py [--folder DIR] [--quick] [typescript] [linux] [sqlite] [noise]
  tools/bench_data.py --remove [--folder DIR]

  typescript/VERSION/       npm's package, 5.6.2 and five later versions
  linux/VERSION/            Debian's kernel source, up to three versions that the mirror still has
  sqlite/before.db after.db a 380 MB SQLite file, and after an update of 1 % of its rows, drawn at random
  noise/before.bin after.bin 512 MiB that nothing compresses, and after three inserts of 1 KiB

Without a name it makes all four. What is there already stays. --quick makes small sets (about 150 MB) in a
folder of their own. Downloads go through npm and apt-get; everything else comes from a fixed seed.
The default folder is build/bench-data.
"""

import argparse
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench-data"
TYPESCRIPT = ["5.6.2", "5.6.3", "5.7.2", "5.7.3", "5.8.2", "5.8.3"]
LINUX = "linux-source-6.1"
LINUX_VERSIONS = 3
MIB = 1 << 20


def run(*command, cwd=None, **more):
    return subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdin=subprocess.DEVNULL,
                          **more)


def typescript(folder, quick):
    for version in TYPESCRIPT[:2] if quick else TYPESCRIPT:
        run("npm", "pack", "--silent", f"typescript@{version}", cwd=folder, stdout=subprocess.DEVNULL)
        archive = folder / f"typescript-{version}.tgz"
        run("tar", "-xzf", archive, cwd=folder)
        (folder / "package").rename(folder / version)
        archive.unlink()


def linux_versions():
    """What apt can download, oldest first, one of each upstream point version."""
    listed = run("apt-cache", "madison", LINUX, stdout=subprocess.PIPE).stdout.decode()
    versions = {}
    for line in listed.splitlines():
        version = line.split("|")[1].strip()
        versions.setdefault(version.split("-")[0], version)
    return sorted(versions.values(), key=lambda version: [int(part) for part in version.split("-")[0].split(".")])


def linux(folder, quick):
    found = linux_versions()[:2 if quick else LINUX_VERSIONS]
    if not found:
        sys.exit(f"bench_data: apt knows no {LINUX}; run apt-get update, or look at /etc/apt/sources.list")
    if len(found) < LINUX_VERSIONS and not quick:
        print(f"bench_data: the mirror has {len(found)} version(s) of {LINUX} only", file=sys.stderr)
    for version in found:
        run("apt-get", "download", "-q", f"{LINUX}={version}", cwd=folder, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        (package,) = folder.glob("*.deb")
        run("dpkg-deb", "-x", package, folder / "unpacked")
        (archive,) = (folder / "unpacked" / "usr" / "src").glob("*.tar.xz")
        parts = [f"{archive.name.removesuffix('.tar.xz')}/{part}" for part in ("fs", "kernel", "mm")]
        run("tar", "-xJf", archive, "--no-same-owner", *(parts if quick else []), cwd=folder / "unpacked")
        (folder / "unpacked" / archive.name.removesuffix(".tar.xz")).rename(folder / version.split("-")[0])
        shutil.rmtree(folder / "unpacked")
        package.unlink()


def words(dice, count):
    letters = "aeioubcdfghlmnprstvw"
    return ["".join(dice.choices(letters, k=dice.randint(2, 10))) for _ in range(count)]


def rows(dice, vocabulary, numbers):
    """Accounts as an application keeps them: names, an amount, a token, a line of text."""
    sentences = [" ".join(dice.choices(vocabulary, k=8)) for _ in range(20000)]
    for number in numbers:
        first, last = dice.choice(vocabulary), dice.choice(vocabulary)
        yield (number, f"{first} {last}", f"{first}.{last}{number % 997}@example.org", dice.getrandbits(24) / 100,
               dice.randbytes(24), f"{dice.choice(sentences)}, {dice.choice(sentences)}")


def fill(path, dice, vocabulary, size):
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("CREATE TABLE account(id INTEGER PRIMARY KEY, name TEXT, mail TEXT, amount REAL,"
                         " token BLOB, note TEXT)")
        done, step = 0, 50000
        while path.stat().st_size < size:
            database.executemany("INSERT INTO account VALUES(?,?,?,?,?,?)",
                                 rows(dice, vocabulary, range(done, done + step)))
            database.commit()
            done += step
    database.close()
    return done


def sqlite(folder, quick):
    dice = random.Random(7)
    vocabulary = words(dice, 4000)
    count = fill(folder / "before.db", dice, vocabulary, (38 if quick else 380) * 1000 * 1000)
    shutil.copyfile(folder / "before.db", folder / "after.db")
    chosen = sorted(dice.sample(range(count), count // 100))
    with sqlite3.connect(folder / "after.db") as database:
        database.execute("PRAGMA synchronous=OFF")
        database.executemany("UPDATE account SET amount=?, token=?, note=? WHERE id=?",
                             ((row[3], row[4], row[5], row[0]) for row in rows(dice, vocabulary, chosen)))
    database.close()


def noise(folder, quick):
    dice = random.Random(11)
    total = (64 if quick else 512) * MIB
    inserts = {total * place // 100: dice.randbytes(1024) for place in (1, 50, 93)}
    with open(folder / "before.bin", "wb") as before, open(folder / "after.bin", "wb") as after:
        for start in range(0, total, 4 * MIB):
            piece = dice.randbytes(4 * MIB)
            before.write(piece)
            written = 0
            for place in sorted(place for place in inserts if start <= place < start + len(piece)):
                after.write(piece[written:place - start])
                after.write(inserts[place])
                written = place - start
            after.write(piece[written:])


SETS = {"typescript": typescript, "linux": linux, "sqlite": sqlite, "noise": noise}


def version_key(path):
    return [int(part) for part in path.name.split(".")]


def make(folder, names=tuple(SETS), quick=False):
    """Makes what is missing of the named sets; {name: [first version, later versions...]}."""
    folder = pathlib.Path(folder) / ("quick" if quick else "full")
    made = {}
    for name in names:
        place = folder / name
        if not place.exists():
            print(f"bench_data: making {place}", file=sys.stderr, flush=True)
            part = folder / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            SETS[name](part, quick)
            part.rename(place)
        if name in ("typescript", "linux"):
            made[name] = sorted(place.iterdir(), key=version_key)
        else:
            made[name] = sorted(place.iterdir(), reverse=True)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="SET", help=" ".join(SETS))
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--remove", action="store_true")
    options = parser.parse_args()
    unknown = set(options.names) - set(SETS)
    if unknown:
        parser.error(f"expected names among {' '.join(SETS)}, found {' '.join(sorted(unknown))}")
    if options.remove:
        for part in ("quick", "full"):
            shutil.rmtree(options.folder / part, ignore_errors=True)
        return
    for name, versions in make(options.folder, options.names or tuple(SETS), options.quick).items():
        for version in versions:
            size = version.stat().st_size if version.is_file() else int(
                run("du", "-sb", version, stdout=subprocess.PIPE).stdout.split()[0])
            print(f"{name:<12} {size:>14,}  {os.path.relpath(version)}")


if __name__ == "__main__":
    main()
