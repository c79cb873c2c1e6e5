// Writes the corpus: small inputs that reach deep into each target.  fuzz_seeds tests/fuzz/corpus
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/diffsync/packet.h"
#include "src/diffsync/text_edit.h"
#include "src/engine/conflict_row.h"
#include "src/engine/rows.h"
#include "src/engine/token.h"
#include "src/folder/state_rows.h"
#include "src/http/errors.h"
#include "src/http/frames_body.h"
#include "src/http/wire_values.h"
#include "src/kernels/compress.h"
#include "src/stores/lmdb_row.h"
#include "syncengine/diffsync/live_hub.h"
#include "syncengine/diffsync/live_text.h"
#include "tests/chunking/content.h"
#include "tests/delta/content.h"
#include "tests/format/golden_objects.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

using Seeds = std::vector<std::string>;

std::string Mode(int mode) { return std::string(1, static_cast<char>(mode)); }

std::string Golden(absl::string_view name) {
  for (const testing::GoldenObject& object : testing::GoldenObjects()) {
    if (object.name == name) return object.bytes;
  }
  std::abort();
}

Seeds FrameSeeds() {
  const auto keys = testing::FixedKeys();
  const std::string compressed = testing::SealData(*keys, {std::string(500, 'a')}, 3);
  Seeds seeds;
  for (const std::string& frame : {Golden("data_frame"), Golden("manifest_frame"), compressed}) {
    seeds.push_back(Mode(0) + frame);
    seeds.push_back(Mode(1) + frame);
  }
  seeds.push_back(Mode(2) + Golden("segment"));
  seeds.push_back(Mode(3) + Golden("delta_frame"));
  seeds.push_back(Mode(4) + Golden("delta_frame"));
  seeds.push_back(Mode(5) + AsPiece(testing::GoldenBase()) + testing::GoldenEdit());
  return seeds;
}

Seeds FormatSeeds() {
  return {Mode(0) + Golden("manifest_node"),
          Mode(1) + Golden("revision"),
          Mode(2) + Golden("journal_uploading"),
          Mode(2) + Golden("journal_committed"),
          Mode(2) + Golden("journal_aborted"),
          Mode(3) + Golden("bundle"),
          Mode(4) + Golden("root_key_slot"),
          Mode(5) + Golden("sealed_name"),
          Mode(5) + "hello.txt",
          Mode(6) + Golden("sealed_attributes"),
          Mode(6) + Golden("manifest_root"),
          Mode(7) + std::string(32, 'k'),
          Mode(7) + "short"};
}

Seeds TextSeeds() {
  const std::string cursor = FormatCursor({testing::CountingId<HistoryId>(1), 77});
  const auto token = testing::CountingId<engine::TokenBytes>(3);
  return {Mode(0) + cursor,
          Mode(1) + testing::CountingId<NodeId>(9).ToHex(),
          Mode(1) + std::string(engine::FormatToken(token).bytes()),
          Mode(1) + std::string(token.bytes()),
          Mode(2) + "/a/b//c.txt/",
          Mode(2) + "",
          Mode(3) + AsPiece("report.tar.gz") + AsPiece("laptop") + Mode(2),
          Mode(3) + AsPiece(absl::StrCat(std::string(250, 'x'), "\u00e9.txt")) + AsPiece("a/b"),
          Mode(4) + "seg/12ab/c"};
}

Seeds CompressSeeds() {
  Seeds seeds = {Mode(9) + Mode(0) + "plain text"};
  for (const std::string& plain :
       {std::string(300, 'a'), std::string("abcabcabcabcabcabcabcabc")}) {
    const auto frame = *kernels::Compress(plain, 3);
    if (!frame.has_value()) continue;
    seeds.push_back(Mode(static_cast<int>(plain.size() & 0xff)) +
                    Mode(static_cast<int>(plain.size() >> 8)) + *frame);
  }
  return seeds;
}

Seeds DeltaSeeds() {
  delta_test::Random random(7);
  const std::string base = delta_test::Text(random, 700);
  std::string result = base;
  for (int i = 0; i < 3; ++i) delta_test::Edit(random, result);
  Seeds seeds;
  for (int format = 0; format < 5; ++format) {
    for (const int made : {0, 1}) {
      seeds.push_back(Mode(0) + Mode(format) + Mode(0) + Mode(made) + Mode(format % 4) +
                      AsPiece(base) + result);
    }
    const auto signature = *delta_test::Sign(
        base, {.format = static_cast<delta::SignatureFormat>(1 + format), .block_bytes = 64});
    seeds.push_back(Mode(2) + AsPiece(signature) + result);
    const auto own = *delta_test::Delta(signature, result);
    const auto other =
        *delta_test::Delta(signature, result, {.format = delta::DeltaFormat::kLibrsync});
    seeds.push_back(Mode(1) + AsPiece(base) + (format % 2 == 0 ? own : other));
  }
  seeds.push_back(Mode(3) + AsPiece(*delta_test::Sign(base, {.block_bytes = 64})) + result);
  return seeds;
}

