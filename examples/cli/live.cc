// live: one end of a live document on stdin and stdout, a line of JSON for each event, so that any
// program can be the editor and own the network.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "examples/cli/commands.h"
#include "syncengine/base/error.h"
#include "syncengine/diffsync/live_hub.h"
#include "syncengine/diffsync/live_text.h"
#include "syncengine/live/line_differ.h"
#include "syncengine/stores/system_entropy.h"

namespace syncengine::cli {
namespace {

struct LiveOptions {
  std::string file;
  bool hub = false;
  bool code_points = false;
  bool keep_file = false;
  uint64_t link = 0;
  uint64_t interval_ms = 50;
};

uint64_t RandomNumber() {
  SystemEntropy entropy;
  uint64_t number = 0;
  while (number == 0) {
    entropy.Fill(absl::MakeSpan(reinterpret_cast<uint8_t*>(&number), sizeof number));
  }
  return number;
}

void Say(const Json& json) { std::cout << JsonText(json) << std::endl; }

// An end of either kind, as the lines of JSON see it.
class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual std::string Text() const = 0;
  virtual size_t size() const = 0;
  virtual uint64_t Checksum() const = 0;
  virtual size_t OffsetOfCodePoint(size_t index) const = 0;
  virtual size_t CodePointAtOffset(size_t offset) const = 0;
  virtual absl::Status Splice(size_t position, size_t deleted, const std::string& inserted) = 0;
  virtual absl::Status Replace(const std::string& text) = 0;
  // Says what answers it; the splices that it brought.
  virtual absl::StatusOr<std::vector<LiveSplice>> Receive(const std::string& packet) = 0;
  virtual void Tick(uint64_t ms) = 0;
  virtual std::string Snapshot() const = 0;
  virtual absl::Status Restore(const std::string& bytes) = 0;
};

class WriterEnd final : public Endpoint {
 public:
  WriterEnd(LiveText text, uint64_t interval_ms)
      : text_(std::move(text)), interval_ms_(interval_ms) {}

  std::string Text() const override { return text_.Text(); }
  size_t size() const override { return text_.size(); }
  uint64_t Checksum() const override { return text_.Checksum(); }
  size_t OffsetOfCodePoint(size_t index) const override { return text_.OffsetOfCodePoint(index); }
  size_t CodePointAtOffset(size_t offset) const override { return text_.CodePointAtOffset(offset); }
  absl::Status Splice(size_t position, size_t deleted, const std::string& inserted) override {
    return text_.Splice(position, deleted, inserted);
  }
  absl::Status Replace(const std::string& text) override { return text_.Replace(text); }
  absl::StatusOr<std::vector<LiveSplice>> Receive(const std::string& packet) override {
    SYNCENGINE_ASSIGN_OR_RETURN(LiveArrival arrival, text_.Receive(packet));
    if (arrival.kept) Say({{"kept", *arrival.kept}, {"refused", arrival.refused}});
    return std::move(arrival.remote);
  }
  // A packet leaves when there is something new to say, and otherwise once an interval: the open
  // request again, or a question for edits of others.
  void Tick(uint64_t ms) override {
    quiet_ms_ += ms;
    const bool news = text_.HasUnsent() && !text_.Waiting();
    if (!news && quiet_ms_ < interval_ms_) return;
    quiet_ms_ = 0;
    Say({{"packet", absl::Base64Escape(text_.NextPacket())}});
  }
  std::string Snapshot() const override { return text_.Snapshot(); }
  absl::Status Restore(const std::string& bytes) override {
    SYNCENGINE_ASSIGN_OR_RETURN(
        text_, LiveText::Restore({.differ = DifferByLines, .merger = MergeByLines}, bytes));
    return absl::OkStatus();
  }

 private:
  LiveText text_;
  const uint64_t interval_ms_;
  uint64_t quiet_ms_ = 0;
};

class HubEnd final : public Endpoint {
 public:
  explicit HubEnd(LiveHub hub) : hub_(std::move(hub)) {}

