#include "examples/cli/context.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace syncengine::cli {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(200);

// Draws at most a few times a second, and always the end.
class ProgressLine {
 public:
  ProgressLine(std::string verb, bool plain) : verb_(std::move(verb)), plain_(plain) {}
  ~ProgressLine() {
    if (drawn_ && !plain_) std::fputs("\r\x1b[K", stderr);
  }
  void Draw(const Progress& progress) {
    const absl::Time now = absl::Now();
    if (now - last_ < (plain_ ? absl::Seconds(2) : kRedraw)) return;
    last_ = now;
    drawn_ = true;
    const std::string line = absl::StrFormat(
        "%s: %d files, %s%s", verb_, progress.files_done, BytesText(progress.bytes_done),
        progress.total_known ? absl::StrCat(" of ", BytesText(progress.bytes_total)) : "");
    std::fprintf(stderr, plain_ ? "%s\n" : "\r%s\x1b[K", line.c_str());
  }

 private:
  const std::string verb_;
  const bool plain_;
  bool drawn_ = false;
  absl::Time last_ = absl::InfinitePast();
};

}  // namespace

CLI::App* AddVerb(Registry& registry, const std::string& name, const std::string& description,
                  const std::string& example, Command command) {
  CLI::App* verb = registry.app.add_subcommand(name, description);
  verb->footer("Example:\n  " + example);
  verb->fallthrough();
  registry.on_call(verb, std::move(command));
  return verb;
}

void Print(const Context& context, const Json& json, absl::string_view text) {
  const std::string line = context.globals.json ? JsonText(json) + "\n" : std::string(text);
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

ProgressCallback ShowProgress(const Context& context, absl::string_view verb) {
  const std::string& how = context.globals.progress;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (how == "none" || (how == "auto" && !terminal)) return {};
  // Shared because std::function copies its callable.
  auto line = std::make_shared<ProgressLine>(std::string(verb), how == "plain" || !terminal);
  return [line](const Progress& progress) { line->Draw(progress); };
}

std::string HostName() {
  std::ifstream stream("/etc/hostname");
  std::string line;
  std::getline(stream, line);
  return line.empty() ? "device" : line;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string BytesText(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? absl::StrCat(bytes, " B") : absl::StrFormat("%.1f %s", value, kUnits[unit]);
}

std::string PathText(absl::string_view path) {
  return absl::StartsWith(path, "/") ? std::string(path) : absl::StrCat("/", path);
}

Json EntryJson(absl::string_view path, const Revision& revision) {
  const NodeState& state = revision.state;
  Json json = {{"path", PathText(path)},
               {"kind", std::string(NodeKindName(state.kind))},
               {"size", state.content.size},
               {"node_id", revision.node.ToHex()},
               {"revision", revision.id.ToHex()},
               {"mtime", TimeText(absl::FromUnixNanos(state.attributes.mtime_ns))},
               {"mode", absl::StrFormat("%04o", state.attributes.mode)},
               {"state", state.deleted ? "deleted" : "uploaded"}};
  if (state.kind == NodeKind::kSymlink) json["target"] = state.attributes.symlink_target;
  return json;
}

std::string JsonText(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace syncengine::cli
