#include "syncengine/engine/check.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/namespace_check.h"
#include "src/engine/rows.h"
#include "src/kernels/digest.h"
#include "syncengine/base/error.h"
#include "syncengine/format/segment.h"

namespace syncengine {
namespace {

using engine::ExpectedBlock;
using engine::ExpectedSegment;
using engine::NamespaceCheck;

constexpr size_t kProblemsMax = 1000;
constexpr int kScanBatch = 1000;

// One run over a repository. Single-threaded.
class RepositoryCheck {
 public:
  RepositoryCheck(MetadataStore& metadata, ObjectStore& objects, const CheckOptions& options)
      : metadata_(metadata), objects_(objects), options_(options) {}

  absl::StatusOr<CheckReport> Run() {
    std::map<std::string, NamespaceId> namespaces;
    SYNCENGINE_RETURN_IF_ERROR(CheckRepositoryRows(namespaces));
    for (const auto& [name, id] : namespaces) {
      prefix_ = absl::StrCat("namespace ", name, ", ");
      SYNCENGINE_RETURN_IF_ERROR(CheckNamespace(id));
    }
    progress_.total_known = true;
    if (options_.progress) options_.progress(progress_);
    return std::move(report_);
  }

 private:
  using Rows = std::vector<KeyValue>;

  void Problem(absl::string_view place, absl::string_view what) {
    ++report_.problems_total;
    if (report_.problems.size() >= kProblemsMax) return;
    report_.problems.push_back({absl::StrCat(prefix_, place), std::string(what)});
  }

  absl::Status CheckStop() const {
    if (!options_.stop.stop_requested()) return absl::OkStatus();
    return absl::CancelledError("the check was stopped");
  }

  // Damage is reported, and what it makes impossible is left out; other errors end the check.
  absl::Status Forgive(const absl::Status& status, absl::string_view place) {
    if (!absl::IsDataLoss(status)) return status;
    Problem(place, status.message());
    return absl::OkStatus();
  }

  absl::Status ForEachRow(MetadataReader& rows, absl::string_view prefix,
                          absl::FunctionRef<void(absl::string_view, absl::string_view)> visit) {
    ScanRange range{.begin = std::string(prefix),
                    .end = engine::PrefixEnd(std::string(prefix)),
                    .limit = kScanBatch};
    for (;;) {
      SYNCENGINE_RETURN_IF_ERROR(CheckStop());
      SYNCENGINE_ASSIGN_OR_RETURN(const Rows batch, rows.Scan(range));
      for (const auto& [key, value] : batch) visit(key, value);
      if (batch.size() < kScanBatch) return absl::OkStatus();
      range.begin = batch.back().first + '\0';
    }
  }

  absl::Status CheckRepositoryRows(std::map<std::string, NamespaceId>& namespaces) {
    const auto view = [&](MetadataReader& rows) -> absl::Status {
      const auto format = engine::ReadRow<engine::FormatRow>(rows, engine::FormatKey());
      if (!format.ok()) return format.status();
      if (!format->has_value()) {
        return MakeError(Reason::kNotInitialised, "there is no repository here");
      }
      SYNCENGINE_RETURN_IF_ERROR(CheckNamespaceRows(rows, namespaces));
      return CheckDeviceRows(rows);
    };
    return Forgive(metadata_.View(engine::kRepositoryPartition, view), "repository");
  }

  absl::Status CheckNamespaceRows(MetadataReader& rows,
                                  std::map<std::string, NamespaceId>& namespaces) {
    std::map<std::string, std::string> names;  // By the hex of the id.
    SYNCENGINE_RETURN_IF_ERROR(
        ForEachRow(rows, "i/", [&](absl::string_view key, absl::string_view value) {
          names[std::string(key.substr(2))] = std::string(value);
        }));
    SYNCENGINE_RETURN_IF_ERROR(
        ForEachRow(rows, "n/", [&](absl::string_view key, absl::string_view value) {
          const std::string name(key.substr(2));
          const auto row = engine::DecodeRow<engine::NamespaceRow>(value);
          if (!row.ok()) return Problem(absl::StrCat("namespace ", name), row.status().message());
          namespaces[name] = row->record.id;
          const auto found = names.find(row->record.id.ToHex());
          if (row->record.name != name || found == names.end() || found->second != name) {
            return Problem(absl::StrCat("namespace ", name), "its id does not lead to it");
          }
          names.erase(found);
        }));
    for (const auto& [id, name] : names) {
      Problem(absl::StrCat("namespace ", id), absl::StrCat("there is no record called ", name));
    }
    return absl::OkStatus();
  }

