"""Bad input gives the documented exit code and a message that says what to do; nothing is lost."""

import os
import pathlib
import socket
import unittest
import urllib.parse

from harness import CliTest, make_tree, snapshot, stop


class LocalErrorsTest(CliTest):
    def test_usage_is_2(self):
        self.fails(2, "frobnicate")
        self.fails(2, "get", "/only-one")
        self.fails(2, "cat", "/f", "--offset", "minus")

    def test_missing_repository_is_10_and_says_init(self):
        self.fails(10, "ls", says="init")

    def test_missing_path_is_6_in_each_verb(self):
        self.ok("init", self.repo)
        for verb in (["cat", "/no"], ["stat", "/no"], ["ls", "/no"], ["rm", "/no"],
                     ["mv", "/no", "/x"], ["revisions", "/no"], ["get", "/no", "here"],
                     ["restore", "/no", "--revision", "abcd"]):
            self.fails(6, *verb, says="/no")
        self.fails(6, "put", "no-such-file", "/")

    def test_wrong_and_missing_passphrase_are_12(self):
        (self.dir / "right").write_text("correct horse\n")
        (self.dir / "wrong").write_text("battery staple\n")
        self.ok("init", self.repo, "--passphrase-file", "right")
        (self.dir / "f").write_text("secret")
        self.ok("put", "f", "/", "--passphrase-file", "right")
        self.fails(12, "cat", "/f", "--passphrase-file", "wrong", says="passphrase")
        self.fails(12, "cat", "/f", says="passphrase")
        self.assertEqual(self.call("cat", "/f", "--passphrase-file", "right").out, b"secret")

    def test_second_init_keeps_everything(self):
        self.ok("init", self.repo)
        (self.dir / "f").write_text("x")
        self.ok("put", "f", "/")
        self.fails(1, "init", self.repo, says="main")
        self.assertEqual(self.call("cat", "/f").out, b"x")

    def segments(self):
        found = [p for p in pathlib.Path(self.repo, "content").rglob("*") if p.is_file()]
        self.assertTrue(found)
        return found

    def damaged(self, damage):
        """Puts a tree, damages one segment; returns what get brought back of how much."""
        self.ok("init", self.repo)
        tree = make_tree(self.dir / "tree", seed=7)
        self.ok("put", f"{tree}/", "/")
        damage(max(self.segments(), key=lambda p: p.stat().st_size))
        result = self.call("check", "--read-data")
        self.assertEqual(result.code, 9, result.err)
        result = self.call("get", "/", "back")
        self.assertEqual(result.code, 9, result.err)
        whole = snapshot(tree)
        for path, entry in snapshot(self.dir / "back").items():
            self.assertEqual(entry, whole[path], "wrong bytes were written")

    def test_truncated_segment_is_9_and_no_wrong_byte_is_written(self):
        self.damaged(lambda path: os.truncate(path, path.stat().st_size // 2))

    def test_flipped_bit_is_9_and_no_wrong_byte_is_written(self):
        def flip(path):
            path.chmod(0o600)
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)

        self.damaged(flip)


class ServerErrorsTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init", self.repo)
        (self.dir / "f").write_text("content")
        self.ok("put", "f", "/")
        self.server, self.url = self.serve()
        self.env["SYNCENGINE_TOKEN"] = self.token("laptop")

    def test_wrong_and_missing_token_are_7(self):
        self.fails(7, "ls", repo=self.url, env={"SYNCENGINE_TOKEN": "se1_wrong"}, says="token")
        self.fails(7, "ls", repo=self.url, env={"SYNCENGINE_TOKEN": ""}, says="token")
        self.assertEqual(self.call("cat", "/f", repo=self.url).out, b"content")

    def test_revoked_token_is_7(self):
        self.ok("ls", repo=self.url)
        self.ok("device", "revoke", "laptop")
        self.fails(7, "ls", repo=self.url, says="token")

    def test_no_server_is_20(self):
        stop(self.server)
        self.fails(20, "ls", repo=self.url)

    def test_garbage_requests_get_an_answer_and_the_server_lives(self):
        place = urllib.parse.urlsplit(self.url)
        for garbage in (b"\x00\xff\x13garbage\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                        b"POST /v1/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n"):
            with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
                connection.sendall(garbage)
                answer = connection.recv(4096)
                self.assertRegex(answer, rb"(?s)^(HTTP/1\.1 (4\d\d|505) .*)?$")
        self.assertEqual(self.call("cat", "/f", repo=self.url).out, b"content")


@unittest.skipUnless(os.geteuid() == 0, "needs to mount a small volume")
class FullDiskTest(CliTest):
    def test_full_disk_is_8_and_nothing_is_lost(self):
        import subprocess

        volume = self.dir / "volume"
        volume.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", volume],
                                 capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("cannot mount a tmpfs here")
        self.addCleanup(subprocess.run, ["umount", "-l", volume], check=False)
        repo = volume / "repo"
        self.ok("init", repo, repo=repo)
        (self.dir / "small").write_bytes(os.urandom(1 << 20))
        self.ok("put", "small", "/", repo=repo)
        (self.dir / "large").write_bytes(os.urandom(40 << 20))
        self.fails(8, "put", "large", "/", repo=repo, says="space")
        self.assertEqual(self.call("cat", "/small", repo=repo).out,
                         (self.dir / "small").read_bytes())
        self.assertTrue(self.ok("check", "--read-data", repo=repo)["clean"])
        subprocess.run(["mount", "-o", "remount,size=120m", volume], check=True)
        self.ok("put", "large", "/", repo=repo)
        back = self.call("cat", "/large", repo=repo)
        self.assertEqual(back.code, 0, back.err)
        self.assertEqual(back.out, (self.dir / "large").read_bytes())


if __name__ == "__main__":
    unittest.main()
