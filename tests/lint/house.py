#!/usr/bin/env python3
"""The rules of the house: floors, sizes, forbidden calls, unregistered tests, unfinished marks.

Usage: house.py ROOT. Prints one `path:line: what is wrong and what to do` per finding; exit code 1 if any.
docs/ARCHITECTURE.md draws the floors, CONTRIBUTING.md explains the rules.
"""

import os
import re
import sys
from typing import Iterator, NamedTuple

FLOORS = {
    room: floor
    for floor, rooms in enumerate((
        'base', 'kernels', 'format', 'chunking delta merge diffsync reconcile retention', 'ports',
        'engine transfer stores decorators', 'http folder live repository testing',
        'bindings examples benchmarks tests'))
    for room in rooms.split()
}
TOP_FLOOR = 7

# Third-party includes and the rooms that may see them; tests and benchmarks may see all of them.
EVERYWHERE = frozenset(FLOORS)
THIRD_PARTY = {
    'absl/': EVERYWHERE,
    'lmdb.h': {'stores'},
    'zstd.h': {'kernels'},
    'zstd_errors.h': {'kernels'},
    'zdict.h': {'kernels'},
    'xxhash.h': {'kernels'},
    'openssl/': {'kernels', 'http', 'examples'},
    'boost/': {'http'},
    'curl/': {'http'},
    'nlohmann/': {'http', 'examples'},
    'CLI/': {'examples'},
    'gtest/': {'testing'},
    'gmock/': {'testing'},
    'benchmark/': set(),
}
PUBLIC = ('absl/', 'gtest/', 'gmock/')
SYSTEM_FOLDERS = {'arpa', 'asm', 'linux', 'net', 'netinet', 'sys'}
TREE_FOLDERS = {'syncengine', 'src', 'tests', 'examples', 'benchmarks', 'bindings'}

ADAPTERS = {'stores', 'http', 'bindings', 'examples', 'benchmarks', 'tests'}
FORBIDDEN = [  # (pattern, port to use, rooms that may)
    (r'\bstd::chrono::\w+_clock\b|\babsl::Now\(|\bclock_gettime\(|\bgettimeofday\(', 'Clock', ADAPTERS),
    (r'\bstd::rand\b|\bs?rand\(|\bstd::random_device\b|\babsl::(Insecure)?BitGen\b', 'Entropy', ADAPTERS),
    (r'\bstd::j?thread\b|\bstd::async\b|\bpthread_create\(', 'Executor', ADAPTERS | {'testing'}),
    (r'\bsleep_(for|until)\b|\babsl::SleepFor\(|\b(nano|u)?sleep\(', 'Executor', ADAPTERS),
]

# Put together from halves so that this file does not find itself.
MARKS = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X|HA' r'CK)\b')
MACHINE_PATHS = re.compile(r'(?<![\w.-])/wo' r'rk/|/tmp/w' r't\b')

LINES_MAX = 800
PUBLIC_HEADER_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
CODE_SUFFIXES = ('.cc', '.h', '.py', '.sh', '.cmake')


class Finding(NamedTuple):
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: {self.message}'


# ---------------------------------------------------------------------------------------------- text

_LITERALS = re.compile(
    r'''R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"      # raw string
      | //[^\n]* | /\*.*?\*/                              # comments
      | "(?:\\.|[^"\\\n])*"                               # string
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'               # character, not a digit separator''',
    re.DOTALL | re.VERBOSE)
_PREPROCESSOR = re.compile(r'^[ \t]*#(?:[^\n\\]|\\.|\\\n)*', re.MULTILINE)


def _blank(match: re.Match) -> str:
    return '\n' * match.group().count('\n') or ' '


def code_only(text: str) -> str:
    """`text` without comments, literals and preprocessor lines; every line keeps its number."""
    return _PREPROCESSOR.sub(_blank, _LITERALS.sub(_blank, text))


def line_of(text: str, offset: int) -> int:
    return text.count('\n', 0, offset) + 1


