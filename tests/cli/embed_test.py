"""The embedding example does what README shows."""

import os
import subprocess
import unittest

from harness import CliTest, make_tree, snapshot


class EmbedTest(CliTest):
    def test_a_folder_is_kept_and_brought_back(self):
        tree = make_tree(self.dir / "tree", seed=21)
        (self.dir / "copy").mkdir()
        subprocess.run([os.environ["EMBED_PROGRAM"], tree, self.repo, self.dir / "copy"],
                       check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(snapshot(tree), snapshot(self.dir / "copy"))


if __name__ == "__main__":
    unittest.main()
