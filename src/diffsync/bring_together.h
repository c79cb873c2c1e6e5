// Two texts that no longer follow from each other, made one again without losing anything of
// either.
#ifndef SYNCENGINE_SRC_DIFFSYNC_BRING_TOGETHER_H_
#define SYNCENGINE_SRC_DIFFSYNC_BRING_TOGETHER_H_

#include "absl/strings/string_view.h"
#include "src/diffsync/text_edit.h"
#include "syncengine/diffsync/live_splice.h"

namespace syncengine::diffsync {

// The edit of `theirs` that brings in what changed from `base` to `ours`. What both inserted at one
// place is there once: the same change may have come by two ways.
// `merger` may be null.
TextEdit MergedEdit(const LiveDiffer& differ, const LiveMerger& merger, absl::string_view base,
                    absl::string_view ours, absl::string_view theirs);

// The edit of `theirs` that brings in everything of `ours` that is not there, when no common base
// says what was deleted and what is new.
TextEdit UnitedEdit(const LiveDiffer& differ, absl::string_view ours, absl::string_view theirs);

}  // namespace syncengine::diffsync

#endif  // SYNCENGINE_SRC_DIFFSYNC_BRING_TOGETHER_H_
