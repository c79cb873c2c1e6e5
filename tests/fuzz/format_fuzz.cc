// Manifests, revisions, journal entries, key bundles, slots and files, sealed names and attributes:
// every decoder takes anything, and what it accepts has one form.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "syncengine/format/journal.h"
#include "syncengine/format/key_slot.h"
#include "syncengine/format/manifest.h"
#include "syncengine/format/node.h"
#include "syncengine/format/sealed_name.h"
#include "syncengine/stores/file_key_provider.h"
#include "syncengine/testing/seeded_entropy.h"
#include "tests/format/format_fixture.h"
#include "tests/fuzz/fuzz.h"

namespace syncengine::fuzz {
namespace {

void CheckManifest(absl::string_view bytes) {
  const auto manifest = DecodeManifestNode(bytes);
  if (!manifest.ok()) return;
  const auto again = EncodeManifestNode(*manifest);
  Require(again.ok() && *again == bytes, "a manifest node has one form");
}

void CheckRevision(absl::string_view bytes) {
  const auto revision = DecodeRevision(bytes);
  if (!revision.ok()) return;
  Require(ValidateNodeState(revision->state).ok(), "a decoded state is valid");
  Require(EncodeRevision(*revision) == bytes, "a revision has one form");
}

void CheckJournalEntry(absl::string_view bytes) {
  const auto entry = DecodeJournalEntry(bytes);
  if (entry.ok()) Require(EncodeJournalEntry(*entry) == bytes, "a journal entry has one form");
}

void CheckBundle(absl::string_view bytes) {
  const auto keys = NamespaceKeys::DecodeBundle(Secret(bytes));
  if (keys.ok()) Require((*keys)->EncodeBundle().bytes() == bytes, "a key bundle has one form");
}

// Root keys only: the cost of a passphrase's slot is half a second by design.
void CheckSlot(const NamespaceKeys& keys, absl::string_view bytes) {
  const std::string secret = testing::CountingBytes(32, 0xd0);
  const auto bundle = UnwrapSlot({.type = SlotType::kRootKey, .secret = secret}, keys.id(), bytes);
  if (bundle.ok()) Require(NamespaceKeys::DecodeBundle(*bundle).ok(), "a slot holds a bundle");
}

void CheckName(const NamespaceKeys& keys, absl::string_view bytes) {
  if (const auto name = OpenName(keys, bytes); name.ok()) {
    const auto token = SealName(keys, *name);
    Require(token.ok() && *token == bytes, "a name has one token");
  }
  if (const auto token = SealName(keys, bytes); token.ok()) {
    const auto name = OpenName(keys, *token);
    Require(name.ok() && *name == bytes, "a sealed name opens");
  }
}

void CheckEnvelopes(const NamespaceKeys& keys, absl::string_view bytes) {
  Attributes sealed;
  sealed.sealed = std::string(bytes);
  if (const auto plain = OpenAttributes(keys, sealed); plain.ok()) {
    Require(plain->sealed.empty(), "opened attributes are plain");
  }
  if (const auto root = OpenManifest(keys, bytes, {}); root.ok()) {
    Require(root->entries.empty(), "a root names its blocks");
  }
}

// A server's root key lies in a file: of 32 bytes, or it is refused.
void CheckKeyFile(const NamespaceKeys& keys, absl::string_view bytes) {
  char path[] = "/tmp/syncengine-fuzz-XXXXXX";
  const int fd = mkstemp(path);
  Require(write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "written");
  close(fd);
  SeededEntropy entropy(1);
  const auto provider = FileKeyProvider::Open(path, entropy);
  unlink(path);
  Require(provider.ok() == (bytes.size() == 32), "a root key has 32 bytes");
  if (!provider.ok()) return;
  const Secret bundle = keys.EncodeBundle();
  const auto slot = (*provider)->Wrap(keys.id(), bundle);
  const auto opened = (*provider)->Unwrap(keys.id(), *slot);
  Require(opened.ok() && opened->bytes() == bundle.bytes(), "what is wrapped opens");
}

}  // namespace
}  // namespace syncengine::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace syncengine;
  static const auto* const keys = testing::FixedKeys().release();
  fuzz::Input input(data, size);
  const size_t mode = input.Below(8);
  const std::string bytes(input.Rest());
  if (mode == 0) fuzz::CheckManifest(bytes);
  if (mode == 1) fuzz::CheckRevision(bytes);
  if (mode == 2) fuzz::CheckJournalEntry(bytes);
  if (mode == 3) fuzz::CheckBundle(bytes);
  if (mode == 4) fuzz::CheckSlot(*keys, bytes);
  if (mode == 5) fuzz::CheckName(*keys, bytes);
  if (mode == 6) fuzz::CheckEnvelopes(*keys, bytes);
  if (mode == 7) fuzz::CheckKeyFile(*keys, bytes);
  return 0;
}
