#include "tests/sim/laws.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/transfer/store_content.h"
#include "syncengine/engine/check.h"
#include "syncengine/transfer/downloader.h"
#include "tests/sim/deletions.h"

namespace syncengine::sim {
namespace {

// The first path where the trees differ, with both contents.
std::string Difference(const Tree& a, const Tree& b) {
  const auto shown = [](const Tree& tree, const std::string& path) {
    const auto found = tree.find(path);
    return found == tree.end() ? std::string("nothing") : found->second.substr(0, 60);
  };
  Tree all = a;
  all.insert(b.begin(), b.end());
  for (const auto& [path, bytes] : all) {
    if (const std::string left = shown(a, path), right = shown(b, path); left != right) {
      return absl::StrCat(path, ": [", left, "] and [", right, "]");
    }
  }
  return "contents differ";
}

}  // namespace

void Laws::Break(std::string law) {
  if (result_.failures.size() < 20) result_.failures.push_back(std::move(law));
}

void Laws::Said(absl::string_view text) {
  if (plan_.weather.end_to_end && absl::StrContains(text, kCanary)) {
    Break(absl::StrCat("plaintext in a message of the server: ", text));
  }
}

void Laws::ForgetJournal() {
  journal_.clear();
  acknowledged_.clear();
  ++era_;
}

void Laws::FollowPlace(std::map<std::string, Places>& all, const std::string& device,
                       const Cursor& cursor, absl::string_view whose) {
  Places& places = all[device];
  const auto [place, first] = places.furthest.emplace(cursor.history, cursor.sequence);
  const bool present = first || cursor.history == places.present;
  if (!present || cursor.sequence < place->second) {
    Break(
        absl::StrCat("a cursor goes back: ", whose, " of ", device, " to ", FormatCursor(cursor)));
  }
  if (places.furthest.size() > era_ + 1) {
    Break(absl::StrCat("a cursor changes its history: ", whose, " of ", device));
  }
  places.present = cursor.history;
  place->second = cursor.sequence;
}

void Laws::FollowDevice(SimDevice& device) {
  const std::string& name = device.machine.name();
  if (!device.strayed().empty()) {
    Break(absl::StrCat("outside the root: ", name, ": ", device.strayed()));
  }
  const std::optional<Cursor> cursor = device.RememberedCursor();
  if (cursor) FollowPlace(remembered_, name, *cursor, "the memory");
  if (!cursor && remembered_.contains(name)) Break(absl::StrCat("a cursor is lost: ", name));
}

void Laws::ReadPlaces(Service& owner) {
  const uint64_t era = era_;
  const auto devices = owner.ListDevices();
  if (!devices.ok() || era != era_) return;
  for (const DeviceRecord& device : *devices) {
    for (const DeviceRecord::Place& place : device.places) {
      FollowPlace(acknowledged_, device.name, place.cursor, "what the server knows");
    }
  }
}

void Laws::ReadJournal(SimServer& server) {
  if (reading_) return;
  reading_ = true;
  const uint64_t era = era_;
  const std::unique_ptr<Service> owner = server.engine().OwnerSession();
  const auto spaces = owner->ListNamespaces();
  bool more = spaces.ok();
  while (more) {
    Cursor after{(*spaces)[0].history, journal_.size()};
    const auto page = owner->Changes((*spaces)[0].id, {.after = after, .limit = 100});
    if (!page.ok() || era != era_) break;
    for (const ChangesEntry& entry : page->entries) {
      if (entry.entry.sequence != journal_.size() + 1) {
        Break(
            absl::StrCat("the journal goes from ", journal_.size(), " to ", entry.entry.sequence));
      }
      journal_.push_back(EncodeJournalEntry(entry.entry));
    }
    more = !page->entries.empty();
  }
  ReadPlaces(*owner);
  reading_ = false;
}

void Laws::MovesNothing(const SimDevice& device, const absl::StatusOr<SyncReport>& report) {
  if (!report.ok()) {
    return Break(absl::StrCat(device.machine.name(), " at rest: ", report.status().ToString()));
  }
  if (report->uploaded + report->downloaded + report->moved + report->deleted > 0) {
    Break(absl::StrCat(device.machine.name(), " moved something when nobody did anything"));
  }
}

void Laws::NeverAtRest(const std::vector<std::unique_ptr<SimDevice>>& devices,
                       const absl::StatusOr<SyncReport>& last) {
  std::string why = last.ok() ? "" : last.status().ToString();
  if (last.ok()) {
    for (const Issue& issue : last->issues)
      absl::StrAppend(&why, issue.path, ": ", issue.cause, "; ");
  }
  for (const auto& device : devices) {
    if (!Agree(*devices[0], *device)) {
      absl::StrAppend(&why, Difference(devices[0]->ReadTree(), device->ReadTree()));
      break;
    }
  }
  Break(absl::StrCat("the devices never agree: ", why));
}

void Laws::CheckStores(SimServer& server) {
  const auto report = CheckRepository(server.rows(), server.objects(), {.read_data = true});
  if (!report.ok()) return Break(absl::StrCat("check: ", report.status().ToString()));
  for (const CheckProblem& problem : report->problems) {
    Said(absl::StrCat(problem.place, problem.what));
    Break(absl::StrCat("check: ", problem.place, ": ", problem.what));
  }
  result_.revisions = report->revisions;
}

std::string Laws::ReadContent(const OpenedNamespace& opened, Executor& executor,
                              const ContentRef& content, absl::string_view label) {
  Downloader downloader(opened, executor);
  absl::StatusOr<std::string> bytes = syncengine::ReadContent(downloader, content, {});
  if (bytes.ok()) return *std::move(bytes);
  Break(absl::StrCat("history of ", label, ": ", bytes.status().ToString()));
  return "";
}

// Reads the whole journal anew: it is what was read on the way, revisions follow one another, and
// each can be read. Gathers the tokens in them.
void Laws::CheckHistory(SimServer& server, const Users& users, bool any_slow) {
  Deletions deletions(users);
  // A slow look at a folder may miss what is moved meanwhile, which is created anew then; and a
  // deletion may come through while the upload that goes with it fails.
  const bool whole_looks =
      !any_slow && plan_.weather.resurrection_law && !plan_.weather.server_disk_fails;
  const std::unique_ptr<Service> owner = server.engine().OwnerSession();
  SimExecutor executor(server.machine);
  const auto opened = OpenNamespace(*owner, "main", &server.keys(), server.entropy());
  if (!opened.ok()) return Break(absl::StrCat("open: ", opened.status().ToString()));
  std::map<NodeId, RevisionId> heads;
  std::set<RevisionId> seen;
  ChangesRequest request{.limit = 1000};
  uint64_t sequence = 0;
  while (true) {
    const auto page = opened->service->Changes(opened->record.id, request);
    if (!page.ok()) return Break(absl::StrCat("changes: ", page.status().ToString()));
    if (page->entries.empty()) break;
    for (const ChangesEntry& entry : page->entries) {
      if (++sequence <= journal_.size() &&
          journal_[sequence - 1] != EncodeJournalEntry(entry.entry)) {
        Break(absl::StrCat("journal entry ", sequence, " changed"));
      }
      if (!entry.revision) continue;
      const Revision& revision = *entry.revision;
      if (!seen.insert(revision.id).second) {
        Break(absl::StrCat("two effects: revision ", sequence, " is in the journal twice"));
      }
      if (!plan_.weather.forget && !revision.aside && revision.parent != heads[revision.node]) {
        Break(absl::StrCat("revision ", sequence, " does not follow the one before it"));
      }
      if (!revision.aside) heads[revision.node] = revision.id;
      if (revision.state.deleted) {
        const std::string token = deletions.Delete(revision.node);
        if (!token.empty() && whole_looks) {
          Break(absl::StrCat("revision ", sequence, " deletes ", token, ", and no user did"));
        }
      }
      if (revision.state.deleted || revision.state.content.size == 0) continue;
      const std::set<std::string> tokens =
          TokensIn(ReadContent(*opened, executor, revision.state.content, revision.state.name));
      if (!revision.aside) deletions.Commit(revision.node, tokens);
      history_tokens_.insert(tokens.begin(), tokens.end());
    }
    request.after = page->next;
  }
  if (sequence < journal_.size()) Break("the journal got shorter");
}

void Laws::CheckTokens(const std::vector<std::unique_ptr<SimDevice>>& devices, const Users& users) {
  std::set<std::string> present;
  for (const auto& device : devices) {
    for (const auto& [path, bytes] : device->ReadTree()) present.merge(TokensIn(bytes));
  }
  for (const auto& [token, fate] : users.ledger()) {
    if (!fate.discarded && !present.contains(token) && !history_tokens_.contains(token)) {
      Break(absl::StrCat("lost: ", token, ", written on device ", fate.author, " at ", fate.path));
    }
    if (!fate.discarded && !plan_.weather.server_restored && !present.contains(token)) {
      Break(absl::StrCat("only in the history: ", token, ", written on device ", fate.author,
                         " at ", fate.path));
    }
    std::set<int> others = users.TouchersOf(token);
    others.erase(fate.deleted_by);
    if (plan_.weather.resurrection_law && fate.deleted && others.empty() &&
        present.contains(token)) {
      Break(absl::StrCat("back from the dead: ", token, " of ", fate.path, ", deleted on device ",
                         fate.deleted_by));
    }
  }
}

// Whoever works alone on a file has no conflict about it, whatever got lost or was repeated.
void Laws::CheckConflicts(const Tree& tree, const Users& users) {
  if (!plan_.weather.resurrection_law) return;
  for (const auto& [path, bytes] : tree) {
    // A directory may be in conflict about its name, with all files below it.
    const std::string name = path.substr(path.rfind('/') + 1);
    const size_t note = name.find(" (conflict ");
    if (note == std::string::npos) continue;
    std::set<int> devices =
        users.NamersOf(absl::StrCat(name.substr(0, note), name.substr(name.rfind(')') + 1)));
    for (const std::string& token : TokensIn(bytes)) devices.merge(users.DevicesOf(token));
    if (devices.size() == 1) {
      Break(absl::StrCat("two effects: device ", *devices.begin(),
                         " is in conflict with itself: ", path));
    }
  }
}

// A device that was never there before gets exactly what the others have: all of it can be read.
void Laws::CheckNewcomer(SimServer& server, const Tree& tree) {
  const std::unique_ptr<Service> owner = server.engine().OwnerSession();
  const auto added = owner->AddDevice("newcomer", server.entropy().NewId<OpId>());
  if (!added.ok()) return Break(absl::StrCat("newcomer: ", added.status().ToString()));
  SimDevice newcomer(server, plan_, 60, std::string(added->token.bytes()));
  for (int round = 0; round < 2; ++round) {
    const auto report = newcomer.SyncOnce();
    if (!report.ok()) return Break(absl::StrCat("newcomer: ", report.status().ToString()));
  }
  const Tree got = newcomer.ReadTree();
  if (got != tree) Break(absl::StrCat("a newcomer sees another tree: ", Difference(tree, got)));
}

// A commit that was repeated, by its client or on the way, happens once and is answered alike.
// Whoever works alone on a file therefore never has a conflict about it.
void Laws::CheckEffects(SimServer& server) {
  if (!server.network.second_effect.empty()) {
    Break(absl::StrCat("two effects: a repeated request got another answer: ",
                       server.network.second_effect));
  }
}

void Laws::CheckCanary(SimServer& server) {
  if (!plan_.weather.end_to_end) return;
  if (server.network.canary_seen) Break("plaintext on the wire of an end-to-end namespace");
  const auto seen = [](absl::string_view bytes) {
    return bytes.find(kCanary) != absl::string_view::npos;
  };
  for (const auto& [partition, rows] : CopyRows(server.rows())) {
    for (const auto& [key, value] : rows) {
      if (seen(key) || seen(value)) return Break("plaintext in the metadata of the server");
    }
  }
  std::string after;
  while (true) {
    const auto page = server.objects().List("", after, 1000);
    if (!page.ok() || page->entries.empty()) return;
    for (const ObjectEntry& entry : page->entries) {
      const auto bytes = server.objects().Get(entry.name, 0, entry.size);
      if (bytes.ok() && seen(*bytes)) return Break("plaintext in a segment of the server");
    }
    after = page->entries.back().name;
  }
}

void Laws::CheckWhole(const Tree& tree, const Users& users) {
  for (const auto& [path, bytes] : tree) {
    if (absl::EndsWith(path, "/") || absl::StartsWith(bytes, "-> ")) continue;
    if (!users.wholeness().IsWhole(bytes)) Break(absl::StrCat(path, ": holds what nobody wrote"));
  }
}

void Laws::JudgeRest(SimServer& server, const std::vector<std::unique_ptr<SimDevice>>& devices,
                     const Users& users) {
  const Tree tree = devices[0]->ReadTree();
  ReadJournal(server);
  const bool any_slow = std::any_of(devices.begin(), devices.end(),
                                    [](const auto& device) { return device->slow(); });
  CheckHistory(server, users, any_slow);
  CheckTokens(devices, users);
  CheckConflicts(tree, users);
  CheckWhole(tree, users);
  CheckNewcomer(server, tree);
  CheckEffects(server);
  CheckCanary(server);
  CheckStores(server);
}

}  // namespace syncengine::sim