  std::string Text() const override { return hub_.Text(); }
  size_t size() const override { return hub_.size(); }
  uint64_t Checksum() const override { return hub_.Checksum(); }
  size_t OffsetOfCodePoint(size_t index) const override { return hub_.OffsetOfCodePoint(index); }
  size_t CodePointAtOffset(size_t offset) const override { return hub_.CodePointAtOffset(offset); }
  absl::Status Splice(size_t position, size_t deleted, const std::string& inserted) override {
    return hub_.Splice(position, deleted, inserted);
  }
  absl::Status Replace(const std::string& text) override {
    return hub_.Merge(hub_.Text(), text).status();
  }
  absl::StatusOr<std::vector<LiveSplice>> Receive(const std::string& packet) override {
    SYNCENGINE_ASSIGN_OR_RETURN(const uint64_t link, LinkOfRequest(packet));
    SYNCENGINE_ASSIGN_OR_RETURN(LiveAnswer answer, hub_.Receive(packet));
    Say({{"packet", absl::Base64Escape(answer.reply)}, {"link", link}});
    return std::move(answer.applied);
  }
  void Tick(uint64_t) override {}
  std::string Snapshot() const override { return hub_.Snapshot(); }
  absl::Status Restore(const std::string& bytes) override {
    SYNCENGINE_ASSIGN_OR_RETURN(
        hub_, LiveHub::Restore({.differ = DifferByLines, .merger = MergeByLines}, bytes));
    return absl::OkStatus();
  }

 private:
  LiveHub hub_;
};

// Carries out lines of JSON on an end.
class Session {
 public:
  Session(Endpoint& end, const LiveOptions& options) : end_(end), options_(options) {}

  absl::Status Handle(const std::string& line) {
    const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object()) return Wrong("one JSON object a line");
    if (const auto splice = event.find("splice"); splice != event.end()) return Splice(*splice);
    if (event.contains("replace")) return Replace(event["replace"]);
    if (event.contains("packet")) return Packet(event["packet"]);
    if (event.contains("tick")) return Tick(event["tick"]);
    if (event.contains("restore")) return Restore(event["restore"]);
    if (event.contains("save")) return Save();
    if (event.contains("snapshot")) {
      Say({{"snapshot", absl::Base64Escape(end_.Snapshot())}});
      return absl::OkStatus();
    }
    const bool text = event.contains("text");
    if (!text && !event.contains("checksum")) {
      return Wrong("splice, replace, packet, tick, text, checksum, snapshot, restore or save");
    }
    Json answer;
    if (text) answer["text"] = end_.Text();
    answer["checksum"] = absl::StrCat(absl::Hex(end_.Checksum(), absl::kZeroPad16));
    Say(answer);
    return absl::OkStatus();
  }

  absl::Status Save() {
    std::ofstream stream(options_.file, std::ios::binary | std::ios::trunc);
    stream << end_.Text();
    stream.close();
    if (stream) return absl::OkStatus();
    return absl::UnknownError(absl::StrCat(options_.file, ": cannot be written"));
  }

 private:
  static absl::Status Wrong(absl::string_view expected) {
    return absl::InvalidArgumentError(absl::StrCat("live: expected ", expected));
  }

  absl::Status Splice(const nlohmann::json& splice) {
    if (!splice.is_array() || splice.size() != 3 || !splice[0].is_number_unsigned() ||
        !splice[1].is_number_unsigned() || !splice[2].is_string()) {
      return Wrong("\"splice\": [position, how much is deleted, \"inserted text\"]");
    }
    const uint64_t position = splice[0], deleted = splice[1];
    const std::string inserted = splice[2];
    if (!options_.code_points) return end_.Splice(position, deleted, inserted);
    const size_t points = end_.CodePointAtOffset(end_.size());
    if (position > points || deleted > points - position) {
      return Wrong(absl::StrCat("a splice inside the text of ", points, " code points"));
    }
    const size_t from = end_.OffsetOfCodePoint(position);
    return end_.Splice(from, end_.OffsetOfCodePoint(position + deleted) - from, inserted);
  }

  absl::Status Replace(const nlohmann::json& text) {
    if (!text.is_string()) return Wrong("\"replace\": \"whole text\"");
    return end_.Replace(text);
  }

