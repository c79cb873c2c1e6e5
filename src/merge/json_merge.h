// Merging JSON by values.
#ifndef SYNCENGINE_SRC_MERGE_JSON_MERGE_H_
#define SYNCENGINE_SRC_MERGE_JSON_MERGE_H_

#include "syncengine/merge/three_way.h"

namespace syncengine::merge {

// See JsonMerger (merger.h).
MergeResult MergeJson(const MergeInput& input, const MergeOptions& options);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_JSON_MERGE_H_
