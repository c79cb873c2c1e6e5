// One object of each format from fixed keys and salts; golden_vectors.inc has their bytes.
#ifndef SYNCENGINE_TESTS_FORMAT_GOLDEN_OBJECTS_H_
#define SYNCENGINE_TESTS_FORMAT_GOLDEN_OBJECTS_H_

#include <string>
#include <vector>

#include "syncengine/format/journal.h"
#include "syncengine/format/key_slot.h"
#include "syncengine/format/node.h"
#include "syncengine/format/sealed_name.h"
#include "syncengine/format/segment.h"
#include "tests/format/format_fixture.h"

namespace syncengine::testing {

inline Manifest GoldenManifest(const NamespaceKeys& keys) {
  return {.height = 0, .entries = {{keys.IdOf("hello, "), 7}, {keys.IdOf("syncengine"), 10}}};
}

inline std::string GoldenDataFrame(const NamespaceKeys& keys) {
  return SealData(keys, {"hello, ", "syncengine"});
}

// What the golden delta frame's base is (noise from a formula), and its block: the same with one
// word changed.
inline std::string GoldenBase() {
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 1000; ++i) {
    state = state * 1'103'515'245 + 12'345;
    noise.push_back(static_cast<char>(state >> 16));
  }
  return noise;
}
inline std::string GoldenEdit() { return GoldenBase().replace(500, 4, "edit"); }

inline std::string GoldenDeltaFrame(const NamespaceKeys& keys) {
  const std::string base = GoldenBase();
  const std::string edit = GoldenEdit();
  auto sealer = *FrameSealer::Create(keys, CountingId<FrameSalt>(0xe0), {.compression_level = 3});
  const std::vector<PlainBlock> bases = {{.id = keys.IdOf(base), .bytes = base}};
  return **sealer->SealDelta({{.id = keys.IdOf(edit), .bytes = edit}},
                             {.blocks = bases, .depth = 1});
}

inline std::string GoldenManifestFrame(const NamespaceKeys& keys) {
  const std::string node = *EncodeManifestNode(GoldenManifest(keys));
  auto sealer = *FrameSealer::Create(keys, CountingId<FrameSalt>(0xc0), {.compression_level = 0});
  return *sealer->Seal(FrameKind::kManifest, {{.id = keys.IdOfManifest(node), .bytes = node}});
}

inline std::string GoldenSegment(const NamespaceKeys& keys) {
  SegmentBuilder builder(keys.id(), CountingId<SegmentId>(0x60));
  for (const std::string& frame : {GoldenDataFrame(keys), GoldenManifestFrame(keys)}) {
    if (!builder.Add(frame).ok()) return "";
  }
  return std::move(builder).Finish();
}

inline std::string GoldenSlot(const NamespaceKeys& keys, SlotType type) {
  const std::string secret =
      type == SlotType::kRootKey ? CountingBytes(32, 0xd0) : std::string("passphrase");
  return *WrapSlot({.type = type, .secret = secret}, keys.id(), keys.EncodeBundle(),
                   CountingId<SlotSalt>(0x10), {.scrypt_log2_n = 15});
}

inline Revision GoldenRevision(const NamespaceKeys& keys) {
  return {.id = CountingId<RevisionId>(1),
          .node = CountingId<NodeId>(2),
          .parent = CountingId<RevisionId>(3),
          .sequence = 4,
          .device = CountingId<DeviceId>(5),
          .committed_at = absl::FromUnixMicros(1'700'000'000'123'456),
          .state = {.kind = NodeKind::kFile,
                    .parent = CountingId<NodeId>(6),
                    .name = "hello.txt",
                    .attributes = {.mtime_ns = 1'600'000'000'000'000'001, .mode = 0644},
                    .content = *MakeContentRef(keys, GoldenManifest(keys),
                                               CountingId<EnvelopeSalt>(0x20))}};
}

inline JournalEntry GoldenEntry(JournalKind kind) {
  JournalEntry entry{.sequence = 7,
                     .kind = kind,
                     .node = CountingId<NodeId>(1),
                     .device = CountingId<DeviceId>(2),
                     .time = absl::FromUnixMicros(1'700'000'000'123'456)};
  if (kind == JournalKind::kCommitted) {
    entry.revision = CountingId<RevisionId>(3);
    return entry;
  }
  entry.upload = CountingId<UploadId>(4);
  if (kind == JournalKind::kAborted) return entry;
  entry.parent = CountingId<NodeId>(5);
  entry.name = "hello.txt";
  entry.size = 17;
  return entry;
}

struct GoldenObject {
  std::string name;
  std::string bytes;
};

inline std::vector<GoldenObject> GoldenObjects() {
  const auto keys = FixedKeys();
  return {{"bundle", std::string(keys->EncodeBundle().bytes())},
          {"block_id", std::string(keys->IdOf("hello, ").bytes())},
          {"chunker_key", std::string(keys->chunker_key())},
          {"data_frame", GoldenDataFrame(*keys)},
          {"manifest_frame", GoldenManifestFrame(*keys)},
          {"delta_frame", GoldenDeltaFrame(*keys)},
          {"segment", GoldenSegment(*keys)},
          {"root_key_slot", GoldenSlot(*keys, SlotType::kRootKey)},
          {"passphrase_slot", GoldenSlot(*keys, SlotType::kPassphrase)},
          {"manifest_node", *EncodeManifestNode(GoldenManifest(*keys))},
          {"manifest_root", GoldenRevision(*keys).state.content.manifest},
          {"sealed_name", *SealName(*keys, "hello.txt")},
          {"sealed_attributes",
           SealAttributes(*keys, {.mtime_ns = -1, .mode = 0644}, CountingId<EnvelopeSalt>(0x30))
               ->sealed},
          {"revision", EncodeRevision(GoldenRevision(*keys))},
          {"journal_uploading", EncodeJournalEntry(GoldenEntry(JournalKind::kUploading))},
          {"journal_committed", EncodeJournalEntry(GoldenEntry(JournalKind::kCommitted))},
          {"journal_aborted", EncodeJournalEntry(GoldenEntry(JournalKind::kAborted))}};
}

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_FORMAT_GOLDEN_OBJECTS_H_