  absl::Status Packet(const nlohmann::json& packet) {
    std::string bytes;
    if (!packet.is_string() || !absl::Base64Unescape(packet.get<std::string>(), &bytes)) {
      return Wrong("\"packet\": \"base64\"");
    }
    const std::string before = options_.code_points ? end_.Text() : std::string();
    SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<LiveSplice> splices, end_.Receive(bytes));
    SayRemote(splices, before);
    return absl::OkStatus();
  }

  void SayRemote(const std::vector<LiveSplice>& splices, std::string text) {
    if (splices.empty()) return;
    const auto points = [](absl::string_view part) {
      size_t count = 0;
      for (const char byte : part) count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
      return count;
    };
    Json list = Json::array();
    for (const LiveSplice& splice : splices) {
      if (!options_.code_points) {
        list.push_back(Json::array({splice.position, splice.deleted, splice.inserted}));
        continue;
      }
      const absl::string_view whole = text;
      list.push_back(
          Json::array({points(whole.substr(0, splice.position)),
                       points(whole.substr(splice.position, splice.deleted)), splice.inserted}));
      text.replace(splice.position, splice.deleted, splice.inserted);
    }
    Say({{"remote", std::move(list)}});
  }

  absl::Status Tick(const nlohmann::json& ms) {
    if (!ms.is_number_unsigned()) return Wrong("\"tick\": milliseconds that went by");
    end_.Tick(ms);
    return absl::OkStatus();
  }

  absl::Status Restore(const nlohmann::json& snapshot) {
    std::string bytes;
    if (!snapshot.is_string() || !absl::Base64Unescape(snapshot.get<std::string>(), &bytes)) {
      return Wrong("\"restore\": \"base64 of a snapshot\"");
    }
    return end_.Restore(bytes);
  }

  Endpoint& end_;
  const LiveOptions& options_;
};

std::string StartText(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);  // Absent: a new document.
  return std::string((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
}

absl::StatusOr<std::unique_ptr<Endpoint>> OpenEnd(const LiveOptions& options) {
  const std::string text = StartText(options.file);
  if (options.hub) {
    SYNCENGINE_ASSIGN_OR_RETURN(
        LiveHub hub,
        LiveHub::Create({.epoch = RandomNumber(), .differ = DifferByLines, .merger = MergeByLines},
                        text));
    return std::make_unique<HubEnd>(std::move(hub));
  }
  const uint64_t link = options.link != 0 ? options.link : RandomNumber();
  SYNCENGINE_ASSIGN_OR_RETURN(
      LiveText writer,
      LiveText::Create({.link = link, .differ = DifferByLines, .merger = MergeByLines}, text));
  return std::make_unique<WriterEnd>(std::move(writer), options.interval_ms);
}

absl::StatusOr<ExitCode> RunLive(const Context&, const LiveOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const std::unique_ptr<Endpoint> end, OpenEnd(options));
  Session session(*end, options);
  bool failed = false;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    const absl::Status status = session.Handle(line);
    if (status.ok()) continue;
    failed = true;
    Say({{"error", std::string(status.message())},
         {"code", absl::StatusCodeToString(status.code())}});
  }
  if (!options.keep_file) SYNCENGINE_RETURN_IF_ERROR(session.Save());
  return failed ? kFailed : kOk;
}

}  // namespace

void AddLive(Registry& registry) {
  auto options = std::make_shared<LiveOptions>();  // Shared by the parser and the command.
  CLI::App* verb =
      AddVerb(registry, "live",
              "Be one end of a live document: events as lines of JSON on stdin and stdout",
              "syncengine live notes.txt          # a writer; --hub is the end where writers meet",
              [options](const Context& context) { return RunLive(context, *options); });
  verb->add_option("file", options->file, "Text to begin with; written at the end")->required();
  verb->add_flag("--hub", options->hub, "Be the hub of all writers");
  verb->add_flag("--code-points", options->code_points,
                 "Positions count Unicode code points instead of bytes of UTF-8");
  verb->add_flag("--keep-file", options->keep_file, "Leave the file as it is at the end");
  verb->add_option("--link", options->link, "Number of this writer's link (default: random)");
  verb->add_option("--interval-ms", options->interval_ms,
                   "After so many milliseconds of ticks a packet is repeated, or asks for news")
      ->capture_default_str();
}

}  // namespace syncengine::cli
