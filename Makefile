# The short names of everything one does with this tree; each target says what it runs.
# JOBS bounds parallel compilers and tests.
JOBS ?= 2
PREFIX ?= /usr/local
SECONDS ?= 60
SANITIZED := asan tsan
CXX_FILES = $(shell git ls-files '*.h' '*.cc')

.PHONY: help setup demo build test bench bench-peers bench-chunker merge-eval fuzz live-sim live-bench diff-bench lint fmt install clean crash-states fault-sweep kill $(SANITIZED)

help:  ## this list
	@sed -n 's/^\([a-z$$() A-Z-]*\):.*## \(.*\)/\1 - \2/p' Makefile

setup:  ## installs missing packages (Debian 12)
	@tools/setup.sh

build/%/build.ninja: | setup
	cmake --preset $*

demo: setup build/release/build.ninja  ## builds the command line and shows the main job
	cmake --build --preset release --parallel $(JOBS) --target bin/syncengine
	tools/demo.py

build: setup build/release/build.ninja  ## release build of everything: build/release/bin/syncengine
	cmake --build --preset release --parallel $(JOBS)

test: build  ## release build and every test
	ctest --preset release --output-on-failure --parallel $(JOBS)

bench: build  ## prints a table and writes build/release/bench.json
	tools/bench.py

bench-peers: setup build/release/build.ninja  ## measures beside restic, borg, casync, bup, rdiff, xdelta3, zpaq; PEERS=--quick
	@tools/setup.sh peers
	cmake --build --preset release --parallel $(JOBS) --target bin/syncengine
	tools/bench_peers.py $(PEERS)

bench-chunker: setup build/release/build.ninja  ## what the chunker finds again in real data, beside FastCDC
	cmake --build --preset release --parallel $(JOBS) --target chunker_eval
	tools/bench_data.py typescript linux sqlite
	build/release/bin/chunker_eval typescript=build/bench-data/full/typescript linux=build/bench-data/full/linux \
	  sqlite=build/bench-data/full/sqlite native=/usr/bin

merge-eval: setup build/release/build.ninja  ## merges the recorded cases of CASES=folder beside git
	cmake --build --preset release --parallel $(JOBS) --target merge_eval
	build/release/bin/merge_eval $(CASES)

live-sim: setup build/release/build.ninja  ## SEEDS=1000 live sessions from SEED=1 on, also on TRACES=folder of recordings
	cmake --build --preset release --parallel $(JOBS) --target diffsync_tests
	if [ -n "$(TRACES)" ]; then tools/live_traces.py $(TRACES) build/release/live-traces; fi
	SYNCENGINE_LIVE_SEEDS=$(or $(SEEDS),1000) SYNCENGINE_LIVE_SEED=$(or $(SEED),1) \
	  SYNCENGINE_LIVE_TRACES=$(if $(TRACES),build/release/live-traces) \
	  build/release/bin/diffsync_tests --gtest_filter='LiveSimulation*:Recorded*'

diff-bench: setup  ## diff and merge of large texts beside git, libgit2 and diff-match-patch
	@tools/setup.sh diff
	cmake --preset release
	cmake --build --preset release --parallel $(JOBS) --target diff_bench
	build/release/bin/diff_bench --peers tools

live-bench: setup build/release/build.ninja  ## costs of a live document, typing TRACE=file.json.gz
	cmake --build --preset release --parallel $(JOBS) --target live_bench
	tools/live_traces.py $(TRACE) build/release/live-traces
	build/release/bin/live_bench build/release/live-traces/$(patsubst %.json.gz,%.trace,$(notdir $(TRACE)))

# How many kills; CRASH_STATES and CRASH_SEEDS have their defaults in tools/crash_states.py.
CYCLES ?= 50

crash-states: setup build/release/build.ninja  ## opens the disks that power cuts may leave (docs/PROOF.md)
	cmake --build --preset release --parallel $(JOBS) --target crash_tests
	CRASH_STATES=$(CRASH_STATES) CRASH_SEEDS=$(CRASH_SEEDS) tools/crash_states.py build/release/bin/crash_tests $(JOBS)

fault-sweep: setup build/release/build.ninja  ## lets every disk call and every request fail
	cmake --build --preset release --parallel $(JOBS) --target crash_tests
	FAULT_SWEEP=full build/release/bin/crash_tests --gtest_brief=1 --gtest_filter='*Sweep*'

kill: setup build/release/build.ninja  ## kills the program CYCLES times, then compares every byte
	cmake --build --preset release --parallel $(JOBS) --target bin/syncengine
	SYNCENGINE_PROGRAM=$(CURDIR)/build/release/bin/syncengine KILL_CYCLES=$(CYCLES) python3 -B tests/cli/kill_test.py

$(SANITIZED): %: setup build/%/build.ninja
	cmake --build --preset $@ --parallel $(JOBS)
	ctest --preset $@ --output-on-failure --parallel $(JOBS)

fuzz: setup  ## runs every fuzz target for SECONDS (60) under clang's sanitizers
	@tools/setup.sh fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz --parallel $(JOBS)
	tools/fuzz.py build/fuzz $(SECONDS) $(JOBS)

lint: setup  ## house rules, the rules' own test, formatting
	python3 -B tests/lint/house_test.py
	python3 tests/lint/house.py .
	@clang-format --dry-run -Werror $(CXX_FILES)

tidy: setup build/dev/build.ninja  ## clang-tidy on what differs from main
	git diff --name-only --diff-filter=d main -- '*.cc' | xargs --no-run-if-empty clang-tidy --quiet -p build/dev

fmt:  ## formats every source in place
	clang-format -i $(CXX_FILES)

.PHONY: sim
sim: setup build/release/build.ninja  ## worlds full of faults, one a seed: SEEDS=5000, or SEED=17 once more
	cmake --build --preset release --parallel $(JOBS) --target sim
	build/release/bin/sim $(if $(SEED),--seed $(SEED) --log,--seeds $(or $(SEEDS),5000) --processes $(JOBS) --kept tests/sim/seeds.txt)

.PHONY: sim-mutants
sim-mutants: setup build/mutants/build.ninja  ## plants bugs one by one; the worlds must see each: BUGS="Name Name", or all
	cmake --build --preset mutants --parallel $(JOBS) --target sim
	tools/sim_mutants.py --jobs $(JOBS) $(BUGS)

.PHONY: collection-model
collection-model: setup build/release/build.ninja  ## searches the interleavings of garbage collection that take minutes
	cmake --build --preset release --parallel $(JOBS) --target engine_tests
	SYNCENGINE_MODEL=large build/release/bin/engine_tests --gtest_filter='CollectionModelTest.*'

install: build  ## installs under PREFIX
	cmake --install build/release --prefix $(PREFIX)

clean:  ## removes every build tree
	rm -rf build