std::string MergeSeed(int mode, int granularity, int on_conflict, absl::string_view base,
                      absl::string_view ours, absl::string_view theirs) {
  return Mode(mode) + Mode(granularity) + Mode(on_conflict) + Mode(0) + AsPiece(base) +
         AsPiece(ours) + std::string(theirs);
}

Seeds MergeSeeds() {
  const std::string base = "one\ntwo\nthree four five\nsix\n";
  const std::string ours = "one\ntwo\r\nthree FOUR five\nsix\nseven\n";
  const std::string theirs = "zero\none\ntwo\nthree four FIVE\nsix\neight";
  const std::string list = R"({"a": [1, 2, {"id": "x", "v": 1}], "b": "some words", "c": {}})";
  const std::string mine = R"({"a": [1, 2, {"id": "x", "v": 2}, 3], "b": "some other words"})";
  const std::string yours =
      R"({"d": null, "a": [0, 1, 2, {"id": "x", "v": 1}], "b": "some words"})";
  Seeds seeds;
  for (int granularity = 0; granularity < 3; ++granularity) {
    seeds.push_back(MergeSeed(0, granularity, 0, base, ours, ""));
    seeds.push_back(MergeSeed(1, granularity, granularity, base, ours, theirs));
    seeds.push_back(MergeSeed(2, granularity, 0, list, mine, yours));
  }
  seeds.push_back(MergeSeed(1, 2, 0, "a\nc\n", "a\nb\nc\n", "a\nc\nd\n"));
  seeds.push_back(MergeSeed(1, 1, 0, "\xef\xbb\xbfx\xff", "\xef\xbb\xbfx", "y"));
  seeds.push_back(MergeSeed(2, 2, 0, "[1,2]", "[1,2,3]", "[]"));
  return seeds;
}

Seeds HttpSeeds() {
  const std::string head = "POST /v1/x?a=%20 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n";
  return {Mode(0) + Mode(3) + head + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
          Mode(0) + Mode(0) + head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
          Mode(0) + Mode(9) + "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
          Mode(0) + Mode(9) + head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
          Mode(0) + Mode(9) + head + " folded: x\r\n\r\n",
          Mode(1) + Mode(0) + "5\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\nGET /",
          Mode(1) + Mode(7) + "fffffffff\r\nx",
          Mode(1) + Mode(7) + "0\r\n\r\n",
          Mode(2) + Mode(0) + "/v1/namespaces/12ab/stat?path=%2Fa&wait=3",
          Mode(2) + Mode(0) + "/a%2fb/../c?x&x"};
}

FramesReply SomeFrames() {
  FramesReply reply;
  reply.answered = 1;
  reply.frames = {Golden("data_frame")};
  return reply;
}

engine::ConflictRow SomeConflict() {
  engine::ConflictRow row;
  row.node = testing::CountingId<NodeId>(1);
  row.note.theirs = testing::CountingId<RevisionId>(2);
  row.note.copy = true;
  row.note.hunks = {{.base_begin = 1, .base_end = 2, .ours_end = 5, .theirs_end = 7}};
  return row;
}

ConflictRecord SomeConflictRecord(const Revision& revision) {
  ConflictRecord record;
  record.id = record.head = revision.id;
  record.path = "/a/hello.txt";
  record.ours = record.theirs = revision;
  record.ours_device = "laptop";
  record.hunks = SomeConflict().note.hunks;
  record.copy = revision.node;
  record.copy_path = "/a/b";
  record.decision = ConflictDecision::kMerged;
  return record;
}

ResolveRequest SomeDecision(const Revision& revision) {
  return {.conflict = revision.id,
          .decision = ConflictDecision::kMerged,
          .expected_head = revision.id,
          .merged = revision.state};
}

