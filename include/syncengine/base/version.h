// The library's version.
#ifndef SYNCENGINE_BASE_VERSION_H_
#define SYNCENGINE_BASE_VERSION_H_

namespace syncengine {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace syncengine

#endif  // SYNCENGINE_BASE_VERSION_H_
