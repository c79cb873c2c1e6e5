#!/usr/bin/env python3
"""Breaks each rule of the house once, in a tree of its own, and expects exactly that finding."""

import os
import tempfile
import unittest

import house

CMAKE = '# extra\nforeach(room base engine)\n  syncengine_room_tests(${room})\nendforeach()\nsyncengine_room_tests(http)\n'

GOOD_TREE = {
    'tests/CMakeLists.txt': CMAKE,
    'tests/base/coding_test.cc': '#include "gtest/gtest.h"\n#include "src/base/wide.h"\n#include <zstd.h>\n',
    'include/syncengine/base/coding.h': '#include <cstdint>\n#include "absl/status/status.h"\n',
    'include/syncengine/testing/suite.h': '#include <gtest/gtest.h>\n#include "syncengine/engine/engine.h"\n',
    'src/engine/engine.cc': '#include "src/engine/state.h"\n#include "syncengine/ports/clock.h"\n'
                            '// sleep_for and std::thread in a comment\nconst char* k = "std::rand()";\n',
    'src/stores/lmdb.cc': '#include <lmdb.h>\n#include <sys/mman.h>\nauto now = std::chrono::system_clock::now();\n',
    'examples/cli/main.cc': '#include "CLI/CLI.hpp"\n#include "examples/cli/verbs.h"\n#include "syncengine/http/client.h"\n',
}


def body(lines: int) -> str:
    return '  Step();\n' * lines


