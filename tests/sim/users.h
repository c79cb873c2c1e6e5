// What users do on their devices, and the ledger of what they wrote: every piece of content carries
// a token of its own, so that it can be told later what became of it.
#ifndef SYNCENGINE_TESTS_SIM_USERS_H_
#define SYNCENGINE_TESTS_SIM_USERS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/sim/device.h"
#include "tests/sim/plan.h"
#include "tests/sim/wholeness.h"

namespace syncengine::sim {

// Begins every token and stands in every name; must not be seen under end-to-end keys.
inline constexpr absl::string_view kCanary = "CANARY";

std::set<std::string> TokensIn(absl::string_view bytes);

struct TokenFate {
  int author = 0;
  std::string path;        // Where it was written.
  bool discarded = false;  // A user who saw it took it away, or wrote over it.
  bool deleted = false;    // With its whole file, and no other copy on that device.
  int deleted_by = -1;
  std::set<int> touched_by;  // Devices whose users changed a file that had it.
};

class Users {
 public:
  // Whether names are also written in capitals, where disks may not tell the difference.
  explicit Users(bool mixes_case = false) : mixes_case_(mixes_case) {}

  // Does what `op` says on `device` if it can be done there. All at once: no other fiber runs.
  void Perform(SimDevice& device, const UserOp& op);

  // A backup took the place of a device's folder, and with it of what was written since.
  void PutBack(const Tree& before, const Tree& after);

  const std::map<std::string, TokenFate>& ledger() const { return ledger_; }
  // Whose users changed any version of a file that had `token`, under any of its names.
  std::set<int> TouchersOf(const std::string& token) const;
  // These, and who wrote them in the first place.
  std::set<int> DevicesOf(const std::string& token) const;
  // Whose users ever gave a file this name, in any directory.
  std::set<int> NamersOf(const std::string& name) const;
  uint64_t performed() const { return performed_; }
  const Wholeness& wholeness() const { return wholeness_; }

 private:
  std::string NewToken(const SimDevice& device, const std::string& path);
  // It was never written.
  void Withdraw(const std::string& token) { ledger_[token].discarded = true; }
  // False when the disk is full: then nothing was done.
  bool Put(SimDevice& device, const std::string& path, const std::string& bytes);
  void Touch(const SimDevice& device, const std::string& bytes);
  // Both were in versions of one file: names and tokens alike.
  void Join(const std::string& a, const std::string& b);
  // What is in the file that `path` names is of one file with what was there.
  void JoinAt(const std::string& path, const std::string& bytes);
  // The user gave up what is in `bytes` and no longer in `kept`.
  void Discard(const std::string& bytes, const std::string& kept);
  void DiscardDeleted(const SimDevice& device, const std::string& bytes, const Tree& left);
  void Write(SimDevice& device, const UserOp& op, const Tree& tree);
  void Edit(SimDevice& device, const UserOp& op, const Tree& tree);
  void Delete(SimDevice& device, const UserOp& op, Tree tree);
  void Rename(SimDevice& device, const UserOp& op, const Tree& tree);
  void RemoveTree(SimDevice& device, const UserOp& op, Tree tree);
  void MoveDirectory(SimDevice& device, const UserOp& op, const Tree& tree);

  void NoteNamer(const SimDevice& device, const std::string& path);
  // "t" or "T" for files, as the dice say.
  std::string Initial(char letter, uint64_t dice) const;

  const bool mixes_case_;
  std::map<std::string, TokenFate> ledger_;
  std::map<std::string, int> lineage_;  // Of tokens and paths: a number for each file.
  std::map<std::string, std::set<int>> namers_;
  Wholeness wholeness_;
  uint64_t performed_ = 0;
};

}  // namespace syncengine::sim

#endif  // SYNCENGINE_TESTS_SIM_USERS_H_
