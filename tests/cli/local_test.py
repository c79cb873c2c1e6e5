"""Every verb on a directory repository."""

import os
import time
import unittest

from harness import CliTest, make_tree, snapshot


class LocalRepositoryTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init", self.repo)

    def test_put_then_get_brings_the_same_tree_back(self):
        tree = make_tree(self.dir / "tree", seed=1)
        put = self.ok("put", f"{tree}/", "/")
        for field in ("files", "files_unchanged", "bytes", "blocks", "blocks_new", "sent_bytes",
                      "stored_bytes", "seq", "seconds"):
            self.assertIn(field, put)
        got = self.ok("get", "/", self.dir / "back")
        self.assertEqual(snapshot(tree), snapshot(self.dir / "back"))
        self.assertEqual(put["bytes"], got["bytes"])
        mtime = (tree / "file 0 é.dat").stat().st_mtime_ns if (tree / "file 0 é.dat").exists() else None
        if mtime is not None:
            self.assertEqual(mtime, (self.dir / "back" / "file 0 é.dat").stat().st_mtime_ns)

    def test_second_put_reads_nothing_and_sends_no_content(self):
        tree = make_tree(self.dir / "tree", seed=2)
        time.sleep(0.3)  # A file read within a tick of the clock of its change is read again.
        first = self.ok("put", f"{tree}/", "/t")
        again = self.ok("put", f"{tree}/", "/t")
        self.assertEqual(again["files"], first["files"])
        self.assertEqual(again["files_unchanged"], first["files"])
        self.assertEqual(again["blocks_new"], 0)
        self.assertEqual(again["bytes"], 0)
        self.assertEqual(again["stored_bytes"], 0)

    def test_touched_file_moves_no_content_and_changed_file_does(self):
        (self.dir / "f").write_bytes(os.urandom(50_000))
        self.ok("put", "f", "/")
        os.utime(self.dir / "f", (1, 1))
        self.assertEqual(self.ok("put", "f", "/")["blocks_new"], 0)
        (self.dir / "f").write_bytes(os.urandom(50_000))
        self.assertGreater(self.ok("put", "f", "/")["blocks_new"], 0)
        self.assertEqual(len(self.ok("revisions", "/f")["revisions"]), 3)

    def test_one_inserted_byte_sends_little(self):
        content = os.urandom(4 << 20)
        (self.dir / "big").write_bytes(content)
        self.ok("put", "big", "/")
        (self.dir / "big").write_bytes(b"x" + content)
        self.assertLess(self.ok("put", "big", "/")["stored_bytes"], 100_000)
        self.assertEqual(self.call("cat", "/big").out, b"x" + content)

    def test_mirror_removes_what_is_gone(self):
        tree = make_tree(self.dir / "tree", seed=3)
        self.ok("put", f"{tree}/", "/t")
        victim = next(p for p in sorted(tree.rglob("*")) if p.is_file() and not p.is_symlink())
        victim.unlink()
        self.ok("put", f"{tree}/", "/t")
        name = f"/t/{victim.relative_to(tree)}"
        self.ok("stat", name)
        self.assertEqual(self.ok("put", f"{tree}/", "/t", "--mirror")["deleted"], 1)
        self.fails(6, "stat", name)

    def test_cat_ranges(self):
        content = bytes(range(256)) * 2000
        (self.dir / "f").write_bytes(content)
        self.ok("put", "f", "/")
        self.assertEqual(self.call("cat", "/f").out, content)
        part = self.call("cat", "/f", "--offset", 100_001, "--length", 70_000).out
        self.assertEqual(part, content[100_001:170_001])
        self.assertEqual(self.call("cat", "/f", "--offset", len(content) + 5).out, b"")

    def test_ls_stat_mkdir_mv_rm(self):
        (self.dir / "f").write_text("hello")
        self.ok("mkdir", "/a/b")
        self.ok("put", "f", "/a/b")
        entries = self.ok("ls", "/a/b")["entries"]
        self.assertEqual([e["path"] for e in entries], ["/a/b/f"])
        for field in ("path", "kind", "size", "node_id", "revision", "mtime", "state"):
            self.assertIn(field, entries[0])
        self.ok("mv", "/a/b/f", "/a/g")
        moved = self.ok("stat", "/a/g")
        self.assertEqual(moved["node_id"], entries[0]["node_id"])
        self.fails(6, "stat", "/a/b/f")
        self.fails(1, "rm", "/a", says="recursive")
        self.ok("rm", "-R", "/a")
        self.assertEqual(self.ok("ls", "/")["entries"], [])

    def test_history_restores_old_and_deleted_content(self):
        for text in ("one", "two", "three"):
            (self.dir / "f").write_text(text)
            self.ok("put", "f", "/")
        revisions = self.ok("revisions", "/f")["revisions"]
        self.assertEqual([r["size"] for r in revisions], [5, 3, 3])
        for field in ("revision", "seq", "size", "device", "time", "state", "keep_reason"):
            self.assertIn(field, revisions[0])
        self.assertEqual(self.call("cat", "/f", "--revision", revisions[2]["revision"]).out, b"one")
        self.ok("restore", "/f", "--revision", revisions[2]["revision"][:12])
        self.assertEqual(self.call("cat", "/f").out, b"one")
        self.ok("rm", "/f")
        self.fails(6, "cat", "/f")
        self.ok("restore", "/f", "--revision", revisions[1]["revision"])
        self.assertEqual(self.call("cat", "/f").out, b"two")

    def test_get_as_of_a_sequence_is_the_tree_of_then(self):
        (self.dir / "f").write_text("old")
        sequence = self.ok("put", "f", "/d")["seq"]
        (self.dir / "f").write_text("new!")
        self.ok("put", "f", "/d")
        self.ok("get", "/d", "then", "--as-of", sequence)
        self.assertEqual((self.dir / "then" / "f").read_text(), "old")

    def test_changes_continue_after_the_cursor(self):
        (self.dir / "f").write_text("x")
        self.ok("put", "f", "/")
        first = self.ok("changes")
        self.assertEqual([e["seq"] for e in first["entries"]],
                         list(range(1, len(first["entries"]) + 1)))
        for field in ("seq", "kind", "path", "node_id", "revision", "state", "device"):
            self.assertIn(field, first["entries"][0])
        self.assertEqual(self.ok("changes", "--cursor", first["cursor"])["entries"], [])
        self.ok("rm", "/f")
        later = self.ok("changes", "--cursor", first["cursor"])["entries"]
        self.assertEqual([(e["path"], e["kind"]) for e in later], [("/f", "delete")])

    def test_check_and_stats(self):
        tree = make_tree(self.dir / "tree", seed=5)
        self.ok("put", f"{tree}/", "/")
        self.assertTrue(self.ok("check", "--read-data")["clean"])
        stats = self.ok("stats")
        for field in ("logical_bytes", "stored_bytes", "blocks", "segments", "revisions", "nodes"):
            self.assertGreater(stats[field], 0)


if __name__ == "__main__":
    unittest.main()
