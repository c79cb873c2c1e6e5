#!/usr/bin/env python3
"""Shows the main job on real files: two devices and a server, with embedded stores.

Copies DEMO_FOLDER (default: the C headers of this machine) to device A and follows it through the server to
device B. Everything happens below one temporary directory and on the loopback interface; nothing is left.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "release" / "bin" / "syncengine"
FOLDER = pathlib.Path(os.environ.get("DEMO_FOLDER", "/usr/include"))
PATIENCE_SECONDS = 300


def say(text):
    print(f"\n== {text}", flush=True)


def size_text(count):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


class Demo:
    def __init__(self, work):
        self.work = work
        self.store = work / "server"
        self.a = work / "device-a"
        self.b = work / "device-b"
        self.processes = []
        self.figures = []
        self.env = {**os.environ, "HOME": str(work), "SYNCENGINE_PROGRESS": "none"}
        self.tokens = {}
        self.url = ""

    def run(self, *arguments, device=None, json_out=True):
        """One call of the program; prints it as a user would type it."""
        repo = self.url if device else self.store
        command = ["-r", str(repo), *map(str, arguments)]
        print("$ syncengine " + " ".join(command), flush=True)
        env = {**self.env, "SYNCENGINE_TOKEN": self.tokens.get(device, "")}
        done = subprocess.run([PROGRAM, *command, *(["--json"] if json_out else [])], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        if done.returncode not in (0, 4):
            sys.exit(f"demo: the call above exited with {done.returncode}")
        return json.loads(done.stdout) if json_out else done.stdout.decode(errors="replace")

    def start(self, *arguments, device=None):
        repo = self.url if device else self.store
        command = ["-r", str(repo), *map(str, arguments)]
        print("$ syncengine " + " ".join(command) + " &", flush=True)
        env = {**self.env, "SYNCENGINE_TOKEN": self.tokens.get(device, "")}
        process = subprocess.Popen([PROGRAM, *command], env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        self.processes.append(process)
        return process

    def stop(self, process):
        self.processes.remove(process)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def wait_for(self, condition, what):
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > PATIENCE_SECONDS:
                sys.exit(f"demo: gave up waiting until {what}")
            time.sleep(0.01)
        return time.monotonic() - began

    def differences(self):
        done = subprocess.run(["diff", "-r", "--no-dereference", "-x", ".syncengine", self.a, self.b],
                              capture_output=True, check=False)
        return done.stdout.decode(errors="replace")

    def figure(self, what, value):
        self.figures.append((what, value))

    def set_up(self):
        say(f"A server with embedded stores, and two devices; device A holds a copy of {FOLDER}")
        shutil.copytree(FOLDER, self.a, symlinks=True)
        self.b.mkdir()
        self.run("init", self.store)
        for device in ("device-a", "device-b"):
            self.tokens[device] = self.run("device", "add", device)["token"]
        server = self.start("serve", "--listen", "127.0.0.1:0")
        self.url = server.stdout.readline().decode().split("listening on ", 1)[1].strip()
        print(f"listening on {self.url}")

    def first_sync(self):
        say("A syncs its folder; B watches and receives it by itself")
        watch = self.start("sync", self.b, "--watch", device="device-b")
        began = time.monotonic()
        report = self.run("sync", self.a, device="device-a")
        uploaded = time.monotonic() - began
        self.wait_for(lambda: self.differences() == "", "B has everything")
        arrived = time.monotonic() - began
        stats = self.run("stats")
        self.figure("files uploaded by A", report["uploaded"])
        self.figure("their size", size_text(stats["logical_bytes"]))
        self.figure("sent by A", size_text(report["sent_bytes"]))
        self.figure("stored on the server", size_text(stats["stored_bytes"]))
        self.figure("upload took", f"{uploaded:.1f} s")
        self.figure("everything on B after", f"{arrived:.1f} s")
        return watch

    def one_line(self):
        say("One line is edited on A and arrives on B")
        path = max((p for p in self.a.rglob("*.h") if p.is_file() and not p.is_symlink()),
                   default=None, key=lambda p: p.stat().st_size)
        if path is None:
            path = max((p for p in self.a.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
        lines = path.read_bytes().splitlines(keepends=True)
        lines[len(lines) // 2] = b"/* one line, edited on device A */\n"
        path.write_bytes(b"".join(lines))
        other = self.b / path.relative_to(self.a)
        print(f"edited line {len(lines) // 2} of {path.name} ({size_text(path.stat().st_size)})")
        began = time.monotonic()
        report = self.run("sync", self.a, device="device-a")
        self.wait_for(lambda: other.read_bytes() == path.read_bytes(), "B has the line")
        self.figure("one edited line: on B after", f"{time.monotonic() - began:.2f} s")
        self.figure("one edited line: sent by A", size_text(report["sent_bytes"]))
        return path

    def merge(self, path):
        say("Both edit the same file in different places while B is offline: merged on both")
        other = self.b / path.relative_to(self.a)
        lines = path.read_bytes().splitlines(keepends=True)
        if any(b"\0" in line for line in lines):
            return print("skipped: it is no text")
        path.write_bytes(b"/* first line, from device A */\n" + b"".join(lines))
        other.write_bytes(b"".join(lines) + b"/* last line, from device B */\n")
        self.run("sync", self.a, device="device-a")
        report = self.run("sync", self.b, device="device-b")
        self.run("sync", self.a, device="device-a")
        for merged in report["merged"]:
            print(f"merged {merged['path']}: ours {merged['ours']}, theirs {merged['theirs']}")
        text = path.read_bytes()
        if self.differences() or b"from device A" not in text or b"from device B" not in text:
            sys.exit("demo: the edits were not merged")
        self.figure("merges without a question", len(report["merged"]))

    def conflict(self, path):
        say("Both edit the same line while B is offline: a conflict, nothing is lost, and one decides")
        other = self.b / path.relative_to(self.a)
        path.write_text("/* what A wrote */\n")
        other.write_text("/* what B wrote */\n")
        self.run("sync", self.a, device="device-a")
        report = self.run("sync", self.b, "--device-name", "device-b", device="device-b")
        print(f"conflicts: {report['conflicts']}")
        self.run("sync", self.a, device="device-a")
        for found in sorted(path.parent.glob(f"{path.stem}*")):
            print(f"{found.name}: {found.read_text(errors='replace').splitlines()[0]}")
        if self.differences():
            sys.exit("demo: the two devices differ:\n" + self.differences())
        self.figure("conflicts found", report["conflicts"])
        remote = f"/{path.relative_to(self.a)}"
        print(self.run("conflicts", device="device-a", json_out=False), end="")
        self.run("resolve", remote, "--take", "ours", device="device-a")
        self.run("sync", self.a, device="device-a")
        self.run("sync", self.b, device="device-b")
        print(f"{path.name} on A: {path.read_text(errors='replace').splitlines()[0]}")
        if self.run("conflicts", device="device-a")["conflicts"] or self.differences():
            sys.exit("demo: the conflict is still there")

    def history(self, path):
        say("History of that file; an old revision is made the head again")
        remote = f"/{path.relative_to(self.a)}"
        print(self.run("revisions", remote, json_out=False), end="")
        revisions = self.run("revisions", remote)["revisions"]
        self.run("restore", remote, "--revision", revisions[-1]["revision"])
        self.run("sync", self.a, device="device-a")
        self.run("sync", self.b, device="device-b")
        print(f"{path.name} on A and B again begins: "
              f"{path.read_text(errors='replace').splitlines()[0]}")
        self.figure("revisions of the edited file", len(revisions))

    def quiet(self):
        say("A second sync moves nothing, and everything stored can be read")
        report = self.run("sync", self.a, device="device-a")
        print(json.dumps(report))
        if not report["idle"] or report["uploaded"] or report["downloaded"]:
            sys.exit("demo: the second sync moved something")
        check = self.run("check", "--read-data")
        self.figure("second sync: uploaded, downloaded", f"{report['uploaded']}, {report['downloaded']}")
        self.figure("second sync: sent by A", size_text(report["sent_bytes"]))
        self.figure("problems found by check --read-data", len(check["problems"]))
        if self.differences():
            sys.exit("demo: the two devices differ:\n" + self.differences())

    def table(self):
        say("Figures")
        for what, value in self.figures:
            print(f"  {what:<36} {value}")

    def close(self):
        for process in list(self.processes):
            self.stop(process)

    def show(self):
        self.set_up()
        watch = self.first_sync()
        path = self.one_line()
        self.stop(watch)
        self.merge(path)
        self.conflict(path)
        self.history(path)
        self.quiet()
        self.table()


def main():
    if not PROGRAM.exists():
        sys.exit(f"demo: {PROGRAM} is missing; run: make demo")
    work = pathlib.Path(tempfile.mkdtemp(prefix="syncengine-demo-"))
    demo = Demo(work)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        stack.callback(demo.close)
        demo.show()
    print("\nNothing is left running; the temporary folder is gone.")


if __name__ == "__main__":
    main()