# --------------------------------------------------------------------------------- floors and includes

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def room_of(path: str) -> str | None:
    """The room a file or a quoted include stands in; None when it stands in none."""
    parts = path.split('/')
    if parts[0] == 'include':
        parts = parts[1:]
    if parts[0] in ('syncengine', 'src'):
        return parts[1] if len(parts) > 2 and FLOORS.get(parts[1], TOP_FLOOR) < TOP_FLOOR else None
    return parts[0] if FLOORS.get(parts[0]) == TOP_FLOOR else None


def check_tree_include(path: str, room: str, target: str) -> str | None:
    other = room_of(target)
    if other is None:
        return f'"{target}" stands in no room of the house'
    if target.startswith('src/') and (path.startswith('include/') or room in ('examples', 'bindings')):
        return f'"{target}" is private to the library; include a public header (syncengine/...)'
    if other != room and FLOORS[other] >= FLOORS[room]:
        return (f'"{target}" is on floor {FLOORS[other]}, this file on floor {FLOORS[room]} ({room}); '
                'a file includes lower floors or its own room only')
    return None


def check_foreign_include(path: str, room: str, bracket: str, target: str) -> str | None:
    rooms = next((rooms for name, rooms in THIRD_PARTY.items()
                  if target == name or name.endswith('/') and target.startswith(name)), None)
    if rooms is not None:
        if path.startswith('include/') and not target.startswith(PUBLIC):
            return f'{target} in a public header binds every user to it; hide it in a .cc file'
        if room in rooms or room in ('tests', 'benchmarks'):
            return None
        return f'{target} is not for {room}; only {", ".join(sorted(rooms)) or "benchmarks"} may include it'
    if bracket == '"':
        return f'"{target}": name the header from the root of the tree (syncengine/... or src/...)'
    if '/' in target and target.split('/')[0] not in SYSTEM_FOLDERS:
        return f'<{target}> is not a dependency the house declares'
    return None


def check_includes(path: str, text: str) -> Iterator[Finding]:
    room = room_of(path)
    if room is None:
        yield Finding(path, 1, 'stands in no room of the house (docs/ARCHITECTURE.md lists them)')
        return
    for match in _INCLUDE.finditer(text):
        bracket, target = match.groups()
        if target.split('/')[0] in TREE_FOLDERS:
            message = check_tree_include(path, room, target)
        else:
            message = check_foreign_include(path, room, bracket, target)
        if message:
            yield Finding(path, line_of(text, match.start()), message)


# -------------------------------------------------------------------------------------------- functions

_TEMPLATE = re.compile(r'\btemplate\s*<(?:[^<>]|<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>)*>')
_ATTRIBUTE = re.compile(r'\[\[[^\]]*\]\]|\b(?:ABSL_\w+|alignas|__attribute__)\s*\((?:[^()]|\([^()]*\))*\)')
_TYPE = re.compile(r'^\s*(?:(?:static|inline|constexpr|const|typedef)\s+)*(?:class|struct|union|enum)\b')
_LAMBDA = re.compile(r'=\s*\[')


def opens(head: str) -> str:
    """What the brace after `head` opens at namespace or class level: 'scope', 'function' or 'value'."""
    head = _ATTRIBUTE.sub(' ', _TEMPLATE.sub(' ', head))
    if re.search(r'\bnamespace\b', head) or re.fullmatch(r'\s*extern\s*', head):
        return 'scope'
    if _TYPE.match(head) and '(' not in head:
        return 'scope'
    before = head.split('(')[0]
    if '(' in head and ('=' not in before or 'operator' in before) or _LAMBDA.search(head):
        return 'function'
    return 'value'


def function_bodies(code: str) -> Iterator[tuple[str, int, int]]:
    """(head, first line, last line) of every outermost function body; lambdas belong to their function."""
    scopes: list[tuple[str, str, int]] = []  # kind, head, line of the opening brace
    head, parens, line = '', 0, 1
    for offset, char in enumerate(code):
        line += char == '\n'
        inside = bool(scopes) and scopes[-1][0] != 'scope'
        if char == '{':
            kind = 'nested' if inside else 'value' if parens else opens(head)
            scopes.append((kind, head, line))
            head = '' if kind == 'scope' else head
        elif char == '}' and scopes:
            kind, opened, first = scopes.pop()
            continues = re.match(r'\s*[,{]', code[offset + 1:offset + 200])  # a constructor's initialisers
            if kind == 'function':
                yield ' '.join(opened.split()), first, line
            head = opened if kind in ('value', 'nested') or kind == 'function' and continues else ''
        elif not inside:
            parens += (char == '(') - (char == ')')
            head = '' if char == ';' and parens <= 0 else head + char
            parens = max(parens, 0)


