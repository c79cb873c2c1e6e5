"""The verb `live`: editors and a hub as processes, the network in this file."""

import base64
import json
import os
import random
import subprocess
import tempfile
import unittest

PROGRAM = os.environ['SYNCENGINE_PROGRAM']


class End:
    """One process; `ask` sends a line and a barrier and returns what came before the barrier's answer."""

    def __init__(self, folder: str, name: str, *options: str):
        self.file = os.path.join(folder, name)
        self.process = subprocess.Popen([PROGRAM, 'live', self.file, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, *events: dict) -> list[dict]:
        for event in (*events, {'checksum': True}):
            self.process.stdin.write(json.dumps(event) + '\n')
        self.process.stdin.flush()
        answers = []
        while 'checksum' not in (answer := json.loads(self.process.stdout.readline())):
            answers.append(answer)
        return answers

    def text(self) -> str:
        self.process.stdin.write('{"text": true}\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())['text']

    def close(self) -> int:
        if self.process.stdin.closed:
            return self.process.returncode
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.stdout.close()
        return self.process.wait(timeout=60)


def exchange(editor: End, hub: End, lost=lambda: False) -> None:
    for packet in editor.ask({'tick': 1000}):
        if lost():
            continue
        for reply in hub.ask({'packet': packet['packet']}):
            if 'packet' in reply and not lost():
                editor.ask({'packet': reply['packet']})


class LiveTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(os.path.join(self.folder.name, 'hub'), 'w') as file:
            file.write('One line.\n')

    def open(self, name: str, *options: str) -> End:
        end = End(self.folder.name, name, *options)
        self.addCleanup(end.close)
        return end

    def test_editors_meet_in_spite_of_losses(self):
        hub = self.open('hub', '--hub')
        a, b = self.open('a'), self.open('b', '--code-points')
        for end in (a, b):
            exchange(end, hub)
        self.assertEqual(a.text(), 'One line.\n')
        chance = random.Random(5)
        for i in range(30):
            a.ask({'splice': [0, 0, 'é']})
            b.ask({'replace': b.text() + f'word{i}\n'})
            for end in (a, b):
                exchange(end, hub, lambda: chance.random() < 0.3)
        for _ in range(4):
            for end in (a, b):
                exchange(end, hub)
        expected = 'é' * 30 + 'One line.\n' + ''.join(f'word{i}\n' for i in range(30))
        self.assertEqual([end.text() for end in (a, b, hub)], [expected] * 3)
        self.assertEqual([end.close() for end in (a, b, hub)], [0, 0, 0])
        with open(a.file) as file:
            self.assertEqual(file.read(), expected)

    def test_remote_splices_in_code_points(self):
        hub, a, b = self.open('hub', '--hub'), self.open('a'), self.open('b', '--code-points')
        for end in (a, b):
            exchange(end, hub)
        a.ask({'splice': [0, 0, 'éé']})
        exchange(a, hub)
        a.ask({'splice': [4, 3, 'x']})
        exchange(a, hub)
        [packet] = b.ask({'tick': 1000})
        [reply] = [r for r in hub.ask(packet) if 'packet' in r]
        [answer] = b.ask({'packet': reply['packet']})
        self.assertEqual(answer, {'remote': [[0, 3, 'ééx']]})
        self.assertEqual(b.text(), 'ééx line.\n')

    def test_restarts_continue(self):
        hub, a = self.open('hub', '--hub'), self.open('a')
        exchange(a, hub)
        a.ask({'splice': [0, 0, 'new ']}, {'tick': 1})
        [saved] = a.ask({'snapshot': True})
        again = self.open('again')
        again.ask({'restore': saved['snapshot']})
        exchange(again, hub)
        self.assertEqual(hub.text(), 'new One line.\n')

    def test_wrong_lines_are_answered_and_change_nothing(self):
        hub = self.open('hub', '--hub')
        wrong = [{'splice': [99, 0, 'x']}, {'splice': [-1, 0, 'x']}, {'splice': 'x'}, {'packet': '***'},
                 {'packet': base64.b64encode(b'no packet').decode()}, {'restore': 'AAAA'}, {'what': 1}, {'tick': 'x'}]
        for event in wrong:
            [answer] = hub.ask(event)
            self.assertIn('error', answer, event)
        self.assertEqual(hub.text(), 'One line.\n')
        self.assertEqual(hub.close(), 1)


if __name__ == '__main__':
    unittest.main()