  absl::Status CheckDeviceRows(MetadataReader& rows) {
    std::map<DeviceId, bool> devices;  // Whether a token leads to it.
    SYNCENGINE_RETURN_IF_ERROR(
        ForEachRow(rows, "d/", [&](absl::string_view key, absl::string_view value) {
          const auto row = engine::DecodeRow<engine::DeviceRow>(value);
          const std::string place = absl::StrCat("device ", key.substr(2));
          if (!row.ok()) return Problem(place, row.status().message());
          if (engine::DeviceKey(row->id) != key) Problem(place, "has another id");
          devices[row->id] = false;
        }));
    const auto leads_to_device = [&](absl::string_view key, absl::string_view value) {
      const auto id = engine::DecodeRow<DeviceId>(value);
      const auto found = id.ok() ? devices.find(*id) : devices.end();
      if (found == devices.end()) {
        return Problem(key[0] == 't' ? "a token" : absl::StrCat("device name ", key.substr(2)),
                       "leads to no device");
      }
      if (key[0] == 't') found->second = true;
    };
    SYNCENGINE_RETURN_IF_ERROR(ForEachRow(rows, "m/", leads_to_device));
    SYNCENGINE_RETURN_IF_ERROR(ForEachRow(rows, "t/", leads_to_device));
    for (const auto& [id, has_token] : devices) {
      if (!has_token) Problem(absl::StrCat("device ", id.ToHex()), "no token leads to it");
    }
    return absl::OkStatus();
  }

  absl::Status CheckNamespace(const NamespaceId& id) {
    ++report_.namespaces;
    std::optional<NamespaceCheck> check;
    const auto view = [&](MetadataReader& rows) -> absl::Status {
      SYNCENGINE_ASSIGN_OR_RETURN(const auto head,
                                  engine::ReadRow<engine::HeadRow>(rows, engine::HeadKey()));
      if (!head.has_value()) return MakeError(Reason::kIntegrity, "its head row is missing");
      check.emplace(
          *head, [this](absl::string_view place, absl::string_view what) { Problem(place, what); });
      return ForEachRow(rows, "", [&](absl::string_view key, absl::string_view value) {
        check->Add(key, value);
      });
    };
    const absl::Status read = metadata_.View(engine::NamespacePartition(id), view);
    SYNCENGINE_RETURN_IF_ERROR(Forgive(read, "metadata"));
    if (!read.ok()) return absl::OkStatus();  // Half of the rows would look like much damage.
    check->Finish();
    report_.nodes += check->nodes();
    report_.revisions += check->revisions();
    report_.journal_entries += check->journal_entries();
    report_.blocks += check->blocks();
    progress_.files_total += check->segments().size();
    for (const auto& [segment, expected] : check->segments()) {
      SYNCENGINE_RETURN_IF_ERROR(CheckStop());
      SYNCENGINE_RETURN_IF_ERROR(CheckSegment(id, segment, expected));
    }
    return CountUnreferenced(id, *check);
  }

  absl::Status CheckSegment(const NamespaceId& id, const SegmentId& segment,
                            const ExpectedSegment& expected) {
    ++report_.segments;
    ++progress_.files_done;
    progress_.current = segment.ToHex();
    if (options_.progress) options_.progress(progress_);
    for (const ExpectedBlock& block : expected.blocks) {
      if (block.row.offset + uint64_t{block.row.length} > expected.row.size) {
        Problem(absl::StrCat("block ", block.id.ToHex()), "lies outside its segment");
      }
    }
    const std::string place = absl::StrCat("segment ", segment.ToHex());
    absl::Status status = options_.read_data ? ReadSegment(id, segment, expected)
                                             : StatSegment(id, segment, expected);
    if (!absl::IsNotFound(status)) return Forgive(status, place);
    // Collected since the snapshot, or lost.
    bool known = false;
    SYNCENGINE_RETURN_IF_ERROR(
        metadata_.View(engine::NamespacePartition(id), [&](MetadataReader& rows) -> absl::Status {
          SYNCENGINE_ASSIGN_OR_RETURN(const auto row, rows.Get(engine::SegmentKey(segment)));
          known = row.has_value();
          return absl::OkStatus();
        }));
    if (known) Problem(place, "its object is missing");
    return absl::OkStatus();
  }

