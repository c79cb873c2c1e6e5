#include "syncengine/diffsync/live_splice.h"

#include <algorithm>

#include "src/diffsync/utf8.h"

namespace syncengine {

size_t MapPosition(size_t position, absl::Span<const LiveSplice> splices) {
  for (const LiveSplice& splice : splices) {
    if (position <= splice.position) continue;
    if (position < splice.position + splice.deleted) {
      position = splice.position;
    } else {
      position += splice.inserted.size() - splice.deleted;
    }
  }
  return position;
}

std::vector<LiveSplice> DifferByEnds(absl::string_view before, absl::string_view after) {
  const size_t shorter = std::min(before.size(), after.size());
  size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  size_t tail = 0;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  const auto cuts = [](absl::string_view text, size_t at) {
    return at < text.size() && diffsync::IsContinuation(text[at]);
  };
  while (head > 0 && (cuts(before, head) || cuts(after, head))) --head;
  while (tail > 0 && (cuts(before, before.size() - tail) || cuts(after, after.size() - tail))) {
    --tail;
  }
  LiveSplice splice{.position = head,
                    .deleted = before.size() - head - tail,
                    .inserted = std::string(after.substr(head, after.size() - head - tail))};
  if (splice.deleted == 0 && splice.inserted.empty()) return {};
  return {splice};
}

}  // namespace syncengine
