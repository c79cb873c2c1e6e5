"""merge, signature, delta, patch: verbs that need no repository."""

import os
import unittest

from harness import CliTest


class PlainFilesTest(CliTest):
    def test_merge_combines_both_sides_and_marks_conflicts_with_4(self):
        (self.dir / "base").write_text("a\nb\nc\nd\ne\n")
        (self.dir / "ours").write_text("A\nb\nc\nd\ne\n")
        (self.dir / "theirs").write_text("a\nb\nc\nd\nE\n")
        self.assertEqual(self.call("merge", "base", "ours", "theirs").out, b"A\nb\nc\nd\nE\n")
        (self.dir / "theirs").write_text("quite another line\nb\nc\nd\ne\n")
        result = self.call("merge", "base", "ours", "theirs")
        self.assertEqual(result.code, 4)
        self.assertIn(b"<<<<<<<", result.out)
        self.assertEqual(self.call("merge", "base", "ours", "theirs", "--json").json["conflicts"], 1)

    def test_signature_delta_patch_bring_a_file_up_to_date(self):
        old = os.urandom(300_000)
        new = old[:100_000] + b"inserted" + old[100_000:]
        (self.dir / "old").write_bytes(old)
        (self.dir / "new").write_bytes(new)
        for form in ("own", "librsync"):
            self.ok("signature", "old", "sig", "--format", form)
            delta = self.ok("delta", "sig", "new", "delta", "--format", form)
            self.assertLess(delta["bytes"], 20_000)
            self.ok("patch", "old", "delta", "out")
            self.assertEqual((self.dir / "out").read_bytes(), new)


if __name__ == "__main__":
    unittest.main()
