// The smallest program outside the tree: it proves that the installed headers and libraries fit
// together.
#include <cstdio>

#include "syncengine/base/error.h"
#include "syncengine/base/ids.h"
#include "syncengine/base/version.h"

int main() {
  const auto id = syncengine::NodeId::FromHex("000102030405060708090a0b0c0d0e0f");
  const auto bad = syncengine::NodeId::FromHex("0001");
  if (!id.ok() || bad.ok()) return 1;
  std::printf("syncengine %s: node %s\n", syncengine::kVersion, id->ToHex().c_str());
  return 0;
}
