// Knows a put that has nothing to do without asking for every file.
#ifndef SYNCENGINE_SRC_TRANSFER_PUT_STAMP_H_
#define SYNCENGINE_SRC_TRANSFER_PUT_STAMP_H_

#include <cstdint>
#include <optional>

#include "src/transfer/local_walk.h"
#include "src/transfer/put_cache.h"
#include "syncengine/format/journal.h"
#include "syncengine/transfer/put_tree.h"

namespace syncengine {

// A put that left nothing undone remembers where the journal stood and the print of what it read.
// While nobody has committed anything since and the print is the same, the next one is done. What
// differs, cannot be read or was in doubt costs the usual comparison, nothing else. Made before the
// remote tree is listed; owned and called by one thread.
class PutStamp {
 public:
  // The references outlive it.
  PutStamp(const PutTreePorts& ports, const PutTreeRequest& request);

  // The print of the whole tree when the last put of it still stands.
  std::optional<WalkPrint> FindUnchanged(LocalWalk& walk);
  // After a put without any failure: `own_rows` is the number of its rows in the journal. Says
  // nothing when the rows are not those of this put alone, or a file changed so lately that a later
  // change might carry the same time.
  void Remember(const WalkPrint& print, uint64_t own_rows);

 private:
  std::optional<Cursor> Head() const;

  const PutTreePorts& ports_;
  const PutTreeRequest& request_;
  PutCache cache_;
  const int64_t began_ns_;
  std::optional<Cursor> before_;
};

// How long ago a file must have changed at least for its times to tell it from every later state.
int64_t RacyWindowNs(const FileSystem& files);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_PUT_STAMP_H_
