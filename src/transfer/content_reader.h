// Reads the content of items and cuts it into blocks.
#ifndef SYNCENGINE_SRC_TRANSFER_CONTENT_READER_H_
#define SYNCENGINE_SRC_TRANSFER_CONTENT_READER_H_

#include <cstddef>
#include <memory>

#include "src/transfer/upload_context.h"
#include "src/transfer/upload_item.h"
#include "syncengine/chunking/chunker.h"

namespace syncengine {

// Fills one arena after another with the content of many small files or a part of a big one. Used
// by the thread that runs the upload.
class ContentReader {
 public:
  ContentReader(UploadContext& context, const Chunker& chunker);

  // Begins with the content of `item`; call only when idle(). An item that cannot be opened ends at
  // once with its error in `item.result.status`.
  void Begin(PendingItem& item);
  // No item is being read.
  bool idle() const { return item_ == nullptr; }
  // Reads until the item ends or the batch is full.
  void Read();
  // The batch has no room for more.
  bool full() const { return full_; }
  // There is nothing to take.
  bool empty() const { return batch_ == nullptr || batch_->pieces.empty(); }
  size_t arena_bytes() const { return arena_bytes_; }
  // Takes the batch as it is, full or not; what is not yet cut stays for the next one.
  std::unique_ptr<PieceBatch> Take();

 private:
  void MakeRoom();
  void Cut(bool is_last);
  void End(const absl::Status& status);

  UploadContext& context_;
  const Chunker& chunker_;
  const size_t arena_bytes_;
  const std::shared_ptr<ArenaPool> arenas_;  // Shared with the arenas, which live on elsewhere.
  std::unique_ptr<PieceBatch> batch_;
  size_t begin_ = 0;  // In the arena: what was read and is not yet cut.
  size_t end_ = 0;
  bool full_ = false;
  PendingItem* item_ = nullptr;
  std::unique_ptr<ContentSource> source_;
};

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_CONTENT_READER_H_
