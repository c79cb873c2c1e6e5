// Texts that people and programs hand in: cursors, ids, tokens, names, paths, conflict names, and
// names of objects.
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "src/engine/token.h"
#include "src/stores/object_layout.h"
#include "src/stores/object_name.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/journal.h"
#include "syncengine/format/name.h"
#include "syncengine/reconcile/conflict_name.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

void CheckCursor(absl::string_view text) {
  const auto cursor = ParseCursor(text);
  if (!cursor.ok()) return;
  const auto again = ParseCursor(FormatCursor(*cursor));
  Require(again.ok() && *again == *cursor, "a cursor reads back");
}

void CheckIdAndToken(absl::string_view text) {
  if (const auto id = NodeId::FromHex(text); id.ok()) {
    const auto again = NodeId::FromHex(id->ToHex());
    Require(again.ok() && *again == *id, "an id reads back");
  }
  if (engine::LooksLikeToken(text)) {
    Require(text.substr(0, 4) == "se1_", "a token has its prefix");
  }
  if (const auto bytes = engine::TokenBytes::FromBytes(text); bytes.ok()) {
    Require(engine::LooksLikeToken(engine::FormatToken(*bytes).bytes()), "a token looks like one");
  }
}

void CheckPath(absl::string_view text) {
  const auto names = SplitPath(text);
  if (!names.ok()) return;
  for (const std::string& name : *names) Require(ValidateName(name).ok(), "a path has valid names");
  const auto again = SplitPath(JoinPath(*names));
  Require(again.ok() && *again == *names, "a path reads back");
}

void CheckConflictName(Input& input) {
  const std::string name(input.Piece());
  const std::string device(input.Piece());
  const int attempt = static_cast<int>(input.Below(100));
  if (!ValidateName(name).ok() || name.size() > limits::kNameBytesMax) return;
  const std::string made = ConflictName(name, "2024-01-02 030405", device, attempt);
  Require(ValidateName(made).ok() && made.size() <= limits::kNameBytesMax, "it is a name");
  Require(IsConflictName(made), "it is known as a conflict's");
}

void CheckObjectPath(absl::string_view name) {
  if (!stores::CheckObjectName(name).ok()) return;
  const std::string path = stores::ObjectPath(name);
  Require(path.substr(0, 8) == "objects/", "objects lie in their directory");
  for (const absl::string_view part : absl::StrSplit(path.substr(8), '/')) {
    Require(!part.empty() && part != "." && part != "..", "a path has names only");
  }
  Require(path.find('\0') == std::string::npos, "a path is text");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine::fuzz;
  Input input(data, size);
  const size_t mode = input.Below(5);
  if (mode == 0) CheckCursor(input.Rest());
  if (mode == 1) CheckIdAndToken(input.Rest());
  if (mode == 2) CheckPath(input.Rest());
  if (mode == 3) CheckConflictName(input);
  if (mode == 4) CheckObjectPath(input.Rest());
  return 0;
}
