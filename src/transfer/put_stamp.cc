#include "src/transfer/put_stamp.h"

#include "absl/time/time.h"

namespace syncengine {
namespace {

// Times of files come from a clock that the kernel advances in steps of up to 10 ms.
constexpr int64_t kKernelTickNs = 50'000'000;

}  // namespace

int64_t RacyWindowNs(const FileSystem& files) {
  return files.properties().mtime_granularity_ns + kKernelTickNs;
}

PutStamp::PutStamp(const PutTreePorts& ports, const PutTreeRequest& request)
    : ports_(ports),
      request_(request),
      cache_(ports.cache, ports.opened.record.id),
      began_ns_(absl::ToUnixNanos(ports.clock.Now())) {
  if (ports.cache != nullptr) before_ = Head();
}

std::optional<Cursor> PutStamp::Head() const {
  const auto page = ports_.opened.service->Changes(ports_.opened.record.id, {.limit = 1});
  if (!page.ok()) return std::nullopt;  // The journal's beginning may have been dropped.
  return Cursor{page->next.history, page->head};
}

std::optional<WalkPrint> PutStamp::FindUnchanged(LocalWalk& walk) {
  if (!before_.has_value()) return std::nullopt;
  const auto stamp = cache_.FindTree(request_.remote, request_.mirror);
  if (!stamp.has_value() || stamp->cursor != *before_) return std::nullopt;
  const WalkPrint print = walk.Finish();
  if (!print.complete || print.digest != stamp->digest) return std::nullopt;
  return print;
}

void PutStamp::Remember(const WalkPrint& print, uint64_t own_rows) {
  if (!before_.has_value() || !print.complete) return;
  if (print.newest_ctime_ns + RacyWindowNs(ports_.files) >= began_ns_) return;
  const std::optional<Cursor> after = Head();
  const Cursor expected = {before_->history, before_->sequence + own_rows};
  if (after != expected) return;
  cache_.RememberTree(request_.remote, request_.mirror, {*after, print.digest});
  cache_.Flush().IgnoreError();  // The next put compares file by file.
}

}  // namespace syncengine
