#include "tests/sim/users.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace syncengine::sim {
namespace {

constexpr size_t kTokenDigits = 8;

bool IsFile(const std::pair<const std::string, std::string>& entry) {
  return !absl::EndsWith(entry.first, "/") && !absl::StartsWith(entry.second, "-> ");
}

std::vector<std::string> Files(const Tree& tree, bool texts_only) {
  std::vector<std::string> files;
  for (const auto& entry : tree) {
    if (IsFile(entry) && (!texts_only || absl::EndsWith(entry.first, ".txt"))) {
      files.push_back(entry.first);
    }
  }
  return files;
}

// Paths with a '/' at the end, as in the tree; "" for the top.
std::vector<std::string> Directories(const Tree& tree, bool with_top) {
  std::vector<std::string> directories;
  if (with_top) directories.push_back("");
  for (const auto& [path, bytes] : tree) {
    if (absl::EndsWith(path, "/")) directories.push_back(path);
  }
  return directories;
}

template <typename T>
const T& Choose(const std::vector<T>& from, uint64_t number) {
  return from[number % from.size()];
}

std::string Bare(const std::string& directory) { return directory.substr(0, directory.size() - 1); }

// Up to the top: a directory above may have come a moment ago, and not be durable itself.
void SyncNames(SimDevice& device, std::string path) {
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
    device.disk().SyncDirectory(path).IgnoreError();
  }
}

// The name under which the disk has what `path` names.
std::string Existing(SimDevice& device, const Tree& tree, const std::string& path) {
  if (!device.folds_case() || tree.contains(path)) return path;
  for (const auto& [other, bytes] : tree) {
    if (absl::EqualsIgnoreCase(other, path)) return other;
  }
  return path;
}

// Repeatable bytes that do not compress away.
std::string Noise(uint64_t seed, size_t size) {
  SimRandom random(seed);
  std::string bytes;
  while (bytes.size() < size) absl::StrAppend(&bytes, absl::Hex(random.Next()));
  return bytes;
}

}  // namespace

std::set<std::string> TokensIn(absl::string_view bytes) {
  std::set<std::string> tokens;
  for (size_t at = bytes.find(kCanary); at != absl::string_view::npos;
       at = bytes.find(kCanary, at + 1)) {
    const absl::string_view token = bytes.substr(at, kCanary.size() + kTokenDigits);
    if (token.size() == kCanary.size() + kTokenDigits && token.back() >= '0' &&
        token.back() <= '9') {
      tokens.emplace(token);
    }
  }
  return tokens;
}

std::string Users::NewToken(const SimDevice& device, const std::string& path) {
  std::string token = absl::StrFormat("%s%08d", kCanary, ledger_.size());
  ledger_[token] = {.author = device.index(), .path = path};
  return token;
}

// As careful programs write: aside, synced, renamed.
bool Users::Put(SimDevice& device, const std::string& path, const std::string& bytes) {
  const std::string aside = path + ".~new";
  auto file = device.disk().Create(aside, 0644);
  if (!file.ok() || !(*file)->WriteAt(0, bytes).ok()) {
    device.disk().RemoveFile(aside).IgnoreError();
    return false;
  }
  (*file)->Sync().IgnoreError();
  file->reset();
  NoteNamer(device, path);
  JoinAt(path, bytes);
  wholeness_.Add(bytes);
  device.disk().Rename(aside, path, RenameMode::kReplace).IgnoreError();
  SyncNames(device, path);
  return true;
}

void Users::Touch(const SimDevice& device, const std::string& bytes) {
  for (const std::string& token : TokensIn(bytes)) {
    ledger_[token].touched_by.insert(device.index());
  }
}

void Users::Join(const std::string& a, const std::string& b) {
  const int next = static_cast<int>(lineage_.size());
  const int to = lineage_.try_emplace(a, next).first->second;
  const int from = lineage_.try_emplace(b, next + 1).first->second;
  for (auto& [name, line] : lineage_) {
    if (line == from) line = to;
  }
}

void Users::JoinAt(const std::string& path, const std::string& bytes) {
  for (const std::string& token : TokensIn(bytes)) Join(token, path);
}

void Users::PutBack(const Tree& before, const Tree& after) {
  std::set<std::string> still;
  for (const auto& [path, bytes] : after) still.merge(TokensIn(bytes));
  for (const auto& [path, bytes] : before) {
    for (const std::string& token : TokensIn(bytes)) {
      if (!still.contains(token)) ledger_[token].discarded = true;
    }
  }
}

