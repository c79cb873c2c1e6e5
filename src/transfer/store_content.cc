#include "src/transfer/store_content.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "syncengine/base/error.h"

namespace syncengine {
namespace {

class TextSource final : public ContentSource {
 public:
  explicit TextSource(absl::string_view bytes) : rest_(bytes) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min(size, rest_.size());
    std::copy_n(rest_.data(), count, buffer);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  absl::string_view rest_;
};

// One content that is never committed by the uploader.
class OneContent final : public UploadPlan {
 public:
  OneContent(const std::string& label, ContentOpener open) {
    item_.emplace();
    item_->label = label;
    item_->open = std::move(open);
    item_->already_there = [](const ContentRef&) { return true; };
  }

  std::optional<UploadItem> Next() override { return std::exchange(item_, std::nullopt); }
  void Finished(const UploadItem&, const UploadResult& result) override {
    failure_ = result.status;
    content_ = result.content;
  }

  absl::StatusOr<ContentRef> Take() {
    if (!failure_.ok()) return failure_;
    return std::move(content_);
  }

 private:
  std::optional<UploadItem> item_;
  absl::Status failure_ = absl::CancelledError("store: stopped on request");
  ContentRef content_;
};

class TextSink final : public ContentSink {
 public:
  explicit TextSink(std::string& text) : text_(text) {}

  absl::Status Write(absl::string_view bytes) override {
    text_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }

 private:
  std::string& text_;
};

}  // namespace

std::unique_ptr<ContentSource> MakeTextSource(absl::string_view bytes) {
  return std::make_unique<TextSource>(bytes);
}

absl::StatusOr<StoredContent> StoreContent(Uploader& uploader, const std::string& label,
                                           ContentOpener open, std::stop_token stop) {
  OneContent plan(label, std::move(open));
  SYNCENGINE_ASSIGN_OR_RETURN(const UploadStats stats, uploader.Upload(plan, {}, std::move(stop)));
  StoredContent stored{.sent_bytes = stats.sent_bytes};
  SYNCENGINE_ASSIGN_OR_RETURN(stored.content, plan.Take());
  return stored;
}

UploaderOptions StoringOptions() {
  return {.announce_bytes = std::numeric_limits<uint64_t>::max()};
}

absl::StatusOr<std::string> ReadContent(Downloader& downloader, const ContentRef& content,
                                        std::stop_token stop) {
  std::string text;
  text.reserve(content.size);
  TextSink sink(text);
  SYNCENGINE_RETURN_IF_ERROR(downloader.ReadRange(content, 0, content.size, sink, std::move(stop)));
  return text;
}

}  // namespace syncengine
