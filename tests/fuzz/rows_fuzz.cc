// Every row of the engine's metadata, of a folder's state, of LMDB and of the cache of puts: a
// decoder takes anything, and what it accepts has one form.
#include <string>
#include <vector>

#include "src/engine/conflict_row.h"
#include "src/engine/rows.h"
#include "src/folder/state.h"
#include "src/folder/state_rows.h"
#include "src/kernels/digest.h"
#include "src/stores/lmdb_row.h"
#include "src/transfer/put_cache.h"
#include "syncengine/stores/memory_metadata_store.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

template <typename Row>
void CheckRow(absl::string_view bytes) {
  const auto row = engine::DecodeRow<Row>(bytes);
  if (row.ok()) Require(engine::EncodeRow(*row) == bytes, "a row has one form");
}

void CheckEngineRow(size_t kind, absl::string_view bytes) {
  if (kind == 0) CheckRow<engine::FormatRow>(bytes);
  if (kind == 1) CheckRow<engine::NamespaceRow>(bytes);
  if (kind == 2) CheckRow<engine::DeviceRow>(bytes);
  if (kind == 3) CheckRow<engine::HeadRow>(bytes);
  if (kind == 4) CheckRow<engine::UsageRow>(bytes);
  if (kind == 5) CheckRow<engine::BlockRow>(bytes);
  if (kind == 6) CheckRow<engine::ChildrenRow>(bytes);
  if (kind == 7) CheckRow<engine::SegmentRow>(bytes);
  if (kind == 8) CheckRow<engine::UploadRow>(bytes);
  if (kind == 9) CheckRow<engine::OperationRow>(bytes);
  if (kind == 10) CheckRow<engine::PlaceRow>(bytes);
  if (kind == 11) CheckRow<engine::NodeRow>(bytes);
  if (kind == 12) CheckRow<engine::DeltaRow>(bytes);
  if (kind == 13) CheckRow<engine::DoomRow>(bytes);
  if (kind == 14) CheckRow<engine::EpochRow>(bytes);
  if (kind == 15) CheckRow<engine::LeaseRow>(bytes);
  if (kind == 16) CheckRow<engine::ConflictRow>(bytes);
}

void CheckFolderRow(size_t kind, absl::string_view bytes) {
  if (kind == 17) {
    if (const auto row = folder::DecodeIntent(bytes); row.ok()) {
      Require(folder::EncodeIntent(*row) == bytes, "an intent has one form");
    }
  } else if (kind == 18) {
    if (const auto row = folder::DecodeIdentity(bytes); row.ok()) {
      Require(folder::EncodeIdentity(*row) == bytes, "an identity has one form");
    }
  } else if (kind == 19) {
    if (const auto row = folder::DecodeIssues(bytes); row.ok()) {
      Require(folder::EncodeIssues(*row) == bytes, "issues have one form");
    }
  } else if (kind == 20) {
    if (const auto row = folder::DecodeUnmerged(bytes); row.ok()) {
      Require(folder::EncodeUnmerged(*row) == bytes, "an unmerged content has one form");
    }
  } else if (const auto row = folder::DecodeSynced(bytes); row.ok()) {
    // The node is part of the key, not of what comes back.
    const std::string again = folder::EncodeSynced(NodeId(), *row);
    Require(folder::DecodeSynced(again).ok(), "a synced row reads back");
  }
}

// A value that a sealed row holds, and any bytes as a row of LMDB.
void CheckLmdbRow(absl::string_view key, absl::string_view bytes) {
  const auto value = stores::OpenRow(key, bytes);
  if (value.ok()) Require(stores::SealRow(key, *value) == bytes, "an LMDB row has one form");
  const std::string sealed = stores::SealRow(key, bytes);
  const auto opened = stores::OpenRow(key, sealed);
  Require(opened.ok() && *opened == bytes, "an LMDB row opens");
  Require(!stores::OpenRow("another key", sealed).ok() || key == "another key",
          "an LMDB row belongs to its key");
}

void PutRow(MetadataStore& store, absl::string_view partition, const std::string& key,
            absl::string_view value) {
  const auto put = [&](MetadataWriter& writer) { return writer.Put(key, value); };
  (void)store.Update(partition, put);
}

// A whole folder's state, row by row.
void CheckState(Input& input) {
  MemoryMetadataStore store;
  while (!input.empty()) {
    const std::string key(input.Piece());
    PutRow(store, "folder", key, input.Piece());
  }
  auto state = folder::State::Load(store);
  if (!state.ok()) return;
  for (const auto& [node, row] : state->synced()) (void)state->Head(node);
  state->SetIssues({});
  Require(state->Flush().ok() && folder::State::Load(store).ok(), "a state loads again");
}

void CheckPutCache(absl::string_view bytes) {
  MemoryMetadataStore store;
  const NamespaceId id;
  const std::string path = "a/path";
  const kernels::Digest digest = kernels::Sha256(path);
  PutRow(store, "put:" + id.ToHex(), std::string(digest.begin(), digest.begin() + 16), bytes);
  PutCache cache(&store, id);
  const std::vector<std::string> paths = {path};
  const auto rows = cache.Find(paths);
  Require(rows.ok() && rows->size() == 1, "what cannot be read is not there");
  if (rows->front().has_value()) Require(bytes.size() == 61, "a row has its length");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  fuzz::Input input(data, size);
  const size_t kind = input.Below(25);
  if (kind == 22) {
    const absl::string_view key = input.Piece();
    fuzz::CheckLmdbRow(key, input.Rest());
  }
  if (kind == 23) fuzz::CheckState(input);
  if (kind == 24) fuzz::CheckPutCache(input.Rest());
  const std::string bytes(input.Rest());
  if (kind <= 16) fuzz::CheckEngineRow(kind, bytes);
  if (kind > 16 && kind < 22) fuzz::CheckFolderRow(kind, bytes);
  return 0;
}
