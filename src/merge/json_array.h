// Arrays whose elements have no names, and what they need of the values in them.
#ifndef SYNCENGINE_SRC_MERGE_JSON_ARRAY_H_
#define SYNCENGINE_SRC_MERGE_JSON_ARRAY_H_

#include <optional>
#include <string>

#include "src/merge/json_list.h"
#include "src/merge/json_value.h"

namespace syncengine::merge {

// The merge of one value that ours and theirs have; `base` may be null. Nothing means a conflict.
std::optional<std::string> MergeValue(const JsonPart& base, const JsonPart& ours,
                                      const JsonPart& theirs);

JsonPiece PieceOf(const JsonEntry& entry);

// Elements correspond where a diff of the three sequences of values says so. Both sides may change
// different places; one element that both changed is merged as a value; different insertions at one
// place are kept when the arrays are sets of strings. Nothing means a conflict.
std::optional<std::string> MergeArray(const JsonLists& lists);

}  // namespace syncengine::merge

#endif  // SYNCENGINE_SRC_MERGE_JSON_ARRAY_H_
