"""kill -9 in the middle of uploads and of the run after: no acknowledged revision is ever missing."""

import os
import random
import signal
import sys
import time
import unittest

from harness import CliTest, snapshot, stop

CYCLES = int(os.environ.get("KILL_CYCLES", "10"))
SEED = int(os.environ.get("KILL_SEED", "1"))
UPLOAD_SECONDS = 600  # What was never acknowledged is read again: late cycles take long on a busy machine.


class KillTest(CliTest):
    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)
        self.ok("init", self.repo)
        self.env["SYNCENGINE_TOKEN"] = self.token("laptop")
        self.tree = self.dir / "tree"
        self.tree.mkdir()
        self.kills = 0

    def grow(self, cycle):
        """New files for this cycle: many small ones and a few large ones."""
        for number in range(150):
            size = self.dice.choice([300, 4000, 60_000, 60_000])
            (self.tree / f"{cycle}-{number}").write_bytes(self.dice.randbytes(size))
        for number in range(3):
            (self.tree / f"{cycle}-large-{number}").write_bytes(self.dice.randbytes(9 << 20))

    def journal(self):
        """[(seq, revision)] as the repository itself tells it."""
        entries, cursor = [], None
        while True:
            arguments = ["changes", "--limit", "4096"] + (["--cursor", cursor] if cursor else [])
            page = self.ok(*arguments)
            entries += [(e["seq"], e["revision"]) for e in page["entries"]]
            cursor = page["cursor"]
            if not page["entries"]:
                return entries

    def stored(self):
        return sum(p.stat().st_size for p in self.repo.rglob("*") if p.is_file())

    def kill_recovery(self):
        """Kills the next server and upload again, at any moment from their first one on."""
        server = self.start("serve", "--listen", "127.0.0.1:0")
        time.sleep(self.dice.uniform(0, 0.2))
        server.send_signal(signal.SIGKILL)
        server.wait()
        stop(server, signal.SIGKILL)
        server, url = self.serve()
        put = self.start("put", f"{self.tree}/", "/", repo=url)
        time.sleep(self.dice.uniform(0, 0.5))
        acknowledged = self.journal()
        server.send_signal(signal.SIGKILL)
        server.wait()
        stop(put, signal.SIGKILL)
        stop(server, signal.SIGKILL)
        self.kills += 2
        return acknowledged

    def test_every_cycle_recovers(self):
        known = []
        for cycle in range(CYCLES):
            self.grow(cycle)
            server, url = self.serve()
            put = self.start("put", f"{self.tree}/", "/", repo=url)
            before, goal = self.stored(), self.dice.randrange(100_000, 28_000_000)
            self.eventually(lambda: self.stored() - before > goal or put.poll() is not None,
                            "the upload gets going", UPLOAD_SECONDS)
            acknowledged = self.journal()
            victim = put if cycle % 2 else server
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            stop(put, signal.SIGKILL)
            stop(server, signal.SIGKILL)
            self.kills += 1
            if self.dice.random() < 0.4:
                again = self.kill_recovery()
                self.assertEqual(again[: len(acknowledged)], acknowledged, "history changed")
                acknowledged = again
            self.assertEqual(acknowledged[: len(known)], known, "history changed")
            known = self.journal()
            self.assertEqual(known[: len(acknowledged)], acknowledged, "acknowledged and gone")
            self.assertEqual([seq for seq, _ in known], list(range(1, len(known) + 1)))
            self.assertTrue(self.ok("check", "--read-data")["clean"])
            if (cycle + 1) % 10 == 0:
                print(f"cycle {cycle + 1}: {self.kills} kills, {len(known)} revisions", file=sys.stderr, flush=True)
        server, url = self.serve()
        self.ok("put", f"{self.tree}/", "/", repo=url)
        self.ok("get", "/", "back", repo=url)
        self.assertEqual(snapshot(self.tree), snapshot(self.dir / "back"))
        self.assertTrue(self.ok("check", "--read-data")["clean"])
        self.assertEqual(self.journal()[: len(known)], known)
        files = sum(1 for path in self.tree.rglob("*") if path.is_file())
        print(f"kill -9: {CYCLES} cycles, {self.kills} kills, seed {SEED}: {len(known)} acknowledged "
              f"revisions, {files} files compared, 0 lost", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