  absl::Status StatSegment(const NamespaceId& id, const SegmentId& segment,
                           const ExpectedSegment& expected) {
    SYNCENGINE_ASSIGN_OR_RETURN(const ObjectEntry entry,
                                objects_.Stat(engine::SegmentObject(id, segment)));
    return CheckSize(entry.size, expected);
  }

  static absl::Status CheckSize(uint64_t size, const ExpectedSegment& expected) {
    if (size == expected.row.size) return absl::OkStatus();
    return MakeError(Reason::kIntegrity,
                     absl::StrCat("its object has ", size, " bytes, expected ", expected.row.size));
  }

  absl::Status ReadSegment(const NamespaceId& id, const SegmentId& segment,
                           const ExpectedSegment& expected) {
    SYNCENGINE_ASSIGN_OR_RETURN(const std::string bytes,
                                objects_.Get(engine::SegmentObject(id, segment), 0, kWholeObject));
    report_.bytes_read += bytes.size();
    progress_.bytes_done += bytes.size();
    SYNCENGINE_RETURN_IF_ERROR(CheckSize(bytes.size(), expected));
    if (kernels::AsBytes(kernels::Sha256(bytes)) != expected.row.sha256) {
      return MakeError(Reason::kIntegrity, "its object is another than was uploaded");
    }
    SYNCENGINE_ASSIGN_OR_RETURN(const Segment parsed, ParseSegment(bytes));
    if (parsed.namespace_id != id || parsed.segment_id != segment ||
        parsed.frames.size() != expected.row.frames) {
      return MakeError(Reason::kIntegrity, "its object is of another segment");
    }
    std::map<uint64_t, const SegmentFrame*> frames;
    for (const SegmentFrame& frame : parsed.frames) frames[frame.offset] = &frame;
    for (const ExpectedBlock& block : expected.blocks) {
      const auto frame = frames.find(block.row.offset);
      if (frame == frames.end() || !IsIn(block, *frame->second)) {
        Problem(absl::StrCat("block ", block.id.ToHex()), "is not where its row says");
      }
    }
    return absl::OkStatus();
  }

  static bool IsIn(const ExpectedBlock& block, const SegmentFrame& frame) {
    if (frame.length != block.row.length || frame.header.kind != block.row.kind) return false;
    if (frame.header.bases != block.bases || frame.header.depth != block.row.depth) return false;
    for (const FrameBlock& stored : frame.header.blocks) {
      if (stored.id == block.id) return stored.children == block.children;
    }
    return false;
  }

  absl::Status CountUnreferenced(const NamespaceId& id, const NamespaceCheck& check) {
    const std::string prefix = engine::SegmentObjectPrefix(id);
    std::string after;
    for (;;) {
      auto page = objects_.List(prefix, after, kScanBatch);
      if (!page.ok()) return page.status();
      for (const ObjectEntry& entry : page->entries) {
        const auto segment = SegmentId::FromHex(entry.name.substr(prefix.size()));
        if (segment.ok() && check.segments().contains(*segment)) continue;
        const auto doom = segment.ok() ? check.doomed().find(*segment) : check.doomed().end();
        const bool in_trash =
            doom != check.doomed().end() && doom->second.state == engine::DoomState::kDoomed;
        ++(in_trash ? report_.objects_in_trash : report_.objects_unreferenced);
      }
      if (!page->more || page->entries.empty()) return absl::OkStatus();
      after = page->entries.back().name;
    }
  }

  MetadataStore& metadata_;
  ObjectStore& objects_;
  const CheckOptions& options_;
  std::string prefix_;  // Of the places of problems.
  Progress progress_;
  CheckReport report_;
};

}  // namespace

absl::StatusOr<CheckReport> CheckRepository(MetadataStore& metadata, ObjectStore& objects,
                                            const CheckOptions& options) {
  return RepositoryCheck(metadata, objects, options).Run();
}

}  // namespace syncengine
