// Whether two contents are the same bytes.
#ifndef SYNCENGINE_SRC_TRANSFER_SAME_CONTENT_H_
#define SYNCENGINE_SRC_TRANSFER_SAME_CONTENT_H_

#include "syncengine/format/content.h"
#include "syncengine/format/keys.h"

namespace syncengine {

// True only when both open to the same list of blocks. Content cut in another way counts as
// different.
bool SameContent(const NamespaceKeys& keys, const ContentRef& a, const ContentRef& b);

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_TRANSFER_SAME_CONTENT_H_
