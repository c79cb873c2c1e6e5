#!/usr/bin/env python3
"""Measures the command line on a large tree and on a large file, and compares what comes back.

  tools/measure.py tree FOLDER    put, put again, get, diff -r of a folder (try one of 70,000 files)
  tools/measure.py versions A B.. put folders or files one after the other as states of one thing, and say
                                  what each of them added to the repository
  tools/measure.py file GIB       put, get, cat of one file of GIB gibibytes of noise
  tools/measure.py wire GIB       bytes on the wire, headers included, for one byte inserted near the front of a
                                  file of GIB gibibytes of noise: by put, and by a folder that is kept in sync

Prints seconds, processor seconds and peak memory of each call. Works below --work (default: a new temporary
directory), which is removed afterwards.
"""

import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "release" / "bin" / "syncengine"


def measured(env, *arguments, out=None):
    """Runs the program; (wall, cpu, peak MiB, what it printed)."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], env=env, stdin=subprocess.DEVNULL,
                                   stdout=out or printed)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - began
        if process.returncode != 0:
            sys.exit(f"measure: {arguments} exited with {process.returncode}")
        printed.seek(0)
        text = printed.read().decode(errors="replace")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


def row(what, result, note=""):
    print(f"{what:<16} {result[0]:8.2f} s {result[1]:8.2f} s cpu {result[2]:8.0f} MiB  {note}", flush=True)


def note_of(result, *fields):
    report = json.loads(result[3])
    return " ".join(f"{field}={report[field]}" for field in fields)


def tree(env, work, folder):
    repo = work / "repo"
    measured(env, "-r", repo, "init")
    put = ["-r", repo, "put", f"{folder}/", "/tree", "--json"]
    first = measured(env, *put)
    row("put", first, note_of(first, "files", "bytes", "blocks", "stored_bytes"))
    again = measured(env, *put)
    row("put again", again, note_of(again, "files_unchanged", "bytes", "blocks_new", "stored_bytes"))
    got = measured(env, "-r", repo, "get", "/tree", work / "back", "--json")
    row("get", got, note_of(got, "files", "bytes"))
    done = subprocess.run(["diff", "-r", "--no-dereference", folder, work / "back"],
                          capture_output=True, check=False)
    print("diff -r:", "empty" if done.returncode == 0 else done.stdout.decode()[:2000])
    checked = measured(env, "-r", repo, "check", "--read-data", "--json")
    row("check", checked, note_of(checked, "clean", "revisions", "blocks"))
    du = subprocess.run(["du", "-sb", repo], capture_output=True, check=True).stdout.split()[0]
    print(f"repository: {int(du):,} bytes")


def file(env, work, gibibytes):
    big, repo = work / "big", work / "repo"
    dice, digest = random.Random(1), hashlib.sha256()
    with open(big, "wb") as out:
        for _ in range(int(gibibytes * 64)):
            piece = dice.randbytes(16 << 20)
            digest.update(piece)
            out.write(piece)
    measured(env, "-r", repo, "init")
    result = measured(env, "-r", repo, "put", big, "/", "--json")
    row("put", result, note_of(result, "bytes", "blocks", "stored_bytes"))
    row("get", measured(env, "-r", repo, "get", "/big", work / "back", "--json"))
    same = subprocess.run(["cmp", big, work / "back"], check=False).returncode == 0
    print("get:", "the same bytes" if same else "DIFFERENT BYTES")
    (work / "back").unlink()
    with open(work / "cat", "wb") as out:
        row("cat", measured(env, "-r", repo, "cat", "/big", out=out))
    same = subprocess.run(["cmp", big, work / "cat"], check=False).returncode == 0
    print("cat:", "the same bytes" if same else "DIFFERENT BYTES")


def added(repo, before):
    total = int(subprocess.run(["du", "-sb", repo], capture_output=True, check=True).stdout.split()[0])
    return total, f"repository={total} added={total - before}"


def versions(env, work, places):
    repo, total = work / "repo", 0
    measured(env, "-r", repo, "init")
    for number, place in enumerate(places):
        local, is_folder = pathlib.Path(place), pathlib.Path(place).is_dir()
        if not is_folder:  # All under one name.
            shutil.copy(local, work / "content")
            local = work / "content"
        source = f"{local}/" if is_folder else local
        put = measured(env, "-r", repo, "put", "--mirror", source, "/thing", "--json")
        total, note = added(repo, total)
        row(f"put {number + 1}", put, note_of(put, "files", "blocks_new", "stored_bytes") + " " + note)
    got = measured(env, "-r", repo, "get", "/thing", work / "back", "--json")
    row("get", got, note_of(got, "files", "bytes"))
    last = local if is_folder else work
    same = [last, work / "back"] if is_folder else [work / "content", work / "back" / "content"]
    done = subprocess.run(["diff", "-r", "--no-dereference", *same], capture_output=True, check=False)
    print("diff -r:", "empty" if done.returncode == 0 else done.stdout.decode()[:2000])
    checked = measured(env, "-r", repo, "check", "--read-data", "--json")
    row("check", checked, note_of(checked, "clean", "revisions", "blocks"))


class Relay:
    """Passes connections on to a server and counts the bytes of each exchange in both directions."""

    def __init__(self, port):
        self.target, self.exchanges, self.lock = port, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                current = {}  # The exchange that both directions of this connection are in.
                for way, pair in enumerate(((near, far), (far, near))):
                    threading.Thread(target=self.pass_on, args=(*pair, way, current), daemon=True).start()

    def pass_on(self, source, target, way, current):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                with self.lock:
                    self.count(way, piece, current)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def count(self, way, piece, current):
        verb = piece.split(b" ", 1)[0]
        if way == 0 and verb in (b"GET", b"POST", b"PUT", b"DELETE"):
            current["of"] = [piece.split(b"\r\n", 1)[0].decode(errors="replace"), 0, 0]
            self.exchanges.append(current["of"])
        current["of"][1 + way] += len(piece)

    def take(self, what):
        time.sleep(0.3)  # The last answer is on its way.
        with self.lock:
            exchanges, self.exchanges = self.exchanges, []
        for line, up, down in exchanges if len(exchanges) < 50 else []:
            print(f"  {up:10,} up {down:10,} down  {line}")
        up, down = sum(each[1] for each in exchanges), sum(each[2] for each in exchanges)
        print(f"{what}: {len(exchanges)} requests, {up:,} up + {down:,} down = {up + down:,} bytes", flush=True)


def insert(path, at):
    """One random byte into the file, by a new file that takes its place, as editors do."""
    beside = path.with_name("beside")
    with open(path, "rb") as old, open(beside, "wb") as new:
        new.write(old.read(at) + random.Random(at).randbytes(1))
        shutil.copyfileobj(old, new, 16 << 20)
    beside.replace(path)


def wire(env, work, gibibytes):
    folder, repo = work / "folder", work / "repo"
    folder.mkdir()
    dice = random.Random(1)
    with open(folder / "big", "wb") as out:
        for _ in range(int(gibibytes * 64)):
            out.write(dice.randbytes(16 << 20))
    measured(env, "-r", repo, "init")
    env["SYNCENGINE_TOKEN"] = json.loads(measured(env, "-r", repo, "device", "add", "a", "--json")[3])["token"]
    server = subprocess.Popen([PROGRAM, "-r", repo, "serve", "--listen", "127.0.0.1:0"], env=env,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        url = server.stdout.readline().decode().split()[-1]
        relay = Relay(int(url.rstrip("/").rsplit(":", 1)[1]))
        remote = f"http://127.0.0.1:{relay.port}"
        step = 0
        for name, command in (("put", ["put", f"{folder}/", "/"]), ("sync", ["sync", folder])):
            measured(env, "-r", remote, *command)
            relay.take(f"{name}, first")
            for _ in range(2):
                step += 1
                time.sleep(1.1)  # Else the time of the change may be that of the content before.
                insert(folder / "big", 1000 * step)
                measured(env, "-r", remote, *command)
                relay.take(f"{name}, one byte inserted")
        measured(env, "-r", remote, "get", "/big", work / "back")
        same = subprocess.run(["cmp", folder / "big", work / "back"], check=False).returncode == 0
        print("get:", "the same bytes" if same else "DIFFERENT BYTES")
    finally:
        server.terminate()
        server.wait()
    checked = measured(env, "-r", repo, "check", "--read-data", "--json")
    row("check", checked, note_of(checked, "clean", "revisions", "blocks"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["tree", "versions", "file", "wire"])
    parser.add_argument("of", nargs="+", help="FOLDER, folders or files, or size in GiB")
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM, help="syncengine to measure")
    parser.add_argument("--work", help="directory to work in")
    arguments = parser.parse_args()
    globals()["PROGRAM"] = arguments.program
    work = pathlib.Path(tempfile.mkdtemp(prefix="syncengine-measure-", dir=arguments.work))
    env = {**os.environ, "HOME": str(work), "SYNCENGINE_PROGRESS": "none"}
    env.pop("XDG_CACHE_HOME", None)
    try:
        if arguments.what == "tree":
            tree(env, work, arguments.of[0].rstrip("/"))
        elif arguments.what == "versions":
            versions(env, work, arguments.of)
        elif arguments.what == "wire":
            wire(env, work, float(arguments.of[0]))
        else:
            file(env, work, float(arguments.of[0]))
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
