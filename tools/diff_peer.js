// Compares two text files with npm's diff-match-patch, for benchmarks/diff_bench, with the library's defaults (lines
// first, at most one second of search). Usage: node diff_peer.js BEFORE AFTER, after tools/setup.sh diff.
//
// Writes to descriptor 3: CPU seconds of the comparison, peak memory in MB above what the interpreter held before it
// read the files, and the bytes that the edits delete and insert. Ends with 127 when the library is not installed.
'use strict';

const fs = require('fs');
const path = require('path');

const installed = path.join(__dirname, '..', 'build', 'diff-peers', 'node_modules', 'diff-match-patch');
if (!fs.existsSync(installed)) process.exit(127);
const DiffMatchPatch = require(installed);

function peakMegabytes() {
  const status = fs.readFileSync('/proc/self/status', 'ascii');
  return (Number(/VmHWM:\s*(\d+)/.exec(status)[1]) * 1024) / 1e6;
}

const memoryBefore = peakMegabytes();
const [before, after] = process.argv.slice(2).map((file) => fs.readFileSync(file, 'utf8'));
const began = process.cpuUsage();
const diffs = new DiffMatchPatch().diff_main(before, after);
const used = process.cpuUsage(began);
const changed = diffs.reduce((sum, [kind, text]) => sum + (kind === 0 ? 0 : Buffer.byteLength(text)), 0);
const seconds = (used.user + used.system) / 1e6;
fs.writeSync(3, `${seconds} ${peakMegabytes() - memoryBefore} ${changed}`);
