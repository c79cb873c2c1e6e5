#!/usr/bin/env python3
"""Measures the command line beside other programs, on the same data, in one run.

  tools/bench_peers.py [--quick] [--sets typescript,linux,sqlite,noise] [--programs restic,...] [--repeat N]

For each data set (tools/bench_data.py) and program: the first put, a put of the same again, a put of each later
version, and a get of the last one, in rounds that take the programs in turn. Prints wall and processor seconds, bytes
added to the store and peak memory, each the median of the rounds, then every target with its ratio. Writes
build/release/bench_peers.json. Needs restic, borgbackup, casync, bup, rdiff, xdelta3 and zpaq (tools/setup.sh peers);
a program that is not installed is left out and its targets are reported as not measured. Secrets travel in the
environment. What was read is warm in the page cache; what a get writes goes to memory (/dev/shm) when there is room.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import bench_data  # noqa: E402

ROOT = bench_data.ROOT
PROGRAM = ROOT / "build" / "release" / "bin" / "syncengine"
REPORT = ROOT / "build" / "release" / "bench_peers.json"
ROUNDS = {"typescript": 3, "linux": 1, "sqlite": 3, "noise": 3}
# Who a target of the data set compares with; the others take part in the first round only.
COMPARED = {"typescript": ("syncengine", "restic", "casync"), "linux": ("syncengine", "restic", "casync", "bup", "zpaq"),
            "sqlite": ("syncengine", "restic", "xdelta3"), "noise": ("syncengine", "restic")}
TREES = ("typescript", "linux")
MIB = 1 << 20


def tree_bytes(path):
    """What a store occupies: the sum of its files' lengths."""
    if path.is_file():
        return path.stat().st_size
    return sum(os.lstat(os.path.join(folder, name)).st_size
               for folder, _, names in os.walk(path) for name in names)


def anonymous_peak(pid, ended, peak):
    """Follows the memory of a process that is no mapped file, until it ends."""
    while not ended.wait(0.02):
        with contextlib.suppress(OSError, StopIteration, ValueError):
            with open(f"/proc/{pid}/status") as status:
                line = next(line for line in status if line.startswith("RssAnon"))
            peak[0] = max(peak[0], int(line.split()[1]) * 1024)


