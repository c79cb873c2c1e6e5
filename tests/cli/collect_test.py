"""forget and gc: space comes back, and only that of what nobody can reach any more."""

import os
import unittest

from harness import CliTest

AT_ONCE = ("--grace", "0s", "--trash", "0s")


class CollectTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init", self.repo)

    def put(self, name, size):
        (self.dir / name).write_bytes(os.urandom(size))
        self.ok("put", name, "/")
        return (self.dir / name).read_bytes()

    def content_bytes(self):
        return sum(f.stat().st_size for f in (self.repo / "content").rglob("*") if f.is_file())

    def test_a_deleted_and_forgotten_file_gives_its_space_back(self):
        kept = self.put("kept", 300_000)
        self.put("gone", 2_000_000)
        self.put("kept2", 100_000)
        self.ok("rm", "/gone")
        for _ in range(4):
            self.assertEqual(self.ok("gc", *AT_ONCE)["objects_deleted"], 0)
        self.assertEqual(self.ok("forget", "--dry-run")["revisions"], 1)
        self.assertEqual(self.ok("forget")["revisions"], 1)
        before = self.content_bytes()
        self.assertGreater(self.ok("gc", "--dry-run", *AT_ONCE)["blocks_condemned"], 0)
        self.assertGreater(self.ok("gc", *AT_ONCE)["blocks_condemned"], 0)
        self.assertGreater(self.ok("gc", *AT_ONCE)["blocks_waiting"], 0)
        # One level of the manifest after another.
        freed = sum(self.ok("gc", *AT_ONCE)["bytes_freed"] for _ in range(6))
        self.assertGreater(freed, 2_000_000)
        self.assertEqual(self.content_bytes(), before - freed)
        self.assertTrue(self.ok("check", "--read-data")["clean"])
        self.assertEqual(self.call("cat", "/kept").out, kept)

    def test_waits_a_day_and_keeps_the_trash_a_week_unless_told_otherwise(self):
        self.put("f", 100_000)
        self.ok("rm", "/f")
        self.ok("forget")
        for _ in range(4):
            report = self.ok("gc")
            self.assertEqual(report["blocks_deleted"], 0)
        self.assertGreater(report["blocks_waiting"], 0)

    def test_forget_keeps_the_newest_revisions_of_a_path(self):
        for _ in range(4):
            self.put("f", 1000)
            self.put("other", 1000)
        self.assertEqual(self.ok("forget", "/f", "--keep-last", "3")["revisions"], 1)
        self.assertEqual(len(self.ok("revisions", "/f")["revisions"]), 3)
        self.assertEqual(len(self.ok("revisions", "/other")["revisions"]), 4)
        self.assertEqual(self.ok("forget", "/", "--keep-last", "2")["revisions"], 3)
        self.assertEqual(self.ok("forget", "--before", "2001-01-01T00:00:00Z")["revisions"], 0)

    def test_collects_beside_a_server_and_not_through_it(self):
        _, url = self.serve()
        token = {"SYNCENGINE_TOKEN": self.token("laptop")}
        (self.dir / "f").write_bytes(os.urandom(200_000))
        self.ok("put", "f", "/", repo=url, env=token)
        self.ok("rm", "/f", repo=url, env=token)
        self.fails(1, "gc", says="where the repository is", repo=url, env=token)
        self.ok("forget")
        freed = sum(self.ok("gc", *AT_ONCE)["bytes_freed"] for _ in range(3))
        self.assertGreater(freed, 200_000)
        self.ok("put", "f", "/", repo=url, env=token)
        self.assertEqual(self.call("cat", "/f", repo=url, env=token).out,
                         (self.dir / "f").read_bytes())

    def test_wrong_options_say_what_was_expected(self):
        self.fails(1, "gc", "--grace", "soon", says="duration like")
        self.fails(1, "forget", "--before", "yesterday", says="a time like")
        self.fails(2, "forget", "--keep-last", "0")
        self.fails(6, "forget", "/nowhere")


if __name__ == "__main__":
    unittest.main()