Seeds WireSeeds() {
  const Revision revision = testing::GoldenRevision(*testing::FixedKeys());
  CommitRequest commit;
  commit.changes.resize(1);
  commit.changes[0].node = revision.node;
  commit.changes[0].state = revision.state;
  RevisionPage page;
  page.revisions = {revision};
  ChangesPage changes;
  changes.entries.resize(1);
  changes.entries[0].entry = testing::GoldenEntry(JournalKind::kUploading);
  const auto json = [](int kind, const auto& value) {
    return Mode(kind) + http::JsonText(http::ToJson(value));
  };
  return {json(0, commit),
          json(1, UploadRequest()),
          json(2, NewDevice()),
          json(3, NamespaceRecord()),
          json(4, revision),
          json(5, ListPage()),
          json(6, page),
          json(7, changes),
          json(8, CommitResult()),
          json(9, PutSegmentResult()),
          json(10, Usage()),
          json(11, DeviceRecord()),
          json(12, SomeConflict().note),
          json(13, ConflictPage{.conflicts = {SomeConflictRecord(revision)}, .more = true}),
          json(14, SomeDecision(revision)),
          json(15, ResolveResult{.resolved = true, .revision = revision.id, .head = revision}),
          Mode(16) + http::EncodeFrames(SomeFrames()),
          Mode(17) + Mode(104) +
              http::ErrorResponse(MakeError(Reason::kDiskFull, "the disk is full")).body,
          Mode(17) + Mode(203) + "<html>"};
}

engine::OperationRow SomeOperation() {
  engine::OperationRow row;
  row.ordinal = 3;
  row.revisions = {testing::CountingId<RevisionId>(1)};
  return row;
}

engine::BlockRow SomeBlock() {
  engine::BlockRow row;
  row.segment = testing::CountingId<SegmentId>(1);
  row.offset = 32;
  row.length = 100;
  return row;
}

Seeds RowsSeeds() {
  const Revision revision = testing::GoldenRevision(*testing::FixedKeys());
  SyncedNode synced;
  synced.revision = revision.id;
  synced.committed_at = revision.committed_at;
  synced.state = revision.state;
  engine::DeviceRow device;
  device.name = "laptop";
  device.nonce_hash = device.masked_token = std::string(32, 'h');
  engine::SegmentRow segment;
  segment.sha256 = std::string(32, 's');
  engine::UploadRow upload;
  upload.pending = {testing::CountingId<NodeId>(1)};
  engine::ChildrenRow children;
  children.ids = {testing::CountingId<BlockId>(1), testing::CountingId<BlockId>(2)};
  folder::Identity identity;
  identity.root_marker = "00ff";
  identity.checkpoint = revision.committed_at;
  engine::DeltaRow delta;
  delta.bases = children.ids;
  folder::Intent intent;
  intent.path = "a/b";
  intent.temporary = ".syncengine/tmp/1";
  folder::Unmerged unmerged;
  unmerged.lost.device = "laptop";
  using engine::EncodeRow;
  const std::string synced_row = folder::EncodeSynced(revision.node, synced);
  const std::string node(revision.node.bytes());
  return {Mode(0) + EncodeRow(engine::FormatRow()),
          Mode(1) + EncodeRow(engine::NamespaceRow()),
          Mode(2) + EncodeRow(device),
          Mode(3) + EncodeRow(engine::HeadRow()),
          Mode(4) + EncodeRow(engine::UsageRow()),
          Mode(5) + EncodeRow(SomeBlock()),
          Mode(6) + EncodeRow(children),
          Mode(7) + EncodeRow(segment),
          Mode(8) + EncodeRow(upload),
          Mode(9) + EncodeRow(SomeOperation()),
          Mode(10) + EncodeRow(engine::PlaceRow()),
          Mode(11) + EncodeRow(engine::NodeRow()),
          Mode(12) + EncodeRow(delta),
          Mode(13) + EncodeRow(engine::DoomRow()),
          Mode(14) + EncodeRow(engine::EpochRow()),
          Mode(15) + EncodeRow(engine::LeaseRow()),
          Mode(16) + EncodeRow(SomeConflict()),
          Mode(17) + folder::EncodeIntent(intent),
          Mode(18) + folder::EncodeIdentity(identity),
          Mode(19) + folder::EncodeIssues({Issue()}),
          Mode(20) + folder::EncodeUnmerged(unmerged),
          Mode(21) + synced_row,
          Mode(22) + AsPiece("key") + stores::SealRow("key", "value"),
          Mode(23) + AsPiece("s" + node) + AsPiece(synced_row) + AsPiece("midentity") +
              AsPiece(folder::EncodeIdentity(identity)) + AsPiece("r" + node) +
              AsPiece(EncodeRevision(revision)) + AsPiece("i" + std::string(8, '\1')) +
              AsPiece(folder::EncodeIntent(intent)) + AsPiece("u" + node) +
              AsPiece(folder::EncodeUnmerged(unmerged)),
          Mode(24) + Mode(1) + std::string(60, '2')};
}

Seeds ChunkerSeeds() {
  Seeds seeds;
  for (const chunking_test::Kind kind : chunking_test::kKinds) {
    for (int mode = 0; mode < 4; ++mode) {
      const std::string content = chunking_test::Content(kind, 1500, 40 + mode);
      seeds.push_back(Mode(mode) + Mode(60 * mode) + content);
    }
  }
  return seeds;
}

