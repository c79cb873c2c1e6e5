"""Runs the real program in a directory of its own, as a user would."""

import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["SYNCENGINE_PROGRAM"]
DEADLINE_SECONDS = 60


class Result:
    """What one call of the program did."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout
        self.err = completed.stderr.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.out)


class CliTest(unittest.TestCase):
    """A test with an empty directory, a home of its own and helpers to call the program."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="syncengine-test-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.dir / "home"),
            "SYNCENGINE_PROGRESS": "none",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        (self.dir / "home").mkdir()
        self.repo = self.dir / "repo"

    def call(self, *arguments, repo=None, env=None, timeout=600, **more):
        """Runs one verb on the repository and returns its Result."""
        command = [PROGRAM, "-r", str(repo or self.repo), *map(str, arguments)]
        return Result(
            subprocess.run(
                command,
                env={**self.env, **(env or {})},
                cwd=self.dir,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                **more,
            )
        )

    def ok(self, *arguments, **more):
        """Runs one verb with --json, expects success and returns what it printed."""
        result = self.call(*arguments, "--json", **more)
        self.assertEqual(result.code, 0, f"{arguments}: {result.err}")
        return result.json

    def fails(self, code, *arguments, says="", **more):
        """Runs one verb that must fail with `code` and a message that contains `says`."""
        result = self.call(*arguments, **more)
        self.assertEqual(result.code, code, f"{arguments}: {result.err}")
        self.assertIn(says.lower(), result.err.lower())
        return result

    def start(self, *arguments, repo=None, env=None):
        """Starts a verb that keeps running; it is ended after the test."""
        with open(self.dir / "background.log", "ab") as log:
            process = subprocess.Popen(
                [PROGRAM, "-r", str(repo or self.repo), *map(str, arguments)],
                env={**self.env, **(env or {})},
                cwd=self.dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.addCleanup(stop, process)
        return process

    def serve(self, *arguments, listen="127.0.0.1:0", repo=None):
        """Starts a server on a free port; returns (process, url)."""
        process = self.start("serve", "--listen", listen, *arguments, repo=repo)
        line = process.stdout.readline().decode()
        self.assertIn("listening on ", line, (self.dir / "background.log").read_text())
        return process, line.split("listening on ", 1)[1].strip()

    def token(self, name, repo=None):
        return self.ok("device", "add", name, repo=repo)["token"]

    def eventually(self, condition, what, seconds=DEADLINE_SECONDS):
        """Polls until `condition()` holds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.02)
        log = self.dir / "background.log"
        self.fail(f"not within {seconds} s: {what}\n{log.read_text() if log.exists() else ''}")


def stop(process, how=signal.SIGTERM):
    """Ends a process that this test started."""
    if process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


def make_tree(root, seed, files=60, largest=200_000):
    """A small tree of many shapes; the same for the same seed."""
    dice = random.Random(seed)
    root = pathlib.Path(root)
    for number in range(files):
        depth = dice.randrange(4)
        directory = root.joinpath(*(f"d{dice.randrange(3)}" for _ in range(depth)))
        directory.mkdir(parents=True, exist_ok=True)
        size = dice.choice([0, 1, 100, 5000, dice.randrange(largest)])
        if dice.random() < 0.5:
            content = dice.randbytes(size)
        else:
            content = (f"line {dice.random()}\n".encode() * (size // 8 + 1))[:size]
        (directory / f"file {number} é.dat").write_bytes(content)
    (root / "empty directory").mkdir(parents=True, exist_ok=True)
    (root / "link").symlink_to("file 0 é.dat")
    os.chmod(root / "empty directory", 0o750)
    return root


def snapshot(root):
    """{relative path: (kind, digest or target, mode)} of a tree, without the client's own folder."""
    result = {}
    root = pathlib.Path(root)
    for directory, names, files in os.walk(root):
        if ".syncengine" in names:
            names.remove(".syncengine")
        for name in names + files:
            path = pathlib.Path(directory) / name
            key = str(path.relative_to(root))
            if path.is_symlink():
                result[key] = ("link", os.readlink(path))
            elif path.is_dir():
                result[key] = ("directory",)
            else:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                result[key] = ("file", digest, path.stat().st_mode & 0o7777)
    return result
