"""Two devices and a server: the main job, end to end."""

import os
import time
import unittest

from harness import CliTest, make_tree, snapshot


class SyncTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init", self.repo)
        self.server, self.url = self.serve()
        self.tokens = {name: self.token(name) for name in ("alice", "bob")}
        self.a = self.dir / "a"
        self.b = self.dir / "b"
        self.a.mkdir()
        self.b.mkdir()

    def sync(self, device, *more, code=0):
        result = self.call("sync", getattr(self, device[0]), "--json", *more, repo=self.url,
                           env={"SYNCENGINE_TOKEN": self.tokens[device]})
        self.assertEqual(result.code, code, result.err)
        return result.json

    def settle(self):
        """Syncs both devices until nothing moves."""
        for _ in range(6):
            reports = [self.sync(device) for device in ("alice", "bob")]
            if all(r["uploaded"] == r["downloaded"] == r["deleted"] == 0 for r in reports):
                return
        self.fail("the two devices do not come to rest")

    def test_a_folder_reaches_the_other_device(self):
        make_tree(self.a, seed=11)
        report = self.sync("alice")
        for field in ("uploaded", "downloaded", "deleted", "conflicts", "issues", "sent_bytes",
                      "received_bytes", "idle"):
            self.assertIn(field, report)
        self.sync("bob")
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        again = self.sync("alice")
        self.assertEqual((again["uploaded"], again["downloaded"], again["idle"]), (0, 0, True))

    def test_edits_renames_and_deletes_travel(self):
        make_tree(self.a, seed=12)
        self.sync("alice")
        self.sync("bob")
        files = sorted(p for p in self.a.rglob("*") if p.is_file() and not p.is_symlink())
        files[0].write_text("edited")
        files[1].unlink()
        files[2].rename(self.a / "renamed")
        self.sync("alice")
        report = self.sync("bob")
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertLess(report["received_bytes"], 200_000)

    def test_both_edit_one_file_and_nothing_is_lost(self):
        (self.a / "notes.txt").write_text("base\n")
        self.sync("alice")
        self.sync("bob")
        (self.a / "notes.txt").write_text("from alice\n")
        (self.b / "notes.txt").write_text("from bob\n")
        self.sync("alice")
        report = self.sync("bob", code=4)
        self.assertEqual(report["conflicts"], 1)
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        texts = sorted(p.read_text() for p in self.a.iterdir() if p.is_file())
        self.assertEqual(texts, ["from alice\n", "from bob\n"])

    def test_watch_receives_and_sends_by_itself(self):
        self.start("sync", self.b, "--watch", repo=self.url,
                   env={"SYNCENGINE_TOKEN": self.tokens["bob"]})
        (self.a / "f").write_text("one")
        self.sync("alice")
        self.eventually(lambda: (self.b / "f").exists() and (self.b / "f").read_text() == "one",
                        "the file arrives at bob")
        (self.b / "g").write_text("two")
        def arrived():
            self.sync("alice")
            return (self.a / "g").exists()
        self.eventually(arrived, "bob's file arrives at alice")

    def test_plan_tells_and_changes_nothing_and_status_is_idle_afterwards(self):
        make_tree(self.a, seed=13)
        env = {"SYNCENGINE_TOKEN": self.tokens["alice"]}
        plan = self.ok("plan", self.a, repo=self.url, env=env)
        self.assertGreater(len(plan["actions"]), 10)
        self.assertEqual(self.ok("ls", "/", repo=self.url, env=env)["entries"], [])
        self.sync("alice")
        self.assertEqual(self.ok("plan", self.a, repo=self.url, env=env)["actions"], [])
        self.assertTrue(self.ok("status", self.a, repo=self.url, env=env)["idle"])

    def test_mass_delete_stops_with_5_until_allowed(self):
        for number in range(150):
            (self.a / f"f{number}").write_text(str(number))
        self.sync("alice")
        for number in range(149):
            (self.a / f"f{number}").unlink()
        self.sync("alice", code=5)
        env = {"SYNCENGINE_TOKEN": self.tokens["bob"]}
        self.assertEqual(len(self.ok("ls", "/", repo=self.url, env=env)["entries"]), 150)
        self.sync("alice", "--max-delete", "200")
        self.assertEqual(len(self.ok("ls", "/", repo=self.url, env=env)["entries"]), 1)

    def test_emptied_folder_stops_with_5_until_confirmed(self):
        for name in "fg":
            (self.a / name).write_text(name)
        self.sync("alice")
        for name in "fg":
            (self.a / name).unlink()
        env = {"SYNCENGINE_TOKEN": self.tokens["alice"]}
        stopped = self.fails(5, "sync", self.a, repo=self.url, env=env, says="confirm")
        self.ok("stat", "/f", repo=self.url, env=env)
        token = self.call("plan", self.a, "--json", repo=self.url, env=env).json["confirm"]
        self.assertIn(token, stopped.err)
        self.sync("alice", "--confirm", token)
        self.fails(6, "stat", "/f", repo=self.url, env=env)

    def test_device_list_shows_the_backlog(self):
        (self.a / "f").write_text("x")
        self.sync("alice")
        devices = {d["name"]: d for d in self.ok("device", "list")["devices"]}
        for field in ("name", "cursor", "backlog", "last_seen"):
            self.assertIn(field, devices["bob"])
        self.assertEqual(devices["alice"]["backlog"], 0)
        self.assertGreater(devices["bob"]["backlog"], 0)
        self.sync("bob")
        devices = {d["name"]: d for d in self.ok("device", "list")["devices"]}
        self.assertEqual(devices["bob"]["backlog"], 0)

    def test_changes_waits_for_news(self):
        env = {"SYNCENGINE_TOKEN": self.tokens["alice"]}
        cursor = self.ok("changes", repo=self.url, env=env)["cursor"]
        self.env["SYNCENGINE_TOKEN"] = self.tokens["alice"]
        waiting = self.start("changes", "--cursor", cursor, "--wait", "30s", "--json", repo=self.url)
        time.sleep(0.3)
        self.assertIsNone(waiting.poll())
        (self.dir / "f").write_text("x")
        began = time.monotonic()
        self.ok("put", "f", "/", repo=self.url, env={"SYNCENGINE_TOKEN": self.tokens["bob"]})
        self.assertIn(b'"/f"', waiting.communicate(timeout=20)[0])
        self.assertLess(time.monotonic() - began, 10)

    def test_end_to_end_namespace_syncs_and_the_server_never_sees_plaintext(self):
        (self.dir / "pass").write_text("correct horse battery staple\n")
        secret = ["--namespace", "private", "--passphrase-file", "pass"]
        self.ok("init", self.repo, *secret)
        canary = os.urandom(16).hex()
        (self.a / f"name-{canary}.txt").write_text(f"content {canary} " * 100)
        self.sync("alice", *secret)
        self.sync("bob", *secret)
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        for path in self.repo.rglob("*"):
            if path.is_file():
                self.assertNotIn(canary.encode(), path.read_bytes(), path)


if __name__ == "__main__":
    unittest.main()