def measured(command, env, cwd=None):
    """Runs a command; wall, cpu, peak memory and standard output."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
        began = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                   stdout=printed, stderr=complaints)
        peak, ended = [0], threading.Event()
        watch = threading.Thread(target=anonymous_peak, args=(process.pid, ended, peak))
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        ended.set()
        watch.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        complaints.seek(0)
        text = printed.read().decode(errors="replace")
        if process.returncode != 0:
            raise RuntimeError(f"{command[0]} exited with {process.returncode}: "
                               f"{complaints.read().decode(errors='replace')[-500:]}{text[-500:]}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "rss": usage.ru_maxrss * 1024,
            "anonymous": peak[0], "text": text}


class Peer:
    """One program and its store below `work`."""
    name = ""
    needs = ""
    kinds = ("tree", "file")

    def __init__(self, work):
        self.work = work
        self.store = work / "store"
        self.env = {**os.environ, "HOME": str(work), "XDG_CACHE_HOME": str(work / "cache"), "LC_ALL": "C.UTF-8"}

    def run(self, *command, cwd=None):
        return measured(command, self.env, cwd)

    def begin(self):
        """Makes an empty store; not measured."""

    def put(self, source, number):
        raise NotImplementedError

    def get(self, target):
        raise NotImplementedError

    def stored(self):
        return tree_bytes(self.store) if self.store.exists() else 0


class Syncengine(Peer):
    name = "syncengine"
    needs = str(PROGRAM)

    def begin(self):
        self.env["SYNCENGINE_PROGRESS"] = "none"
        self.run(PROGRAM, "-r", self.store, "init")

    def put(self, source, number):
        return self.run(PROGRAM, "-r", self.store, "put", f"{source}/", "/tree", "--mirror", "--json")

    def get(self, target):
        return self.run(PROGRAM, "-r", self.store, "get", "/tree", target / "tree", "--json")


class Restic(Peer):
    name = needs = "restic"

    def begin(self):
        self.env |= {"RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": str(self.store)}
        self.run("restic", "init", "-q")

    def put(self, source, number):
        return self.run("restic", "backup", "-q", ".", cwd=source)

    def get(self, target):
        return self.run("restic", "restore", "-q", "latest", "--target", target)


class Borg(Peer):
    name = needs = "borg"

    def begin(self):
        self.env |= {"BORG_PASSPHRASE": "bench", "BORG_REPO": str(self.store), "BORG_BASE_DIR": str(self.work),
                     "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}
        self.run("borg", "init", "-e", "repokey-blake2")
        self.count = 0

    def put(self, source, number):
        self.count += 1
        return self.run("borg", "create", "-C", "zstd,3", f"::n{self.count}", ".", cwd=source)

    def get(self, target):
        return self.run("borg", "extract", f"::n{self.count}", cwd=target)


class Casync(Peer):
    name = needs = "casync"

    def begin(self):
        self.store.mkdir()

    def put(self, source, number):
        return self.run("casync", "make", f"--store={self.store}/castr", self.store / f"{number}.caidx", source)

    def get(self, target):
        newest = max(self.store.glob("*.caidx"), key=lambda path: int(path.stem))
        return self.run("casync", "extract", f"--store={self.store}/castr", newest, target / "tree")


class Bup(Peer):
    name = needs = "bup"

    def begin(self):
        self.env["BUP_DIR"] = str(self.store)
        self.run("bup", "init")

    def put(self, source, number):
        return self.run("sh", "-c", 'bup index "$1" && bup save -q -n n --strip "$1"', "sh", source)

    def get(self, target):
        # It exits with 1 where the target's file system has no attributes of ext2.
        return self.run("sh", "-c", 'bup restore -q -C "$1" n/latest/. || [ $? -eq 1 ]', "sh", target)


class Zpaq(Peer):
    name = needs = "zpaq"

    def begin(self):
        self.store.mkdir()

    def put(self, source, number):
        return self.run("zpaq", "add", self.store / "all.zpaq", ".", "-m1", cwd=source)

    def get(self, target):
        return self.run("zpaq", "extract", self.store / "all.zpaq", cwd=target)


class Difference(Peer):
    """A program that makes a difference of two files: its later put makes one, its get applies it."""
    kinds = ("file",)

    def begin(self):
        self.store.mkdir()

    def put(self, source, number):
        self.old, self.new = getattr(self, "new", None), next(source.iterdir()).resolve()
        if number == 0:
            shutil.copyfile(self.new, self.work / "old")
            return None
        return self.difference(self.work / "old", self.new, self.store / "delta")

    def get(self, target):
        return self.apply(self.work / "old", self.store / "delta", target / "file")


class Rdiff(Difference):
    name = needs = "rdiff"

    def difference(self, old, new, delta):
        return self.run("sh", "-c", 'rdiff signature "$1" "$3.sig" && rdiff delta "$3.sig" "$2" "$3" && rm "$3.sig"',
                        "sh", old, new, delta)

    def apply(self, old, delta, target):
        return self.run("rdiff", "patch", old, delta, target)


class Xdelta(Difference):
    name = needs = "xdelta3"

    def difference(self, old, new, delta):
        return self.run("xdelta3", "-e", "-q", "-B", 512 * MIB, "-s", old, new, delta)

    def apply(self, old, delta, target):
        return self.run("xdelta3", "-d", "-q", "-B", 512 * MIB, "-s", old, delta, target)


PEERS = [Syncengine, Restic, Borg, Casync, Bup, Zpaq, Rdiff, Xdelta]


class Sources:
    """The versions of a data set as folders; a file keeps its name from version to version."""

    def __init__(self, versions, work):
        self.versions = versions
        self.work = work

    def folder(self, number):
        version = self.versions[number]
        if version.is_dir():
            return version
        current = self.work / "current"
        shutil.rmtree(current, ignore_errors=True)
        current.mkdir(parents=True)
        try:
            os.link(version, current / "file")
        except OSError:
            shutil.copyfile(version, current / "file")
        return current


def target_folder(work, needed):
    """Memory when there is room for twice the bytes, the disk otherwise."""
    memory = pathlib.Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 2 * needed:
        return pathlib.Path(tempfile.mkdtemp(prefix="syncengine-bench-", dir=memory))
    return pathlib.Path(tempfile.mkdtemp(dir=work))


def same(source, got):
    """Whether a get gave back what was put, wherever below `got` the program placed it."""
    for place in [got, *got.glob("*")]:
        if subprocess.run(["diff", "-rq", "--no-dereference", source, place], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return True
    return False


def play(peer_class, versions, work, verify):
    """One round of one program: {step: [measurements]}."""
    work = pathlib.Path(tempfile.mkdtemp(dir=work))
    steps = {}
    try:
        peer, sources = peer_class(work), Sources(versions, work)
        peer.begin()

        def step(name, run, source=None):
            os.sync()
            before = peer.stored()
            result = run()
            if result is None:
                return
            result["stored"] = peer.stored() - before
            steps.setdefault(name, []).append(result)

        for number in range(len(versions)):
            folder = sources.folder(number)
            step("put" if number == 0 else "later", lambda: peer.put(folder, number))
            if number == 0 and not isinstance(peer, Difference):
                step("again", lambda: peer.put(folder, number))
        target = target_folder(work, tree_bytes(versions[-1]))
        try:
            step("get", lambda: peer.get(target))
            if verify and not isinstance(peer, (Difference, Restic, Borg)) and not same(folder, target):
                raise RuntimeError(f"{peer.name}: what came back differs from {versions[-1]}")
        finally:
            shutil.rmtree(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return steps


def medians(rounds):
    """{step: {wall, cpu, stored, rss, anonymous}}; later versions: the sum of bytes, the median wall of one."""
    found = {}
    for name in ("put", "again", "later", "get"):
        runs = [steps[name] for steps in rounds if name in steps]
        if not runs:
            continue
        found[name] = {key: statistics.median(one[key] for run in runs for one in run)
                       for key in ("wall", "cpu", "rss", "anonymous")}
        found[name]["rss"] = max(one["rss"] for run in runs for one in run)
        found[name]["stored"] = statistics.median(sum(one["stored"] for one in run) for run in runs)
        found[name]["each"] = [[one["wall"], one["stored"]] for one in runs[0]]
    return found


class Relay:
    """Passes one server's connections on and counts the bytes of both directions."""

    def __init__(self, port):
        self.target, self.bytes, self.lock = port, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self.pass_on, args=pair, daemon=True).start()

    def pass_on(self, source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                with self.lock:
                    self.bytes += len(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


def insert_over_http(noise, work, quick):
    """Bytes in both directions for one byte inserted near the front of a file that the server has."""
    work = pathlib.Path(tempfile.mkdtemp(dir=work))
    env = {**os.environ, "HOME": str(work), "XDG_CACHE_HOME": str(work / "cache"), "SYNCENGINE_PROGRESS": "none"}
    server = None
    try:
        measured([PROGRAM, "-r", work / "store", "init"], env)
        token = json.loads(measured([PROGRAM, "-r", work / "store", "device", "add", "bench", "--json"], env)["text"])
        env["SYNCENGINE_TOKEN"] = token["token"]
        server = subprocess.Popen([PROGRAM, "-r", work / "store", "serve", "--listen", "127.0.0.1:0"], env=env,
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        url = server.stdout.readline().decode().split()[-1]
        relay = Relay(int(url.rstrip("/").rsplit(":", 1)[1]))
        with open(noise, "rb") as source:
            content = source.read((16 if quick else 256) * MIB)
        file = work / "file"
        put = [PROGRAM, "-r", f"http://127.0.0.1:{relay.port}", "put", file, "/", "--json"]
        file.write_bytes(content)
        measured(put, env)
        first = relay.bytes
        file.write_bytes(content[:1000] + random.Random(5).randbytes(1) + content[1000:])
        report = json.loads(measured(put, env)["text"])
        time.sleep(0.2)  # The relay counts the last answer.
        relay.listener.close()
        return {"first_bytes": first, "bytes": relay.bytes - first, "sent_bytes": report["sent_bytes"],
                "stored_bytes": report["stored_bytes"]}
    finally:
        if server is not None:
            server.terminate()
            server.wait()
        shutil.rmtree(work, ignore_errors=True)


def targets(results, http):
    """Rows of (what, ours, bound, where the bound comes from, unit)."""
    rows = []

    def value(data, program, step, key):
        return results.get(data, {}).get(program, {}).get(step, {}).get(key)

    def against(what, data, step, key, factor, peer, peer_step=None):
        theirs = value(data, peer, peer_step or step, key)
        rows.append((what, value(data, "syncengine", step, key), None if theirs is None else factor * theirs,
                     f"{factor} x {peer}", key))

    def below(what, ours, bound, unit):
        rows.append((what, ours, bound, "", unit))

    against("typescript, first put, bytes", "typescript", "put", "stored", 0.8, "restic")
    against("typescript, later versions, bytes", "typescript", "later", "stored", 0.05, "restic")
    below("typescript, later versions, bytes", value("typescript", "syncengine", "later", "stored"), 700_000, "stored")
    against("linux, first put, bytes", "linux", "put", "stored", 0.83, "restic")
    against("linux, later versions, bytes", "linux", "later", "stored", 0.35, "bup")
    against("sqlite, 1 % of rows updated, bytes", "sqlite", "later", "stored", 0.05, "restic")
    against("sqlite, 1 % of rows updated, bytes", "sqlite", "later", "stored", 2.5, "xdelta3")
    below("noise, three inserts, bytes stored", value("noise", "syncengine", "later", "stored"), 30_000, "stored")
    below("noise, three inserts, bytes sent", value("noise", "syncengine", "later", "sent"), 30_000, "stored")
    below("one byte inserted, bytes over HTTP", http.get("bytes"), 5_000, "stored")
    against("linux, first put, wall", "linux", "put", "wall", 0.5, "casync")
    against("linux, first put, processor", "linux", "put", "cpu", 0.5, "restic")
    against("linux, put of the same, wall", "linux", "again", "wall", 0.7, "zpaq")
    against("linux, one later version, wall", "linux", "later", "wall", 0.25, "restic")
    against("linux, get, wall", "linux", "get", "wall", 0.55, "casync")
    for step, factor, what in (("put", 0.65, "first put"), ("later", 0.4, "update"), ("get", 0.4, "get")):
        against(f"sqlite, {what}, wall", "sqlite", step, "wall", factor, "restic")
    for step, factor, what in (("put", 0.4, "first put"), ("get", 0.5, "get")):
        against(f"noise, {what}, wall", "noise", step, "wall", factor, "restic")
    for step, factor, what in (("put", 0.35, "first put"), ("again", 0.15, "put of the same"), ("get", 0.6, "get")):
        against(f"typescript, {what}, wall", "typescript", step, "wall", factor, "casync")
    for data in results:
        for step in ("put", "again", "later", "get"):
            below(f"{data}, {step}, peak memory", value(data, "syncengine", step, "rss"), 200 * MIB, "rss")
    return rows


def number(amount, unit):
    if amount is None:
        return "-"
    return f"{amount:.2f} s" if unit in ("wall", "cpu") else (
        f"{amount:,.0f}" if unit == "stored" else f"{amount / MIB:.0f} MiB")


def print_results(data, programs):
    print(f"\n{data:<12}{'':>8}" + "".join(f"{step:>46}" for step in ("first put", "same again", "later", "get")))
    print(f"{'':<20}" + f"{'wall s':>10}{'cpu s':>9}{'bytes':>16}{'MiB (own)':>11}" * 4)
    for program, steps in programs.items():
        cells = ""
        for step in ("put", "again", "later", "get"):
            if (one := steps.get(step)) is None:
                cells += f"{'':>46}"
                continue
            own = f"{one['rss'] / MIB:.0f} ({one['anonymous'] / MIB:.0f})"
            cells += f"{one['wall']:>10.3f}{one['cpu']:>9.3f}{one['stored']:>16,.0f}{own:>11}"
        print(f"{program:<20}{cells}")
    sys.stdout.flush()


def print_targets(rows):
    print(f"\n{'target':<42}{'ours':>16}{'at most':>16}{'ratio':>8}  {'':<14} of {'':<14}")
    for what, ours, bound, source, unit in rows:
        if ours is None or bound is None:
            verdict, ratio = "not measured", ""
        else:
            verdict, ratio = "pass" if ours <= bound else "FALLS SHORT", f"{ours / bound:.2f}"
        print(f"{what:<42}{number(ours, unit):>16}{number(bound, unit):>16}{ratio:>8}  {verdict:<14} {source}")


def measure_set(data, versions, programs, rounds, work):
    played = {}
    print(f"{data}: load {os.getloadavg()[0]:.2f}", file=sys.stderr, flush=True)
    for round_number in range(rounds):
        for peer in programs:
            if ("tree" if data in TREES else "file") not in peer.kinds:
                continue
            if round_number > 0 and peer.name not in COMPARED[data]:
                continue
            began = time.monotonic()
            try:
                played.setdefault(peer.name, []).append(play(peer, versions, work, verify=round_number == 0))
            except RuntimeError as error:
                if peer is Syncengine:
                    raise
                print(f"{data}: left out: {error}", file=sys.stderr, flush=True)
            print(f"{data}: {peer.name} {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    found = {name: medians(rounds_played) for name, rounds_played in played.items()}
    sent = [json.loads(run["text"])["sent_bytes"] for run in played.get("syncengine", [{}])[0].get("later", [])]
    if sent:
        found["syncengine"]["later"]["sent"] = sum(sent)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small data sets, one round")
    parser.add_argument("--sets", default=",".join(ROUNDS))
    parser.add_argument("--programs", default=",".join(peer.name for peer in PEERS))
    parser.add_argument("--repeat", type=int, help="rounds of every data set")
    parser.add_argument("--data", type=pathlib.Path, default=bench_data.FOLDER, help="where the data sets are")
    parser.add_argument("--work", type=pathlib.Path, help="where the stores go")
    parser.add_argument("--remove", action="store_true", help="remove the data sets afterwards")
    parser.add_argument("--json", type=pathlib.Path, default=REPORT, help="the report")
    options = parser.parse_args()
    wanted = [peer for peer in PEERS if peer.name in options.programs.split(",")]
    programs = [peer for peer in wanted if shutil.which(peer.needs)]
    for peer in set(wanted) - set(programs):
        print(f"bench_peers: {peer.needs} is not here (tools/setup.sh peers installs it)", file=sys.stderr)
    sets = bench_data.make(options.data, options.sets.split(","), options.quick)
    work = pathlib.Path(tempfile.mkdtemp(prefix="syncengine-peers-", dir=options.work or options.data))
    results, http = {}, {}
    try:
        for data, versions in sets.items():
            rounds = options.repeat or (1 if options.quick else ROUNDS[data])
            results[data] = measure_set(data, versions, programs, rounds, work)
            print_results(data, results[data])
        if "noise" in sets and Syncengine in programs:
            http = insert_over_http(sets["noise"][0], work, options.quick)
            print(f"\none byte inserted over HTTP: {http}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    rows = targets(results, http)
    print_targets(rows)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({
        "load": os.getloadavg(), "results": results, "http": http,
        "targets": [dict(zip(("what", "ours", "bound", "of", "unit"), row)) for row in rows]}, indent=1) + "\n")
    if options.remove:
        shutil.rmtree(options.data / ("quick" if options.quick else "full"), ignore_errors=True)


if __name__ == "__main__":
    main()
