// The rows of one namespace against each other. engine/check.h says what is checked.
#ifndef SYNCENGINE_ENGINE_NAMESPACE_CHECK_H_
#define SYNCENGINE_ENGINE_NAMESPACE_CHECK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/engine/rows.h"
#include "syncengine/base/ids.h"

namespace syncengine::engine {

// A block as its rows describe it, for comparison with the segment.
struct ExpectedBlock {
  BlockId id;
  BlockRow row;
  std::vector<BlockId> children;
  std::vector<BlockId> bases;  // Of its frame.
};

struct ExpectedSegment {
  SegmentRow row;
  std::vector<ExpectedBlock> blocks;
};

// Takes the rows of a partition one by one, in the order of their keys, then compares. Problems go
// to `report`; an absent head row is the caller's business. Single-threaded.
class NamespaceCheck {
 public:
  using Report = std::function<void(absl::string_view place, absl::string_view what)>;

  NamespaceCheck(const HeadRow& head, Report report) : head_(head), report_(std::move(report)) {}

  void Add(absl::string_view key, absl::string_view value);
  void Finish();

  // Valid after Finish.
  const std::map<SegmentId, ExpectedSegment>& segments() const { return segments_; }
  // Objects that collection has doomed, and that may be there still.
  const std::map<SegmentId, DoomRow>& doomed() const { return doomed_; }
  uint64_t nodes() const { return nodes_.size(); }
  uint64_t revisions() const { return found_.revisions; }
  uint64_t journal_entries() const { return journal_.size(); }
  uint64_t blocks() const { return blocks_.size(); }

 private:
  struct Node {
    NodeId parent;
    NodeKind kind = NodeKind::kFile;
    bool deleted = false;
    uint64_t sequence = 0;
    uint64_t digest = 0;
    uint64_t last_revision = 0;
    bool head_kept = false;  // Among the revisions.
    bool connected = false;  // To the root.
  };
  struct Block {
    std::optional<BlockRow> row;
    std::optional<std::vector<BlockId>> children;
    uint64_t counted = 0;  // References found.
  };
  struct Delta {
    DeltaRow row;
    uint32_t counted = 0;  // Blocks found at its place.
  };
  using Spot = std::pair<SegmentId, uint32_t>;

  void AddBlock(absl::string_view key, absl::string_view value);
  void AddConflict(absl::string_view key, absl::string_view value);
  void AddChildName(absl::string_view key, absl::string_view value);
  void AddChildren(absl::string_view key, absl::string_view value);
  void AddDoom(absl::string_view key, absl::string_view value);
  void AddEpoch(absl::string_view key, absl::string_view value);
  void AddDelta(absl::string_view key, absl::string_view value);
  void AddDevicePlace(absl::string_view key, absl::string_view value);
  void AddHead(absl::string_view key, absl::string_view value);
  void AddJournal(absl::string_view key, absl::string_view value);
  void AddOperation(absl::string_view key, absl::string_view value);
  void AddOrdinal(absl::string_view key, absl::string_view value);
  void AddRevision(absl::string_view key, absl::string_view value);
  void AddSegment(absl::string_view key, absl::string_view value);
  void AddUpload(absl::string_view key, absl::string_view value);
  void AddUsageRow(absl::string_view value);

  void TakeHead(const Revision& head, Node& node);
  void CompareWithJournal(const Revision& revision, absl::string_view place);
  void CompareNames();
  void CompareNodes();
  void CompareJournal();
  void CompareOperations();
  void CompareBlocks();
  void CompareSegments();
  void CompareBlock(const BlockId& id, const Block& block);
  // The bases of the frame that holds a block, counted as found; reports what is wrong with them.
  std::vector<BlockId> CompareBases(const BlockRow& row, absl::string_view place);
  void CompareDeltas();
  void CompareUsage();
  void CheckConnected(const NodeId& node);

  // The decoded row; reports one that does not decode.
  template <typename Row>
  std::optional<Row> Decode(absl::string_view place, absl::string_view value);
  // The id behind the tag; reports a key of another length.
  template <typename IdType>
  std::optional<IdType> KeyId(absl::string_view kind, absl::string_view key);
  void Problem(absl::string_view place, absl::string_view what) { report_(place, what); }

  const HeadRow head_;
  const Report report_;

  Usage found_;
  std::optional<Usage> usage_;
  absl::flat_hash_map<std::string, NodeId> names_;  // By key; those not claimed by a head.
  absl::flat_hash_map<NodeId, Node> nodes_;
  std::map<uint64_t, JournalEntry> journal_;
  absl::flat_hash_map<OpId, OperationRow> operations_;
  uint64_t ordinals_ = 0;
  std::map<BlockId, Block> blocks_;
  std::map<Spot, Delta> deltas_;
  std::map<SegmentId, ExpectedSegment> segments_;
  std::map<SegmentId, DoomRow> doomed_;
};

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_NAMESPACE_CHECK_H_
