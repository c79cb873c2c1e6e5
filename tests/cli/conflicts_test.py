"""Two devices edit one file offline: merged where that is clear, kept and decided where it is not."""

import json
import os
import re
import unittest

from harness import CliTest, snapshot

FIVE = ["one", "two", "three", "four", "five"]


def lines(*texts):
    return "".join(f"{text}\n" for text in texts)


class ConflictsTest(CliTest):
    secret = []

    def setUp(self):
        super().setUp()
        self.ok("init", self.repo)
        self.server, self.url = self.serve()
        self.tokens = {name: self.token(name) for name in ("alice", "bob", "carol")}
        for name in "abc":
            setattr(self, name, self.dir / name)
            (self.dir / name).mkdir()

    def as_device(self, device, *arguments, code=0):
        """Runs a verb with --json as a device of the server."""
        result = self.call(*arguments, "--json", *self.secret, repo=self.url,
                           env={"SYNCENGINE_TOKEN": self.tokens[device]})
        self.assertEqual(result.code, code, f"{arguments}: {result.err}")
        return result.json

    def sync(self, device, *more, code=0):
        return self.as_device(device, "sync", getattr(self, device[0]), *more, code=code)

    def settle(self, *devices):
        for _ in range(8):
            reports = [self.sync(device) for device in devices or ("alice", "bob")]
            if all(r["uploaded"] == r["downloaded"] == r["deleted"] == r["moved"] == 0 and r["idle"]
                   for r in reports):
                return
        self.fail("the devices do not come to rest")

    def contest(self, name, base, of_alice, of_bob, code=0):
        """Both have `base`; each edits offline; alice comes back first. Bob's report."""
        write = lambda path, data: path.write_bytes(data if isinstance(data, bytes) else data.encode())
        write(self.a / name, base)
        self.sync("alice")
        self.sync("bob")
        write(self.a / name, of_alice)
        write(self.b / name, of_bob)
        self.sync("alice")
        report = self.sync("bob", code=code)
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        return report

    def conflicts(self, *more):
        return self.as_device("alice", "conflicts", *more)["conflicts"]

    def copies(self):
        return sorted(p.name for p in self.a.iterdir() if " (conflict " in p.name)

    def check(self):
        """The repository is sound: what is kept aside is counted, too."""
        self.assertEqual(self.call("check", "--read-data", *self.secret).code, 0)

    def test_edits_in_different_places_become_one_text_on_both(self):
        report = self.contest("n.txt", lines(*FIVE), lines("ONE", *FIVE[1:]),
                              lines(*FIVE[:4], "FIVE"))
        self.assertEqual(report["conflicts"], 0)
        self.assertEqual([m["path"] for m in report["merged"]], ["/n.txt"])
        self.assertEqual((self.a / "n.txt").read_text(), lines("ONE", "two", "three", "four", "FIVE"))
        self.assertEqual(self.conflicts(), [])
        self.check()

    def test_a_merge_has_two_parents_and_either_is_restored(self):
        ours = lines(*FIVE[:4], "FIVE")
        theirs = lines("ONE", *FIVE[1:])
        merged = self.contest("n.txt", lines(*FIVE), theirs, ours)["merged"][0]
        revisions = {r["revision"]: r for r in self.as_device("alice", "revisions", "/n.txt")["revisions"]}
        self.assertEqual(len(revisions), 4)
        head = revisions[merged["revision"]]
        self.assertEqual((head["parent"], head["merged_from"]), (merged["theirs"], merged["ours"]))
        self.assertTrue(revisions[merged["ours"]]["aside"])
        self.assertEqual(revisions[merged["ours"]]["parent"], merged["base"])
        self.as_device("bob", "restore", "/n.txt", "--revision", merged["ours"])
        self.settle()
        self.assertEqual((self.a / "n.txt").read_text(), ours)
        self.as_device("bob", "restore", "/n.txt", "--revision", merged["theirs"])
        self.settle()
        self.assertEqual((self.b / "n.txt").read_text(), theirs)

    def test_json_is_merged_by_values(self):
        report = self.contest("c.json", '{"a": 1, "b": [1, 2]}', '{"a": 2, "b": [1, 2]}',
                              '{"a": 1, "b": [1, 2, 3]}')
        self.assertEqual(len(report["merged"]), 1)
        self.assertEqual(json.loads((self.a / "c.json").read_text()), {"a": 2, "b": [1, 2, 3]})

    def test_line_ends_and_byte_order_mark_survive_a_merge(self):
        bom = b"\xef\xbb\xbf"
        self.contest("w.txt", bom + b"a\r\nb\r\nc\r\nd", bom + b"A\r\nb\r\nc\r\nd",
                     bom + b"a\r\nb\r\nc\r\nD")
        self.assertEqual((self.b / "w.txt").read_bytes(), bom + b"A\r\nb\r\nc\r\nD")

    def test_one_line_changed_twice_waits_for_a_decision(self):
        report = self.contest("n.txt", lines("x", "price 10"), lines("x", "price 11"),
                              lines("x", "price 12"), code=4)
        self.assertEqual((report["conflicts"], report["merged"]), (1, []))
        conflict, = self.conflicts()
        self.assertEqual(conflict["path"], "/n.txt")
        self.assertEqual(conflict["reason"], "overlap")
        self.assertEqual(conflict["decision"], "open")
        self.assertEqual((conflict["theirs"]["device"], conflict["ours"]["device"]), ("alice", "bob"))
        self.assertTrue(conflict["hunks"])
        revisions = {r["revision"]: r for r in self.as_device("bob", "revisions", "/n.txt")["revisions"]}
        for which in (conflict["base"], conflict["ours"]["revision"], conflict["theirs"]["revision"]):
            self.assertIn(which, revisions)
        # The name says when the loser was committed, and by whom.
        time = re.sub(r"(....-..-..)T(..):(..):(..).*", r"\1 \2\3\4", conflict["ours"]["time"])
        self.assertEqual(self.copies(), [f"n (conflict {time} bob).txt"])
        self.assertEqual(conflict["copy"], "/" + self.copies()[0])
        self.assertEqual((self.a / "n.txt").read_text(), lines("x", "price 11"))
        self.assertEqual((self.a / self.copies()[0]).read_text(), lines("x", "price 12"))
        ours = self.call("cat", "/n.txt", "--revision", conflict["ours"]["revision"])
        self.assertEqual(ours.out.decode(), lines("x", "price 12"))
        self.check()

    def wait_for_decision(self):
        self.contest("n.txt", lines("price 10"), lines("price 11"), lines("price 12"), code=4)
        conflict, = self.conflicts()
        return conflict

    def test_resolve_takes_ours(self):
        conflict = self.wait_for_decision()
        done = self.as_device("alice", "resolve", "/n.txt", "--take", "ours")
        self.assertEqual(done["conflict"], conflict["conflict"])
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual([p.name for p in self.a.iterdir() if p.is_file()], ["n.txt"])
        self.assertEqual((self.a / "n.txt").read_text(), lines("price 12"))
        self.assertEqual(self.conflicts(), [])
        decided, = self.conflicts("--all")
        self.assertEqual((decided["decision"], decided["resolution"]), ("ours", done["revision"]))
        self.check()

    def test_resolve_takes_theirs(self):
        self.wait_for_decision()
        self.as_device("bob", "resolve", "/n.txt", "--take", "theirs")
        self.settle()
        self.assertEqual(self.copies(), [])
        self.assertEqual((self.b / "n.txt").read_text(), lines("price 11"))

    def test_resolve_keeps_both(self):
        conflict = self.wait_for_decision()
        self.as_device("bob", "resolve", conflict["conflict"][:12], "--take", "both")
        self.settle()
        self.assertEqual(len(self.copies()), 1)
        self.assertEqual(self.conflicts(), [])

    def test_resolve_with_a_text_made_from_both(self):
        conflict = self.wait_for_decision()
        (self.dir / "made").write_text("price 11 or 12\n")
        self.as_device("alice", "resolve", "/n.txt", "--with", "made")
        self.settle()
        self.assertEqual(self.copies(), [])
        self.assertEqual((self.b / "n.txt").read_text(), "price 11 or 12\n")
        newest = self.as_device("alice", "revisions", "/n.txt")["revisions"][0]
        self.assertEqual(newest["merged_from"], conflict["conflict"])

    def test_resolve_compares_the_head_and_then_sets(self):
        conflict = self.wait_for_decision()
        (self.a / "n.txt").write_text(lines("price 13"))
        self.sync("alice")
        stale = ["--expected-head", conflict["head"]]
        refused = self.call("resolve", "/n.txt", "--take", "ours", *stale, repo=self.url,
                            env={"SYNCENGINE_TOKEN": self.tokens["bob"]})
        self.assertEqual(refused.code, 20, refused.err)
        self.assertEqual((self.a / "n.txt").read_text(), lines("price 13"))
        self.assertEqual(len(self.conflicts()), 1)
        self.as_device("bob", "resolve", "/n.txt", "--take", "ours")
        again = self.call("resolve", conflict["conflict"], "--take", "theirs", repo=self.url,
                          env={"SYNCENGINE_TOKEN": self.tokens["bob"]})
        self.assertNotEqual(again.code, 0)
        self.assertIn("another way", again.err)

    def test_resolve_of_nothing_says_what_to_do(self):
        env = {"SYNCENGINE_TOKEN": self.tokens["alice"]}
        self.fails(6, "resolve", "/none", "--take", "ours", repo=self.url, env=env, says="conflicts")
        self.fails(2, "resolve", "/none", "--take", "mine", repo=self.url, env=env)
        self.assertNotEqual(self.call("resolve", "/none", repo=self.url, env=env).code, 0)

    def test_an_automatic_merge_is_undone(self):
        alices, bobs = lines("ONE", *FIVE[1:]), lines(*FIVE[:4], "FIVE")
        self.contest("n.txt", lines(*FIVE), alices, bobs)
        undone = self.as_device("alice", "resolve", "/n.txt", "--undo")
        self.assertEqual(undone["undone"], "merge")
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual((self.b / "n.txt").read_text(), alices)
        ours = self.call("cat", "/n.txt", "--revision", undone["ours"])
        self.assertEqual(ours.out.decode(), bobs)
        # What is no merge cannot be undone.
        self.fails(1, "resolve", "/n.txt", "--undo", repo=self.url,
                   env={"SYNCENGINE_TOKEN": self.tokens["bob"]}, says="merges nothing")
        self.check()

    def test_a_decision_is_undone_and_made_anew(self):
        conflict = self.wait_for_decision()
        copy, = self.copies()
        self.as_device("alice", "resolve", "/n.txt", "--take", "ours")
        self.settle()
        self.assertEqual(self.copies(), [])
        undone = self.as_device("bob", "resolve", "/n.txt", "--undo")
        self.assertEqual((undone["undone"], undone["decision"]), ("ours", "open"))
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual((self.a / "n.txt").read_text(), lines("price 11"))
        self.assertEqual((self.a / copy).read_text(), lines("price 12"))
        again, = self.conflicts()
        self.assertEqual((again["conflict"], again["decision"]), (conflict["conflict"], "open"))
        self.as_device("alice", "resolve", conflict["conflict"], "--take", "theirs")
        self.settle()
        self.assertEqual(self.copies(), [])
        self.check()

    def test_what_is_no_text_is_kept_twice(self):
        self.contest("b.bin", b"\0base", b"\0of alice", b"\0of bob!", code=4)
        conflict, = self.conflicts()
        self.assertEqual(conflict["reason"], "binary")
        self.assertEqual((self.a / "b.bin").read_bytes(), b"\0of alice")
        self.assertEqual((self.a / self.copies()[0]).read_bytes(), b"\0of bob!")

    def test_what_both_created_has_no_base_and_is_kept_twice(self):
        (self.a / "n.txt").write_text(lines("of alice"))
        (self.b / "n.txt").write_text(lines("of bob"))
        self.sync("alice")
        self.sync("bob", code=4)
        self.settle()
        conflict, = self.conflicts()
        self.assertEqual((conflict["reason"], conflict["base"]), ("no_base", ""))
        self.assertEqual(sorted(p.read_text() for p in self.b.iterdir() if p.is_file()),
                         [lines("of alice"), lines("of bob")])

    def test_an_edit_outlives_a_deletion(self):
        for name in ("kept.txt", "back.txt"):
            (self.a / name).write_text("base\n")
        self.sync("alice")
        self.sync("bob")
        (self.a / "kept.txt").unlink()
        (self.b / "kept.txt").write_text("edited by bob\n")
        (self.a / "back.txt").write_text("edited by alice\n")
        (self.b / "back.txt").unlink()
        self.sync("alice")
        self.sync("bob")
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual((self.a / "kept.txt").read_text(), "edited by bob\n")
        self.assertEqual((self.b / "back.txt").read_text(), "edited by alice\n")
        states = [r["state"] for r in self.as_device("bob", "revisions", "/kept.txt")["revisions"]]
        self.assertEqual(states, ["uploaded", "deleted", "uploaded"])

    def test_a_rename_and_an_edit_meet_in_one_file(self):
        (self.a / "old.txt").write_text(lines(*FIVE))
        self.sync("alice")
        self.sync("bob")
        (self.a / "old.txt").rename(self.a / "new.txt")
        with open(self.a / "new.txt", "r+") as file:
            file.write("ONE")
        with open(self.b / "old.txt", "a") as file:
            file.write("six\n")
        self.sync("alice")
        report = self.sync("bob")
        self.assertEqual(len(report["merged"]), 1)
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual({p.name for p in self.a.iterdir() if p.is_file()}, {"new.txt"})
        self.assertEqual((self.b / "new.txt").read_text(), lines("ONE", *FIVE[1:], "six"))

    def test_both_rename_one_file_and_it_is_there_once(self):
        (self.a / "n.txt").write_text(lines(*FIVE))
        self.sync("alice")
        self.sync("bob")
        (self.a / "n.txt").rename(self.a / "alice.txt")
        (self.b / "n.txt").rename(self.b / "bob.txt")
        self.sync("alice")
        self.sync("bob")
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual([p.read_text() for p in self.a.iterdir() if p.is_file()], [lines(*FIVE)])

    def name_a_file_and_a_directory_alike(self, of_file, of_directory):
        (of_file / "x").write_text("file\n")
        (of_directory / "x").mkdir()
        (of_directory / "x" / "inside").write_text("inside\n")
        self.sync("alice")
        self.assertEqual(self.sync("bob", code=4)["conflicts"], 1)
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        copy, = self.copies()
        conflict, = self.conflicts()
        self.assertEqual((conflict["path"], conflict["reason"]), ("/" + copy, "not_a_file"))
        self.assertEqual(conflict["ours"]["device"], "bob")
        return copy

    def test_a_directory_whose_name_is_a_file_stays_beside_it(self):
        copy = self.name_a_file_and_a_directory_alike(self.a, self.b)
        self.assertEqual((self.a / "x").read_text(), "file\n")
        self.assertEqual((self.a / copy / "inside").read_text(), "inside\n")
        self.as_device("alice", "resolve", "/" + copy, "--take", "both")
        self.assertEqual(self.conflicts(), [])
        self.check()

    def test_a_file_whose_name_is_a_directory_stays_beside_it(self):
        copy = self.name_a_file_and_a_directory_alike(self.b, self.a)
        self.assertEqual((self.a / "x" / "inside").read_text(), "inside\n")
        self.assertEqual((self.a / copy).read_text(), "file\n")
        self.check()

    def test_directories_moved_into_each_other_lose_nothing(self):
        for folder in ("x", "y"):
            (self.a / folder).mkdir()
            (self.a / folder / f"in {folder}").write_text(folder)
        self.sync("alice")
        self.sync("bob")
        (self.a / "x").rename(self.a / "y" / "x")
        (self.b / "y").rename(self.b / "x" / "y")
        self.settle()
        self.assertEqual(snapshot(self.a), snapshot(self.b))
        self.assertEqual((self.b / "y" / "x" / "in x").read_text(), "x")
        self.assertEqual((self.b / "y" / "in y").read_text(), "y")

    def test_identical_losers_make_one_copy(self):
        (self.a / "n.txt").write_text(lines("price 10"))
        for device in ("alice", "bob", "carol"):
            self.sync(device)
        (self.a / "n.txt").write_text(lines("price 11"))
        for folder in (self.b, self.c):
            (folder / "n.txt").write_text(lines("price 12"))
        self.sync("alice")
        self.sync("bob", code=4)
        self.assertEqual(self.sync("carol")["conflicts"], 0)
        self.settle("alice", "bob", "carol")
        self.assertEqual(snapshot(self.a), snapshot(self.c))
        self.assertEqual(len(self.copies()), 1)
        self.assertEqual(len(self.conflicts()), 1)

    def test_three_devices_merge_one_after_the_other(self):
        text = [f"line {number}" for number in range(30)]
        (self.a / "n.txt").write_text(lines(*text))
        for device in ("alice", "bob", "carol"):
            self.sync(device)
        for place, folder in ((2, self.a), (15, self.b), (28, self.c)):
            own = list(text)
            own[place] = f"changed {place}"
            (folder / "n.txt").write_text(lines(*own))
        self.settle("alice", "bob", "carol")
        for place in (2, 15, 28):
            text[place] = f"changed {place}"
        for folder in (self.a, self.b, self.c):
            self.assertEqual((folder / "n.txt").read_text(), lines(*text))
        self.assertEqual(self.conflicts(), [])

    def test_merging_can_be_turned_off_or_told_to_take_both(self):
        (self.a / "log.txt").write_text(lines("begin"))
        self.sync("alice")
        self.sync("bob")
        (self.a / "log.txt").write_text(lines("begin", "of alice"))
        (self.b / "log.txt").write_text(lines("begin", "of bob"))
        self.sync("alice")
        report = self.sync("bob", "--merge", "union")
        self.assertEqual(len(report["merged"]), 1)
        self.settle()
        self.assertEqual(sorted((self.a / "log.txt").read_text().split("\n")),
                         ["", "begin", "of alice", "of bob"])
        (self.a / "log.txt").write_text(lines("1", "2", "3", "4"))
        self.settle()
        (self.a / "log.txt").write_text(lines("1a", "2", "3", "4"))
        (self.b / "log.txt").write_text(lines("1", "2", "3", "4b"))
        self.sync("alice")
        self.assertEqual(self.sync("bob", "--merge", "off", code=4)["conflicts"], 1)

    def test_end_to_end_namespaces_merge_on_the_client(self):
        (self.dir / "pass").write_text("correct horse battery staple\n")
        self.secret = ["--namespace", "private", "--passphrase-file", "pass"]
        self.ok("init", self.repo, *self.secret)
        canary = os.urandom(8).hex()
        report = self.contest("n.txt", lines(*FIVE), lines(canary, *FIVE[1:]),
                              lines(*FIVE[:4], canary))
        self.assertEqual(len(report["merged"]), 1)
        self.assertEqual((self.a / "n.txt").read_text(), lines(canary, *FIVE[1:4], canary))
        self.contest("p.txt", lines("price 10"), lines("A " + canary),
                     lines("B " + canary), code=4)
        conflict, = self.conflicts()
        self.assertEqual((conflict["path"], conflict["reason"]), ("/p.txt", "overlap"))
        self.as_device("alice", "resolve", "/p.txt", "--take", "ours")
        self.settle()
        self.assertEqual((self.b / "p.txt").read_text(), lines("B " + canary))
        self.assertEqual(self.copies(), [])
        for path in self.repo.rglob("*"):
            if path.is_file():
                self.assertNotIn(canary.encode(), path.read_bytes(), path)


if __name__ == "__main__":
    unittest.main()
