#include "src/transfer/content_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace syncengine {
namespace {

constexpr size_t kArenaBytes = 1u << 20;
// With less room than this a batch is full: reads of a few bytes cost as much as big ones.
constexpr size_t kReadBytesMin = 32u << 10;
// Thousands of empty files must not make one endless batch.
constexpr size_t kPiecesMax = 4096;

}  // namespace

ContentReader::ContentReader(UploadContext& context, const Chunker& chunker)
    : context_(context),
      chunker_(chunker),
      arena_bytes_(std::max<size_t>(kArenaBytes, chunker.max_bytes() + 2 * kReadBytesMin)),
      arenas_(std::make_shared<ArenaPool>(arena_bytes_)) {}

void ContentReader::Begin(PendingItem& item) {
  item_ = &item;
  if (batch_ == nullptr) MakeRoom();
  auto source = item.item.open();
  if (!source.ok()) return End(source.status());
  if (*source == nullptr) {
    return End(absl::InvalidArgumentError(
        absl::StrCat("upload ", item.item.label, ": open() gave no source")));
  }
  source_ = *std::move(source);
}

void ContentReader::Read() {
  while (item_ != nullptr && !full_) {
    if (batch_ == nullptr) MakeRoom();
    full_ = arena_bytes_ - end_ < kReadBytesMin;
    if (full_) return;
    const auto size = source_->Read(batch_->arena->data() + end_, arena_bytes_ - end_);
    if (!size.ok()) return End(size.status());
    end_ += *size;
    item_->bytes += *size;
    Cut(*size == 0);
    if (*size == 0) End(source_->Finish());
  }
}

void ContentReader::Cut(bool is_last) {
  const char* data = batch_->arena->data();
  while (begin_ < end_) {
    const absl::string_view rest(data + begin_, end_ - begin_);
    const size_t length = chunker_.Cut(rest, is_last);
    if (length == 0) return;
    batch_->pieces.push_back({item_, rest.substr(0, length), BlockId()});
    ++item_->unrouted;
    begin_ += length;
  }
}

void ContentReader::End(const absl::Status& status) {
  // What follows must not be taken for content of the next item.
  begin_ = end_;
  item_->result.status = status;
  batch_->pieces.push_back({item_, {}, BlockId()});
  full_ = batch_->pieces.size() >= kPiecesMax;
  item_ = nullptr;
  source_.reset();
}

std::unique_ptr<PieceBatch> ContentReader::Take() {
  std::unique_ptr<PieceBatch> taken = std::move(batch_);
  const absl::string_view rest(taken->arena->data() + begin_, end_ - begin_);
  begin_ = end_ = 0;
  full_ = false;
  if (!rest.empty()) {
    MakeRoom();
    std::memcpy(batch_->arena->data(), rest.data(), rest.size());
    end_ = rest.size();
  }
  return taken;
}

void ContentReader::MakeRoom() {
  batch_ = std::make_unique<PieceBatch>();
  batch_->arena = std::make_shared<Arena>(arenas_, context_.held_bytes);
}

}  // namespace syncengine
