// Stores as values, and callers that run one port call at a time: what the model of collection is
// made of.
//
// A world is what the stores hold at one moment; it is copied freely. An actor's request is code of
// the engine that calls ports. To let it take one step, the request runs from its beginning: calls
// it made before are answered from its log, the next one happens in the world, and from then on all
// calls fail without effect, which ends the run. So any interleaving of port calls can be had, and
// taken back, without a thread.
#ifndef SYNCENGINE_TESTS_ENGINE_MODEL_WORLD_H_
#define SYNCENGINE_TESTS_ENGINE_MODEL_WORLD_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/match.h"
#include "src/kernels/checksum.h"
#include "syncengine/base/error.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/metadata_store.h"
#include "syncengine/ports/object_store.h"

namespace syncengine::testing {

inline uint64_t Mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
  hash *= 0xbf58476d1ce4e5b9u;
  return hash ^ (hash >> 31);
}
inline uint64_t Mix(uint64_t hash, absl::string_view bytes) {
  return Mix(hash, kernels::Xxh3(bytes));
}

using ModelRows = absl::btree_map<std::string, std::string>;
using ModelObjects = std::map<std::string, std::shared_ptr<const std::string>>;

struct World {
  std::map<std::string, std::shared_ptr<const ModelRows>> partitions;
  ModelObjects objects;
  absl::Time now = absl::FromUnixSeconds(1'893'456'000);

  std::shared_ptr<const ModelRows> Rows(absl::string_view partition) const {
    const auto found = partitions.find(std::string(partition));
    static const auto* const kEmpty = new std::shared_ptr<const ModelRows>(new ModelRows());
    return found == partitions.end() ? *kEmpty : found->second;
  }
  uint64_t Hash() const {
    uint64_t hash = static_cast<uint64_t>(absl::ToUnixMicros(now));
    for (const auto& [name, rows] : partitions) {
      for (const auto& [key, value] : *rows) hash = Mix(Mix(hash, key), value);
    }
    for (const auto& [name, bytes] : objects) hash = Mix(Mix(hash, name), bytes->size());
    return hash;
  }
};

// How an actor sees and changes rows otherwise than the store has them: a planted mistake.
class Distortion {
 public:
  virtual ~Distortion() = default;
  virtual std::optional<std::string> Read(absl::string_view key, std::optional<std::string> value) {
    (void)key;
    return value;
  }
  // Whether the write takes place.
  virtual bool Write(absl::string_view key, absl::string_view value) {
    (void)key, (void)value;
    return true;
  }
};

// A transaction over rows; remembers a hash of everything it answered. Single-threaded.
class ModelTransaction final : public MetadataWriter {
 public:
  ModelTransaction(const ModelRows& rows, Distortion* distortion)
      : rows_(rows), distortion_(distortion) {}

  absl::StatusOr<std::optional<std::string>> Get(absl::string_view key) override {
    const ModelRows& rows = changed_ != nullptr ? *changed_ : rows_;
    const auto found = rows.find(key);
    std::optional<std::string> value;
    if (found != rows.end()) value = found->second;
    if (distortion_ != nullptr) value = distortion_->Read(key, std::move(value));
    seen_ = value.has_value() ? Mix(seen_, *value) : Mix(seen_, 1);
    return value;
  }
  absl::StatusOr<std::vector<std::optional<std::string>>> GetMany(
      absl::Span<const std::string> keys) override {
    std::vector<std::optional<std::string>> values;
    for (const std::string& key : keys) values.push_back(*Get(key));
    return values;
  }
  absl::StatusOr<std::vector<KeyValue>> Scan(const ScanRange& range) override {
    const ModelRows& rows = changed_ != nullptr ? *changed_ : rows_;
    auto begin = rows.lower_bound(range.begin);
    auto end = range.end.empty() ? rows.end() : rows.lower_bound(range.end);
    std::vector<KeyValue> found;
    while (begin != end && found.size() < static_cast<size_t>(range.limit)) {
      found.emplace_back(range.reverse ? *--end : *begin++);
      seen_ = Mix(Mix(seen_, found.back().first), found.back().second);
    }
    seen_ = Mix(seen_, found.size());
    return found;
  }
  absl::Status Put(absl::string_view key, absl::string_view value) override {
    if (distortion_ == nullptr || distortion_->Write(key, value)) {
      Changed().insert_or_assign(std::string(key), std::string(value));
    }
    return absl::OkStatus();
  }
  absl::Status Delete(absl::string_view key) override {
    Changed().erase(std::string(key));
    return absl::OkStatus();
  }

  uint64_t seen() const { return seen_; }
  // Null when nothing was written.
  std::shared_ptr<const ModelRows> TakeChanged() { return std::move(changed_); }

 private:
  ModelRows& Changed() {
    if (changed_ == nullptr) changed_ = std::make_shared<ModelRows>(rows_);
    return *changed_;
  }

  const ModelRows& rows_;
  Distortion* const distortion_;
  std::shared_ptr<ModelRows> changed_;
  uint64_t seen_ = 0;
};

// One port call that happened, with all its caller could learn from it.
struct LoggedCall {
  std::shared_ptr<const ModelRows> rows;  // Metadata: what the transaction ran on.
  absl::Status status;
  std::string bytes;  // Get.
  ObjectPage page;    // List.
  absl::Time now;
  uint64_t seen = 0;
};
using CallLog = std::vector<std::shared_ptr<const LoggedCall>>;

// The ports of one run of a request. Single-threaded.
class StepRun {
 public:
  // With `all`, every call happens: an ordinary run.
  StepRun(World& world, CallLog& log, Distortion* distortion, bool all = false)
      : world_(world), log_(log), distortion_(distortion), replayed_(log.size()), all_(all) {}

