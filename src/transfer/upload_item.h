// What the stages of an upload hand to each other.
#ifndef SYNCENGINE_SRC_TRANSFER_UPLOAD_ITEM_H_
#define SYNCENGINE_SRC_TRANSFER_UPLOAD_ITEM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/transfer/arena.h"
#include "src/transfer/manifest_tree.h"
#include "src/transfer/outline.h"
#include "syncengine/base/ids.h"
#include "syncengine/format/content.h"
#include "syncengine/transfer/uploader.h"

namespace syncengine {

// A place in the order of sending. Data segments, manifest nodes and stretches of deltas are
// numbered from 1 and become durable in that order; 0 is durable from the start.
struct SendMark {
  uint64_t segment = 0;
  uint64_t node = 0;
  uint64_t delta = 0;

  void Include(const SendMark& other) {
    segment = std::max(segment, other.segment);
    node = std::max(node, other.node);
    delta = std::max(delta, other.delta);
  }
  bool IsDurableAt(const SendMark& durable) const {
    return segment <= durable.segment && node <= durable.node && delta <= durable.delta;
  }
};

// An item on its way. Lives from its turn to be read until it was reported; only the thread that
// runs the upload changes it, except that a running commit seals `content`.
struct PendingItem {
  PendingItem(UploadItem item_in, const NamespaceKeys& keys)
      : item(std::move(item_in)), tree(keys) {}

  UploadItem item;
  UploadId announced;  // The session that announced it; zero when none did.
  ManifestTree tree;   // Fed in order as blocks are hashed.
  Manifest root;       // Of content that was read, once `listed`.
  Outline assumed;     // What the service has, as far as is remembered.
  Outline seen;        // Of content that was read, when `item.outline` is set.
  uint64_t bytes = 0;  // Read.
  uint64_t routed_bytes = 0;
  uint64_t shown_bytes = 0;  // Of the progress.
  size_t unrouted = 0;       // Blocks read of which it is not yet known whether they must be sent.
  bool reads_content = false;
  bool listed = false;                // All content was read and hashed, or reading failed.
  bool is_second_try = false;         // Sends every block, because one vanished on the first try.
  bool vanished = false;              // A block that the server had is gone.
  bool doubts_outline = false;        // It was wrong on the first try.
  bool decided = false;               // Its fate is known without a commit.
  SendMark needs;                     // Where its last block is sent.
  std::optional<ContentRef> content;  // Sealed.
  UploadResult result;                // Its status is an error once reading failed.
};

// A block of an item, or with empty bytes the mark that the item's content ends here.
struct Piece {
  PendingItem* item = nullptr;
  absl::string_view bytes;  // In the batch's arena.
  BlockId id;
};

// A manifest block of an item.
struct PieceOfManifest {
  PendingItem* item = nullptr;
  ManifestNode node;
};

// Consecutive blocks of consecutive items.
struct PieceBatch {
  std::shared_ptr<Arena> arena;  // Shared with the frames that its blocks go to.
  std::vector<Piece> pieces;
  std::vector<PieceOfManifest> manifests;  // Complete with the last of `pieces`.
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_UPLOAD_ITEM_H_
