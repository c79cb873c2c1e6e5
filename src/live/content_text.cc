#include "src/live/content_text.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/transfer/downloader.h"

namespace syncengine::live {
namespace {

class StringSink final : public ContentSink {
 public:
  explicit StringSink(std::string& text) : text_(text) {}
  absl::Status Write(absl::string_view bytes) override {
    text_.append(bytes.data(), bytes.size());
    return absl::OkStatus();
  }

 private:
  std::string& text_;
};

class StringSource final : public ContentSource {
 public:
  explicit StringSource(absl::string_view text) : rest_(text) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t count = std::min(size, rest_.size());
    std::memcpy(buffer, rest_.data(), count);
    rest_.remove_prefix(count);
    return count;
  }

 private:
  absl::string_view rest_;
};

class OneItem final : public UploadPlan {
 public:
  explicit OneItem(UploadItem item) : item_(std::move(item)) {}
  std::optional<UploadItem> Next() override { return std::exchange(item_, std::nullopt); }
  void Finished(const UploadItem&, const UploadResult& result) override { result_ = result; }
  const std::optional<UploadResult>& result() const { return result_; }

 private:
  std::optional<UploadItem> item_;
  std::optional<UploadResult> result_;
};

}  // namespace

absl::StatusOr<OpenedNamespace> OpenById(const LiveServerPorts& ports, const NamespaceId& id) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<NamespaceRecord> records,
                              ports.service.ListNamespaces());
  for (const NamespaceRecord& record : records) {
    if (record.id != id) continue;
    if (record.key_holder == KeyHolder::kEndToEnd) {
      return absl::FailedPreconditionError(
          "live document: the server has no keys of an end-to-end encrypted namespace; let a "
          "device "
          "that has them be the hub");
    }
    return OpenNamespace(ports.service, record.name, nullptr, ports.entropy);
  }
  return absl::NotFoundError("live document: there is no such namespace");
}

absl::StatusOr<std::string> ReadText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                                     const Revision& revision) {
  if (revision.state.kind != NodeKind::kFile) {
    return absl::FailedPreconditionError("live document: expected a file");
  }
  const ContentRef& content = revision.state.content;
  if (content.size > limits::kLiveTextBytesMax) {
    return absl::FailedPreconditionError(absl::StrCat("live document: ", content.size, " bytes, ",
                                                      limits::kLiveTextBytesMax, " at most"));
  }
  std::string text;
  StringSink sink(text);
  Downloader downloader(opened, ports.executor);
  SYNCENGINE_RETURN_IF_ERROR(downloader.ReadRange(content, 0, content.size, sink));
  return text;
}

absl::StatusOr<UploadResult> CommitText(const LiveServerPorts& ports, const OpenedNamespace& opened,
                                        const Revision& base, absl::string_view text) {
  UploadItem item;
  item.change = {.node = base.node, .base = base.id, .state = base.state};
  item.change.state.deleted = false;  // What was written meanwhile outlives a deletion.
  item.change.state.attributes.mtime_ns = absl::ToUnixNanos(ports.clock.Now());
  item.size_hint = text.size();
  item.label = base.state.name;
  item.open = [text]() -> absl::StatusOr<std::unique_ptr<ContentSource>> {
    return std::make_unique<StringSource>(text);
  };
  OneItem plan(std::move(item));
  Uploader uploader(opened, ports.executor, ports.entropy, ports.clock);
  SYNCENGINE_RETURN_IF_ERROR(uploader.Upload(plan).status());
  if (!plan.result()) return absl::InternalError("live document: the upload told no result");
  SYNCENGINE_RETURN_IF_ERROR(plan.result()->status);
  return *plan.result();
}

}  // namespace syncengine::live