  MetadataStore& metadata() { return metadata_; }
  ObjectStore& objects() { return objects_; }
  Clock& clock() { return clock_; }
  // Whether the request still had calls to make when its step was over.
  bool halted() const { return halted_; }

 private:
  class Metadata final : public MetadataStore {
   public:
    explicit Metadata(StepRun& run) : run_(run) {}
    Properties properties() const override { return {}; }
    absl::Status Update(absl::string_view partition,
                        absl::FunctionRef<absl::Status(MetadataWriter&)> closure) override {
      return run_.Transact(partition, closure, /*writes=*/true);
    }
    absl::Status View(absl::string_view partition,
                      absl::FunctionRef<absl::Status(MetadataReader&)> closure) override {
      return run_.Transact(
          partition, [&](MetadataWriter& rows) { return closure(rows); }, /*writes=*/false);
    }
    absl::StatusOr<std::vector<std::string>> ListPartitions() override {
      return absl::UnimplementedError("not part of the model");
    }

   private:
    StepRun& run_;
  };

  class Objects final : public ObjectStore {
   public:
    explicit Objects(StepRun& run) : run_(run) {}
    Properties properties() const override { return {}; }
    absl::Status Put(absl::string_view name, absl::string_view bytes) override {
      return run_
          .Call([&](LoggedCall& call) {
            auto& object = run_.world_.objects[std::string(name)];
            if (object != nullptr) {
              call.status = absl::AlreadyExistsError(name);
            } else {
              object = std::make_shared<const std::string>(bytes);
            }
          })
          .status;
    }
    absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                    uint64_t length) override {
      const LoggedCall& call = run_.Call([&](LoggedCall& logged) {
        const auto found = run_.world_.objects.find(std::string(name));
        if (found == run_.world_.objects.end()) {
          logged.status = absl::NotFoundError(name);
        } else {
          logged.bytes = found->second->substr(offset, length);
        }
      });
      if (!call.status.ok()) return call.status;
      return call.bytes;
    }
    absl::StatusOr<ObjectEntry> Stat(absl::string_view name) override {
      SYNCENGINE_ASSIGN_OR_RETURN(const std::string bytes, Get(name, 0, kWholeObject));
      return ObjectEntry{.name = std::string(name), .size = bytes.size()};
    }
    absl::Status Delete(absl::string_view name) override {
      return run_.Call([&](LoggedCall&) { run_.world_.objects.erase(std::string(name)); }).status;
    }
    absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                    int) override {
      const LoggedCall& call = run_.Call([&](LoggedCall& logged) {
        for (const auto& [name, bytes] : run_.world_.objects) {
          if (name <= after || !absl::StartsWith(name, prefix)) continue;
          logged.page.entries.push_back({.name = name, .size = bytes->size()});
          logged.seen = Mix(logged.seen, name);
        }
      });
      if (!call.status.ok()) return call.status;
      return call.page;
    }
    absl::Status SetTier(absl::string_view, Tier) override {
      return absl::UnimplementedError("not part of the model");
    }
    absl::Status Restore(absl::string_view) override {
      return absl::UnimplementedError("not part of the model");
    }

   private:
    StepRun& run_;
  };

  // Whoever looks at the clock between two calls looks at it right after the first.
  class StepClock final : public Clock {
   public:
    explicit StepClock(StepRun& run) : run_(run) {}
    absl::Time Now() override {
      if (run_.all_ || run_.log_.empty()) return run_.world_.now;
      return run_.log_[run_.next_ == 0 ? 0 : std::min(run_.next_, run_.log_.size()) - 1]->now;
    }
    absl::Duration Monotonic() override { return absl::ZeroDuration(); }

   private:
    StepRun& run_;
  };

  template <typename Happen>
  const LoggedCall& Call(Happen happen) {
    if (next_ < replayed_) return *log_[next_++];
    if (!all_ && next_ > replayed_) {
      halted_ = true;
      return halt_;
    }
    auto call = std::make_shared<LoggedCall>();
    call->now = world_.now;
    happen(*call);
    call->seen = Mix(Mix(call->seen, static_cast<uint64_t>(call->status.code())), call->bytes);
    ++next_;
    log_.push_back(std::move(call));
    return *log_.back();
  }

  absl::Status Transact(absl::string_view partition,
                        absl::FunctionRef<absl::Status(MetadataWriter&)> closure, bool writes) {
    if (next_ < replayed_) {
      ModelTransaction again(*log_[next_++]->rows, distortion_);
      return closure(again);
    }
    return Call([&](LoggedCall& call) {
             call.rows = world_.Rows(partition);
             ModelTransaction transaction(*call.rows, distortion_);
             call.status = closure(transaction);
             call.seen = transaction.seen();
             auto changed = transaction.TakeChanged();
             if (writes && call.status.ok() && changed != nullptr) {
               world_.partitions[std::string(partition)] = std::move(changed);
             }
           })
        .status;
  }

  World& world_;
  CallLog& log_;
  Distortion* const distortion_;
  const size_t replayed_;
  const bool all_;
  size_t next_ = 0;
  bool halted_ = false;
  const LoggedCall halt_{.status = absl::UnavailableError("the model goes on elsewhere")};
  Metadata metadata_{*this};
  Objects objects_{*this};
  StepClock clock_{*this};
};

}  // namespace syncengine::testing

#endif  // SYNCENGINE_TESTS_ENGINE_MODEL_WORLD_H_