std::set<int> Users::TouchersOf(const std::string& token) const {
  std::set<int> touchers;
  const auto line = lineage_.find(token);
  for (const auto& [other, fate] : ledger_) {
    const auto its = lineage_.find(other);
    if (line == lineage_.end() || its == lineage_.end() || its->second != line->second) continue;
    touchers.insert(fate.touched_by.begin(), fate.touched_by.end());
  }
  return touchers;
}

std::set<int> Users::DevicesOf(const std::string& token) const {
  std::set<int> devices = TouchersOf(token);
  const auto line = lineage_.find(token);
  for (const auto& [other, fate] : ledger_) {
    const auto its = lineage_.find(other);
    const bool related =
        line != lineage_.end() && its != lineage_.end() && its->second == line->second;
    if (related || other == token) devices.insert(fate.author);
  }
  return devices;
}

std::set<int> Users::NamersOf(const std::string& name) const {
  const auto found = namers_.find(absl::AsciiStrToLower(name));
  return found == namers_.end() ? std::set<int>() : found->second;
}

void Users::NoteNamer(const SimDevice& device, const std::string& path) {
  namers_[absl::AsciiStrToLower(path.substr(path.rfind('/') + 1))].insert(device.index());
}

std::string Users::Initial(char letter, uint64_t dice) const {
  return std::string(1, mixes_case_ && dice % 3 == 0 ? absl::ascii_toupper(letter) : letter);
}

void Users::Discard(const std::string& bytes, const std::string& kept) {
  const std::set<std::string> still = TokensIn(kept);
  for (const std::string& token : TokensIn(bytes)) {
    if (!still.contains(token)) ledger_[token].discarded = true;
  }
}

void Users::DiscardDeleted(const SimDevice& device, const std::string& bytes, const Tree& left) {
  Discard(bytes, "");
  std::set<std::string> elsewhere;
  for (const auto& [path, other] : left) elsewhere.merge(TokensIn(other));
  for (const std::string& token : TokensIn(bytes)) {
    if (elsewhere.contains(token)) continue;
    ledger_[token].deleted = true;
    ledger_[token].deleted_by = device.index();
  }
}

void Users::Write(SimDevice& device, const UserOp& op, const Tree& tree) {
  const bool text = op.b % 3 != 0;
  const std::string path = Existing(device, tree,
                                    absl::StrCat(Choose(Directories(tree, true), op.a >> 8),
                                                 Initial(text ? 't' : 'b', op.b >> 20), kCanary,
                                                 "x", op.a % 4, text ? ".txt" : ".bin"));
  if (tree.contains(path + "/")) return;
  const std::string token = NewToken(device, path);
  std::string bytes;
  if (text) {
    for (uint64_t line = 0; line < 3 + op.b % 5; ++line) {
      absl::StrAppend(&bytes, line == 1 ? token : absl::StrCat("line ", line), "\n");
    }
  } else {
    // A few have so many blocks that their manifests are trees.
    const size_t size = op.b % 6000 + (op.a % 31 == 0 ? 160'000 : 0);
    bytes = absl::StrCat(absl::string_view("\0", 1), token, Noise(op.b, size));
  }
  if (!Put(device, path, bytes)) return Withdraw(token);
  if (const auto old = tree.find(path); old != tree.end()) {
    Touch(device, old->second);
    JoinAt(path, old->second);
    Discard(old->second, bytes);
  }
}

void Users::Edit(SimDevice& device, const UserOp& op, const Tree& tree) {
  const std::vector<std::string> texts = Files(tree, true);
  if (texts.empty()) return;
  const std::string& path = Choose(texts, op.a);
  const std::string& old = tree.at(path);
  std::vector<std::string> lines = absl::StrSplit(old, '\n');
  const std::string token = NewToken(device, path);
  const std::string line = absl::StrCat("edited ", token);
  const size_t at = op.b % lines.size();
  if (op.b % 7 == 0 && at + 1 < lines.size()) {
    lines[at] = line;
  } else {
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at), line);
  }
  const std::string bytes = absl::StrJoin(lines, "\n");
  if (!Put(device, path, bytes)) return Withdraw(token);
  Touch(device, old);
  Discard(old, bytes);
}

void Users::Delete(SimDevice& device, const UserOp& op, Tree tree) {
  const std::vector<std::string> files = Files(tree, false);
  if (files.empty()) return;
  const std::string path = Choose(files, op.a);
  if (!device.disk().RemoveFile(path).ok()) return;
  SyncNames(device, path);
  const std::string bytes = std::move(tree[path]);
  tree.erase(path);
  DiscardDeleted(device, bytes, tree);
}

