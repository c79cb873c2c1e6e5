// What a file contains: an ordered list of blocks, and how that list is kept.
//
// A list with up to limits::kManifestRootEntriesMax entries is the *manifest root* and lives,
// sealed, in the revision itself. A longer list is cut into manifest nodes (blocks of kind
// kManifest, cut by content, so that an edit rewrites few of them); their entries form the next
// list, until the root is short enough.
#ifndef SYNCENGINE_FORMAT_CONTENT_H_
#define SYNCENGINE_FORMAT_CONTENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "syncengine/base/ids.h"

namespace syncengine {

// One run of content: a data block, or at height > 0 a manifest node that stands for `length`
// bytes.
struct ContentEntry {
  BlockId id;
  uint64_t length = 0;  // Plaintext bytes of the content it covers, at least 1.

  friend bool operator==(const ContentEntry&, const ContentEntry&) = default;
};

// A list of entries of one height. Height 0 lists data blocks.
struct Manifest {
  uint8_t height = 0;
  std::vector<ContentEntry> entries;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// Content as a revision carries it. What a keyless server reads is `size` and `blocks`; order and
// lengths are sealed.
struct ContentRef {
  uint64_t size = 0;  // Plaintext bytes.
  std::vector<BlockId>
      blocks;            // The root's distinct ids, sorted: what the engine counts references to.
  std::string manifest;  // The sealed manifest root (format/manifest.h); empty when size is 0.

  friend bool operator==(const ContentRef&, const ContentRef&) = default;
};

}  // namespace syncengine

#endif  // SYNCENGINE_FORMAT_CONTENT_H_