class HouseTest(unittest.TestCase):

    def findings(self, **files: str) -> list[str]:
        return self.findings_of(files)

    def findings_of(self, files: dict[str, str]) -> list[str]:
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**GOOD_TREE, **files}.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, 'w', encoding='utf-8') as file:
                    file.write(text)
            return [str(finding) for finding in house.check_house(root)]

    def expect_one(self, path: str, text: str, fragment: str, line: int = 1) -> None:
        found = self.findings_of({path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f'{path}:{line}: '), found)
        self.assertIn(fragment, found[0])

    def expect_none(self, path: str, text: str) -> None:
        self.assertEqual(self.findings_of({path: text}), [])

    def test_good_tree_passes(self):
        self.assertEqual(self.findings(), [])

    # Floors.

    def test_include_of_a_higher_floor(self):
        self.expect_one('src/format/a.cc', '\n#include "syncengine/engine/engine.h"\n', 'floor 5', line=2)

    def test_include_of_a_neighbour(self):
        self.expect_one('src/engine/a.cc', '#include "syncengine/transfer/uploader.h"\n', 'own room')
        self.expect_one('include/syncengine/chunking/a.h', '#include "syncengine/delta/delta.h"\n', 'own room')
        self.expect_one('benchmarks/a.cc', '#include "examples/cli/verbs.h"\n', 'own room')

    def test_private_headers_stay_private(self):
        self.expect_one('include/syncengine/engine/a.h', '#include "src/engine/state.h"\n', 'private')
        self.expect_one('examples/a.cc', '#include "src/engine/state.h"\n', 'private')

    def test_testing_reaches_floor_five_only(self):
        self.expect_one('include/syncengine/testing/a.h', '#include "syncengine/http/client.h"\n', 'own room')
        self.expect_one('src/engine/a.cc', '#include "syncengine/testing/suite.h"\n', 'own room')

    def test_third_party_only_where_declared(self):
        for include, room in (('<lmdb.h>', 'engine'), ('"zstd.h"', 'stores'), ('<openssl/evp.h>', 'format'),
                              ('"xxhash.h"', 'base'), ('<boost/asio.hpp>', 'stores'), ('<curl/curl.h>', 'stores'),
                              ('"nlohmann/json.hpp"', 'engine'), ('"CLI/CLI.hpp"', 'http'),
                              ('"gtest/gtest.h"', 'engine'), ('<benchmark/benchmark.h>', 'base')):
            self.expect_one(f'src/{room}/a.cc', f'#include {include}\n', f'not for {room}')

    def test_public_headers_show_abseil_only(self):
        self.expect_one('include/syncengine/stores/a.h', '#include <lmdb.h>\n', 'public header')

    def test_undeclared_dependency(self):
        self.expect_one('src/base/a.cc', '#include <fmt/core.h>\n', 'not a dependency')

    def test_relative_include(self):
        self.expect_one('src/base/a.cc', '#include "wide.h"\n', 'root of the tree')
        self.expect_one('src/base/a.cc', '#include "../format/wide.h"\n', 'root of the tree')

    def test_file_in_no_room(self):
        self.expect_one('src/cellar/a.cc', '', 'no room')
        self.expect_one('src/base/a.cc', '#include "syncengine/cellar/a.h"\n', 'no room')

    # Sizes.

    def test_long_file(self):
        self.expect_none('src/base/a.cc', '\n' * 800)
        self.expect_one('src/base/a.cc', '\n' * 801, '801 lines', line=801)

    def test_long_public_header(self):
        self.expect_none('include/syncengine/base/a.h', '\n' * 300)
        self.expect_one('include/syncengine/base/a.h', '\n' * 301, '301 lines', line=301)

    def test_long_function(self):
        self.expect_none('src/base/a.cc', 'void F() {\n' + body(70) + '}\n')
        self.expect_one('src/base/a.cc', 'void F() {\n' + body(71) + '}\n', '71 lines')

    def test_every_shape_of_function_is_measured(self):
        for head in ('int F(int a = 1, B b = {}) const noexcept {', 'template <typename T = int, class U = V<W<T>>>\nU F(T t) {',
                     'TEST(Law, Holds) {', 'struct stat F(int a) {', 'bool operator==(const A& a) {',
                     'A::A(int a)\n    : a_(a), b_{a}, c_{[] { return 1; }()} {', 'A::A() : a_{1} {',
                     'const auto kF = [](int a) {', 'auto F() -> std::vector<int> {'):
            text = f'namespace a {{\nnamespace {{\n{head}\n{body(71)}}}\n}}\n}}\n'
            self.expect_one('src/base/a.cc', text, '71 lines', line=3 + head.count('\n'))

    def test_method_inside_class_is_measured(self):
        text = 'class ABSL_LOCKABLE A final : public B<int> {\n public:\n  void F() {\n' + body(71) + '  }\n};\n'
        self.expect_one('src/base/a.cc', text, '71 lines', line=3)

    def test_lambda_counts_to_its_function(self):
        text = 'void F() {\n  Run([] {\n' + body(50) + '  });\n' + body(30) + '}\n'
        self.expect_one('src/base/a.cc', text, '82 lines')

    def test_types_tables_and_namespaces_are_not_functions(self):
        rows = '    {1, "}", \'{\'},\n' * 100
        self.expect_none('src/base/a.cc', f'namespace a {{\nstruct B {{\n{"  int b;" * 99}\n}};\n'
                         f'constexpr std::array<Row, 100> kRows = {{{{\n{rows}}}}};\n'
                         f'enum class E {{\n{"  kA," * 90}\n}};\n}}\n')

    def test_macro_braces_do_not_confuse(self):
        self.expect_none('src/base/a.cc', '#define OPEN {\\\n  {\n' + 'void F() { Step(); }\n' * 90)

    # Test programs.

    def test_unregistered_test(self):
        for path in ('tests/format/a_test.cc', 'tests/a_test.cc', 'tests/base/deep/a_test.cc'):
            self.expect_one(path, '', 'no test program')

    def test_room_named_in_a_comment_is_not_registered(self):
        found = self.findings_of({'tests/CMakeLists.txt': '# syncengine_room_tests(base)\n'})
        self.assertEqual(len(found), 1, found)

    # Calls that belong to adapters.

    def test_forbidden_calls(self):
        for call, port in (('std::chrono::steady_clock::now()', 'Clock'), ('absl::Now()', 'Clock'),
                           ('std::rand()', 'Entropy'), ('std::random_device d', 'Entropy'),
                           ('std::thread t', 'Executor'), ('std::jthread t', 'Executor'),
                           ('std::this_thread::sleep_for(d)', 'Executor'), ('absl::SleepFor(d)', 'Executor'),
                           ('usleep(1)', 'Executor')):
            self.expect_one('src/engine/a.cc', f'\n{call};\n', f'port {port}', line=2)

    def test_durations_and_literals_are_allowed(self):
        self.expect_none('src/engine/a.cc', 'auto d = std::chrono::seconds(1\'000); const char c = \'"\'; int operand(0);\n'
                         'auto s = R"x(std::thread " )x"; std::this_thread::yield();\n')

    # Marks.

    def test_unfinished_marks(self):
        for mark in ('TO' 'DO', 'FIX' 'ME', 'XX' 'X', 'HA' 'CK'):
            self.expect_one('docs/GUIDE.md', f'one\n{mark}: two\n', mark, line=2)
        self.expect_none('tools/a.sh', 'mktemp name.' + 'X' * 6 + '\n')

    def test_machine_paths(self):
        self.expect_one('tools/a.sh', 'cat /wo' 'rk/x\n', 'one machine')
        self.expect_one('Makefile', 'cd /tmp/w' 't/x\n', 'one machine')
        self.expect_none('docs/GUIDE.md', 'https://example.org/wo' 'rk/x and home/wo' 'rk/\n')

    def test_build_trees_and_binaries_are_skipped(self):
        self.expect_none('build/dev/a.cc', '#include "wide.h"\n')


if __name__ == '__main__':
    unittest.main()