void Users::Rename(SimDevice& device, const UserOp& op, const Tree& tree) {
  const std::vector<std::string> files = Files(tree, false);
  if (files.empty()) return;
  const std::string& from = Choose(files, op.a);
  const std::string kind = absl::EndsWith(from, ".txt") ? ".txt" : ".bin";
  const std::string to =
      absl::StrCat(Choose(Directories(tree, true), op.b >> 8),
                   Initial(kind == ".txt" ? 't' : 'b', op.a >> 20), kCanary, "x", op.b % 6, kind);
  if (from == to || tree.contains(to + "/")) return;
  // Some programs let two files change places.
  const bool swap = !mixes_case_ && tree.contains(to) && (op.b >> 40) % 3 == 0;
  const RenameMode mode = swap ? RenameMode::kExchange : RenameMode::kReplace;
  if (!device.disk().Rename(from, to, mode).ok()) return;
  SyncNames(device, from);
  SyncNames(device, to);
  NoteNamer(device, to);
  if (swap) NoteNamer(device, from);
  Touch(device, tree.at(from));
  JoinAt(from, tree.at(from));
  JoinAt(to, tree.at(from));
  const auto target = tree.find(Existing(device, tree, to));
  if (target != tree.end() && target->first != from) {
    Touch(device, target->second);
    JoinAt(to, target->second);
    if (!swap) Discard(target->second, tree.at(from));
    if (swap) JoinAt(from, target->second);
  }
}

void Users::RemoveTree(SimDevice& device, const UserOp& op, Tree tree) {
  const std::vector<std::string> directories = Directories(tree, false);
  if (directories.empty()) return;
  const std::string directory = Choose(directories, op.a);
  std::vector<std::pair<std::string, std::string>> gone;
  for (auto it = tree.lower_bound(directory);
       it != tree.end() && absl::StartsWith(it->first, directory);) {
    gone.emplace_back(*it);
    it = tree.erase(it);
  }
  for (auto it = gone.rbegin(); it != gone.rend(); ++it) {
    const auto& [path, bytes] = *it;
    if (absl::EndsWith(path, "/")) {
      device.disk().RemoveDirectory(Bare(path)).IgnoreError();
      SyncNames(device, Bare(path));
    } else if (device.disk().RemoveFile(path).ok()) {
      SyncNames(device, path);
      DiscardDeleted(device, bytes, tree);
    }
  }
}

void Users::MoveDirectory(SimDevice& device, const UserOp& op, const Tree& tree) {
  const std::vector<std::string> directories = Directories(tree, false);
  if (directories.empty()) return;
  const std::string& from = Choose(directories, op.a);
  const std::string to =
      absl::StrCat(Choose(Directories(tree, true), op.b >> 8), "d", kCanary, "x", op.b % 4);
  if (absl::StartsWith(absl::StrCat(to, "/"), from) || tree.contains(to + "/") ||
      tree.contains(to)) {
    return;
  }
  if (!device.disk().Rename(Bare(from), to, RenameMode::kNoReplace).ok()) return;
  SyncNames(device, Bare(from));
  SyncNames(device, to);
  for (const auto& [path, bytes] : tree) {
    if (absl::StartsWith(path, from)) Touch(device, bytes);
  }
}

void Users::Perform(SimDevice& device, const UserOp& op) {
  const Tree tree = device.ReadTree();
  ++performed_;
  device.machine.scheduler().Trace("user", op.a);
  switch (op.kind) {
    case OpKind::kWrite:
      return Write(device, op, tree);
    case OpKind::kEdit:
      return Edit(device, op, tree);
    case OpKind::kDelete:
      return Delete(device, op, tree);
    case OpKind::kRename:
      return Rename(device, op, tree);
    case OpKind::kRemoveTree:
      return RemoveTree(device, op, tree);
    case OpKind::kMoveDirectory:
      return MoveDirectory(device, op, tree);
    case OpKind::kMakeDirectory: {
      const std::string path =
          absl::StrCat(Choose(Directories(tree, true), op.a >> 8), "d", kCanary, "x", op.a % 4);
      if (device.disk().MakeDirectory(path, 0755).ok()) SyncNames(device, path);
      return;
    }
    case OpKind::kMakeSymlink: {
      const std::string path = absl::StrCat("l", kCanary, "x", op.a % 3);
      if (device.disk().MakeSymlink(path, absl::StrCat("to", op.b % 5)).ok()) {
        SyncNames(device, path);
      }
      return;
    }
    case OpKind::kSetMode: {
      const std::vector<std::string> files = Files(tree, false);
      if (files.empty()) return;
      const std::string& path = Choose(files, op.a);
      device.disk().SetAttributes(path, std::nullopt, op.b % 2 == 0 ? 0600 : 0755).IgnoreError();
      Touch(device, tree.at(path));
      return;
    }
  }
}

}  // namespace syncengine::sim
