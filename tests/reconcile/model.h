// A model of a server, of disks and of devices that keep them in step with real plans: enough to
// find a plan that cannot be carried out, loses something or never comes to rest.
#ifndef SYNCENGINE_TESTS_RECONCILE_MODEL_H_
#define SYNCENGINE_TESTS_RECONCILE_MODEL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "syncengine/reconcile/planner.h"

namespace syncengine::model {

// Draws ids that are unique in a test.
class Ids {
 public:
  template <typename IdType>
  IdType Next() {
    IdType id;
    ++last_;
    for (int i = 0; i < 8; ++i) id.mutable_data()[i] = static_cast<uint8_t>(last_ >> (8 * (7 - i)));
    return id;
  }

 private:
  uint64_t last_ = 0;
};

// Heads, history and journal; enforces the rules of Service::Commit.
class Server {
 public:
  explicit Server(Ids& ids) : ids_(ids) {}

  // False when the commit is refused.
  bool Commit(const NodeId& node, const RevisionId& base, const NodeState& state);
  const std::vector<Revision>& journal() const { return journal_; }
  const std::map<NodeId, Revision>& heads() const { return heads_; }
  // path -> content of all live nodes; directories end in '/'.
  std::map<std::string, std::string> Tree() const;
  // Keeps a content as a revision that never was a head; which one.
  RevisionId KeepAside(const std::string& content);
  bool EverHeld(const std::string& content) const { return contents_.contains(content); }

 private:
  bool IsLiveDirectory(const NodeId& node) const;

  Ids& ids_;
  std::map<NodeId, Revision> heads_;
  std::vector<Revision> journal_;
  std::set<std::string> contents_;
};

// A folder: inodes with places. Users work on it by path ("a/b").
class Disk {
 public:
  struct File {
    uint64_t parent = 0;  // 0: the root.
    std::string name;
    NodeKind kind = NodeKind::kFile;
    std::string content;
    uint64_t version = 0;  // Stands for mtime and ctime.
    uint32_t mode = 0644;
  };

  // Each returns false when it makes no sense, and changes nothing then.
  bool Write(const std::string& path, const std::string& content);
  bool MakeDirectory(const std::string& path);
  bool Remove(const std::string& path);  // With all below.
  bool Rename(const std::string& from, const std::string& to);
  bool Swap(const std::string& a, const std::string& b);
  // As editors save: a new inode under the old name.
  bool ReplaceFile(const std::string& path, const std::string& content);

  std::map<std::string, std::string> Tree() const;
  LocalTree Scan(std::map<int, uint64_t>* inode_of_entry = nullptr) const;

  uint64_t Create(uint64_t parent, const std::string& name, NodeKind kind,
                  const std::string& content);
  uint64_t Child(uint64_t parent, const std::string& name) const;  // 0: none.
  uint64_t Find(const std::string& path) const;
  bool HasChildren(uint64_t inode) const;
  bool IsInside(uint64_t inode, uint64_t directory) const;
  std::map<uint64_t, File>& files() { return files_; }
  void Touch(uint64_t inode) { files_[inode].version = ++clock_; }
  Fingerprint Print(uint64_t inode) const;

 private:
  void ScanInto(uint64_t parent, int parent_index, LocalTree& tree,
                std::map<int, uint64_t>* inode_of_entry) const;
  // Parent inode and last name; parent exists and is a directory.
  bool Split(const std::string& path, uint64_t* parent, std::string* name) const;

  std::map<uint64_t, File> files_;
  uint64_t last_inode_ = 0;
  uint64_t clock_ = 0;
};

// A device with a folder.
class Device {
 public:
  Device(Server& server, Ids& ids, std::string name)
      : server_(server), ids_(ids), name_(std::move(name)) {}

  Disk& disk() { return disk_; }
  // One round: observe, plan, apply. Returns the number of actions, -1 when an action that the plan
  // holds possible was impossible on this disk.
  int Sync();
  const std::string& failure() const { return failure_; }
  // From now on contents that changed on both sides are merged, where the model says that they can.
  void StartMerging() { merging_ = true; }
  size_t merged() const { return merged_; }
  // Forgets everything agreed on, as a fresh installation over the same folder.
  void ForgetState();

 private:
  void ReadJournal();
  LocalNodes Observe();
  // The inode of a contested node belongs to the loser from now on.
  void SplitLoser(const Action& action);
  bool ApplyHere(const Action& action);
  bool Place(const Action& action, uint64_t inode, const Position& to);
  bool Download(const Action& action);
  void Commit(const Action& action);
  void Record(const Action& action);
  void Merge(const Action& action);
  void NoteLost(LocalNodes& local) const;
  RevisionId HeadId(const NodeId& node) const;
  const NodeState* Head(const NodeId& node) const;
  bool Fail(const Action& action, const std::string& why);

  Server& server_;
  Ids& ids_;
  const std::string name_;
  Disk disk_;
  size_t seen_ = 0;  // Of the journal.
  int round_ = 0;
  SyncedTree synced_;
  RemoteChanges remote_;
  std::map<NodeId, uint64_t> inodes_;  // Of this round.
  bool merging_ = false;
  size_t merged_ = 0;
  // What could not be merged, and the inode that has it.
  std::map<NodeId, std::pair<uint64_t, LostConflict>> lost_;
  std::string failure_;
};

}  // namespace syncengine::model

#endif  // SYNCENGINE_TESTS_RECONCILE_MODEL_H_
