// Port: named immutable objects (segments live here).
#ifndef SYNCENGINE_PORTS_OBJECT_STORE_H_
#define SYNCENGINE_PORTS_OBJECT_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace syncengine {

// Where an object is kept. Reading a cold object first needs Restore.
enum class Tier { kHot, kCool, kCold };

struct ObjectEntry {
  std::string name;
  uint64_t size = 0;
  Tier tier = Tier::kHot;
};

struct ObjectPage {
  std::vector<ObjectEntry> entries;  // Ordered by name.
  bool more = false;                 // Ask again after the last name.
};

inline constexpr uint64_t kWholeObject = ~uint64_t{0};

// Thread-safe, all calls block. Names are 1 to 200 bytes of [a-z0-9/._-], without empty, "." or
// ".." components. Errors common to all: kInvalidArgument for a bad name; kUnavailable when trying
// again can help; kDataLoss when bytes are known to be wrong; Reason::kDiskFull when there is no
// space.
class ObjectStore {
 public:
  struct Properties {
    bool durable = false;  // Put survives power loss once it returned.
    bool tiers = false;    // SetTier and Restore do something.
  };

  virtual ~ObjectStore() = default;

  virtual Properties properties() const = 0;

  // Creates the object: entirely or not at all, durable (as promised) on OK. An existing object is
  // never changed: kAlreadyExists, whatever its bytes.
  virtual absl::Status Put(absl::string_view name, absl::string_view bytes) = 0;
  // `length` bytes from `offset` (kWholeObject: to the end), fewer only where the object ends.
  // kNotFound; kOutOfRange when `offset` is past the end; kFailedPrecondition when the object is
  // cold.
  virtual absl::StatusOr<std::string> Get(absl::string_view name, uint64_t offset,
                                          uint64_t length) = 0;
  // kNotFound when there is none.
  virtual absl::StatusOr<ObjectEntry> Stat(absl::string_view name) = 0;
  // Removes the object for good. OK when there was none.
  virtual absl::Status Delete(absl::string_view name) = 0;
  // Names that begin with `prefix` and follow `after`, at most `limit` (1 to 1,000) of them.
  virtual absl::StatusOr<ObjectPage> List(absl::string_view prefix, absl::string_view after,
                                          int limit) = 0;
  // Moves the object; kUnimplemented without tiers.
  virtual absl::Status SetTier(absl::string_view name, Tier tier) = 0;
  // Makes a cold object readable: OK when it is, kUnavailable while it is on its way.
  virtual absl::Status Restore(absl::string_view name) = 0;
};

}  // namespace syncengine

#endif  // SYNCENGINE_PORTS_OBJECT_STORE_H_
