"""Live documents through a real server: packets by POST, news by a long poll, revisions by themselves."""

import base64
import json
import threading
import time
import unittest
import urllib.request

from harness import CliTest
from live_test import End


class LiveServeTest(CliTest):
    def setUp(self):
        super().setUp()
        self.ok("init", self.repo)
        (self.dir / "notes.txt").write_text("hello\n")
        self.ok("put", self.dir / "notes.txt", "/")
        self.token_text = self.token("pen")
        self.server, self.url = self.serve()
        [main] = json.loads(self.http("GET", "/v1/namespaces"))["namespaces"]
        self.live = f"/v1/namespaces/{main['id']}/live?path=/notes.txt"

    def http(self, method, target, body=None):
        request = urllib.request.Request(
            self.url + target, data=body, method=method, headers={"Authorization": f"Bearer {self.token_text}"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.read()

    def editor(self, name):
        end = End(str(self.dir), name, "--keep-file")
        self.addCleanup(end.close)
        return end

    def exchange(self, end):
        [packet] = end.ask({"tick": 1000})
        reply = self.http("POST", self.live, base64.b64decode(packet["packet"]))
        return end.ask({"packet": base64.b64encode(reply).decode()})

    def test_a_parked_poll_wakes_and_texts_become_revisions(self):
        a, b = self.editor("a"), self.editor("b")
        self.exchange(a)
        self.exchange(b)
        self.assertEqual(a.text(), "hello\n")
        sequence = json.loads(self.http("GET", self.live + "&sequence=99"))["sequence"]
        answers = []
        poll = threading.Thread(
            target=lambda: answers.append(self.http("GET", f"{self.live}&sequence={sequence}&wait_ms=50000"))
        )
        begun = time.monotonic()
        poll.start()
        b.ask({"splice": [0, 0, "b: "]})
        self.exchange(b)
        poll.join()
        self.assertLess(time.monotonic() - begun, 40)
        self.assertEqual(json.loads(answers[0])["sequence"], sequence + 1)
        self.assertEqual(self.exchange(a), [{"remote": [[0, 0, "b: "]]}])
        self.server.terminate()  # A server that ends commits what is not committed yet.
        self.assertEqual(self.server.wait(timeout=60), 0)
        self.assertEqual(self.call("cat", "/notes.txt").out, b"b: hello\n")
        self.assertEqual(len(self.ok("revisions", "/notes.txt")["revisions"]), 2)


if __name__ == "__main__":
    unittest.main()