def check_functions(path: str, code: str) -> Iterator[Finding]:
    for head, first, last in function_bodies(code):
        if last - first - 1 > FUNCTION_LINES_MAX:
            yield Finding(path, first, f'the body of `{head[-60:]}` has {last - first - 1} lines, '
                          f'{FUNCTION_LINES_MAX} at most; give its parts names')


# ----------------------------------------------------------------------------------------- other rules


def check_forbidden(path: str, code: str) -> Iterator[Finding]:
    for pattern, port, rooms in FORBIDDEN:
        if room_of(path) in rooms:
            continue
        for match in re.finditer(pattern, code):
            yield Finding(path, line_of(code, match.start()),
                          f'{match.group().rstrip("(")} is for adapters; take the port {port} as a parameter')


def check_length(path: str, text: str) -> Iterator[Finding]:
    most = PUBLIC_HEADER_LINES_MAX if path.startswith('include/') else LINES_MAX
    count = len(text.splitlines())
    if count > most:
        yield Finding(path, most + 1, f'{count} lines, {most} at most; split it by idea')


def check_marks(path: str, text: str) -> Iterator[Finding]:
    for pattern, why in ((MARKS, 'unfinished; do it or leave it out'),
                         (MACHINE_PATHS, 'a path of one machine; make it a parameter')):
        for match in pattern.finditer(text):
            yield Finding(path, line_of(text, match.start()), f'{match.group()}: {why}')


def check_registered(paths: list[str], read) -> Iterator[Finding]:
    """Every *_test.cc belongs to a program that tests/CMakeLists.txt builds."""
    if not any(path.endswith('_test.cc') for path in paths):
        return
    cmake = ''.join(re.sub(r'#[^\n]*', '', read(path)) for path in paths
                    if path.startswith('tests/') and path.endswith('CMakeLists.txt'))
    rooms = set(re.findall(r'syncengine_room_tests\(\s*([\w-]+)', cmake))
    for names in re.findall(r'foreach\(\s*room\s+([^)]*)\)', cmake):
        rooms.update(names.split())
    for path in paths:
        parts = path.split('/')
        if parts[0] != 'tests' or not path.endswith('_test.cc'):
            continue
        in_room = len(parts) == 3 and parts[1] in rooms
        if not in_room and parts[-1] not in cmake:
            yield Finding(path, 1, 'belongs to no test program; name its room in tests/CMakeLists.txt')


# ------------------------------------------------------------------------------------------------ house

HIDDEN_KEPT = {'.ci', '.github'}
GENERATED = {'build', '__pycache__'}


def files_of(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders
                            if name in HIDDEN_KEPT or not (name[0] == '.' or name in GENERATED))
        for name in sorted(set(names) - {'.git'}):  # a file in a git worktree
            yield os.path.relpath(os.path.join(folder, name), root)


def read_text(root: str, path: str) -> str:
    """The text of a file; bytes that are not text do not stop the lint."""
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
        return file.read()


def check_house(root: str) -> list[Finding]:
    paths = list(files_of(root))
    findings: list[Finding] = []
    for path in paths:
        text = read_text(root, path)
        findings += check_marks(path, text)
        if path.endswith(CODE_SUFFIXES):
            findings += check_length(path, text)
        if path.endswith(('.cc', '.h')):
            code = code_only(text)
            findings += check_includes(path, text)
            findings += check_functions(path, code)
            findings += check_forbidden(path, code)
    findings += check_registered(paths, lambda path: read_text(root, path))
    return findings


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not os.path.isdir(arguments[1]):
        print('usage: house.py ROOT (the top folder of the tree)', file=sys.stderr)
        return 2
    findings = check_house(arguments[1])
    for finding in findings:
        print(finding)
    print(f'house: {len(findings)} findings', file=sys.stderr)
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