Seeds IgnoreSeeds() {
  const std::string rules = "# comment\n*.o\n/build\na/**/b\ncache/\n!keep.o\n[a-z!]x\\*\n";
  return {AsPiece("a/x/y/b") + rules, AsPiece("cache/keep.o") + rules, AsPiece("x.o") + rules,
          AsPiece("aaaaaaaaaaaaaaaaaaaa") + "*a*a*a*a*a*b"};
}

// A hub with a log and a link, and a writer with an open request and more to send.
struct LivePair {
  LiveHub hub = *LiveHub::Create({.epoch = 7}, "one two\nthree \u00e9\n");
  LiveText text = *LiveText::Create({.link = 5}, "one two\nthree \u00e9\n");
  std::string join, joined, edits, merged;
};

LivePair SomePair() {
  LivePair pair;
  pair.join = pair.text.NextPacket();
  pair.joined = pair.hub.Receive(pair.join)->reply;
  (void)pair.text.Receive(pair.joined);
  (void)pair.text.Splice(3, 1, " and a half, ");
  (void)pair.hub.Splice(0, 3, "eins");
  pair.edits = pair.text.NextPacket();
  pair.merged = pair.hub.Receive(pair.edits)->reply;
  (void)pair.text.Splice(0, 0, "more ");
  return pair;
}

// A packet or a snapshot without its checksum, which the target adds.
std::string Unsealed(const std::string& bytes, size_t check_bytes) {
  return bytes.substr(0, bytes.size() - check_bytes);
}

std::string EditBytes(const LiveSplice& splice) {
  ByteWriter writer;
  WriteEdit(diffsync::TextEdit::FromSplice(splice), writer);
  return std::move(writer).Take();
}

Seeds LiveSeeds() {
  const LivePair pair = SomePair();
  Seeds seeds;
  for (const std::string& packet : {pair.join, pair.joined, pair.edits, pair.merged}) {
    seeds.push_back(Mode(0) + packet);
    seeds.push_back(Mode(1) + Unsealed(packet, 4));
  }
  seeds.push_back(Mode(2) + AsPiece(Unsealed(pair.join, 4)) + AsPiece(Unsealed(pair.edits, 4)));
  seeds.push_back(Mode(3) + Unsealed(pair.hub.Snapshot(), 8));
  seeds.push_back(Mode(4) + Unsealed(pair.text.Snapshot(), 8));
  seeds.push_back(Mode(5) + Mode(1) + Mode(2) + AsPiece(Unsealed(pair.joined, 4)) + Mode(0) +
                  Mode(3) + Mode(1) + Mode(1) + Mode(2) + AsPiece(Unsealed(pair.merged, 4)));
  seeds.push_back(Mode(6) + AsPiece("one two three") + AsPiece(EditBytes({4, 3, "2"})) +
                  EditBytes({2, 4, "x\u00e9"}));
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    seeds.push_back(Mode(7) + chunking_test::Content(chunking_test::Kind::kRandom, 120, seed));
  }
  return seeds;
}

Seeds PlannerSeeds() {
  Seeds seeds;
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    seeds.push_back(chunking_test::Content(chunking_test::Kind::kRandom, 60 + 4 * seed, seed));
  }
  return seeds;
}

void Write(const std::filesystem::path& corpus, const std::string& target, const Seeds& seeds) {
  const std::filesystem::path directory = corpus / target;
  std::filesystem::create_directories(directory);
  for (size_t i = 0; i < seeds.size(); ++i) {
    const std::string name = absl::StrCat("seed-", i < 10 ? "0" : "", i);
    std::ofstream(directory / name, std::ios::binary) << seeds[i];
  }
  std::printf("%s: %zu seeds\n", target.c_str(), seeds.size());
}

}  // namespace
}  // namespace syncengine::fuzz

int main(int argc, char** argv) {
  using namespace syncengine::fuzz;
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_seeds CORPUS\n");
    return 1;
  }
  const std::vector<std::pair<std::string, Seeds>> all = {
      {"frame", FrameSeeds()},       {"format", FormatSeeds()}, {"text", TextSeeds()},
      {"compress", CompressSeeds()}, {"delta", DeltaSeeds()},   {"merge", MergeSeeds()},
      {"http", HttpSeeds()},         {"wire", WireSeeds()},     {"rows", RowsSeeds()},
      {"chunker", ChunkerSeeds()},   {"ignore", IgnoreSeeds()}, {"planner", PlannerSeeds()},
      {"live", LiveSeeds()}};
  for (const auto& [target, seeds] : all) Write(argv[1], target, seeds);
  return 0;
}
