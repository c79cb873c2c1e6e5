#include "syncengine/transfer/opened_namespace.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "syncengine/base/error.h"
#include "syncengine/chunking/chunker.h"
#include "syncengine/transfer/sealed_names.h"

namespace syncengine {
namespace {

absl::StatusOr<NamespaceRecord> FindNamespace(Service& service, absl::string_view name) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<NamespaceRecord> records, service.ListNamespaces());
  for (NamespaceRecord& record : records) {
    if (record.name == name) return std::move(record);
  }
  return absl::NotFoundError(
      absl::StrCat("no namespace is called \"", name, "\": create it, or check the name"));
}

// Tries every slot: which one belongs to the provider is only known by trying.
absl::StatusOr<Secret> UnwrapAny(const NamespaceRecord& record, KeyProvider* keys) {
  if (keys == nullptr) {
    return MakeError(Reason::kPassphrase,
                     absl::StrCat("namespace \"", record.name,
                                  "\" is end-to-end encrypted: give its passphrase"));
  }
  absl::Status refused = MakeError(
      Reason::kPassphrase, absl::StrCat("namespace \"", record.name,
                                        "\" has no key slot that this kind of key could open"));
  for (const std::string& slot : record.key_slots) {
    absl::StatusOr<Secret> bundle = keys->Unwrap(record.id, slot);
    if (bundle.ok()) return bundle;
    if (!absl::IsInvalidArgument(bundle.status())) refused = bundle.status();
  }
  return Annotate(refused, absl::StrCat("open namespace \"", record.name, "\""));
}

// Fresh keys.
absl::StatusOr<Secret> NewBundle(const NamespaceId& id, Entropy& entropy) {
  uint8_t random[NamespaceKeys::kRandomBytes];
  entropy.Fill(absl::MakeSpan(random));
  const Secret copy(absl::string_view(reinterpret_cast<const char*>(random), sizeof(random)));
  // Volatile, so that the compiler does not drop the last writes to a dead array.
  for (volatile uint8_t& byte : random) byte = 0;
  SYNCENGINE_ASSIGN_OR_RETURN(const auto keys, NamespaceKeys::Create(id, copy.bytes()));
  return keys->EncodeBundle();
}

}  // namespace

absl::StatusOr<OpenedNamespace> OpenNamespace(Service& service, absl::string_view name,
                                              KeyProvider* keys, Entropy& entropy) {
  OpenedNamespace opened;
  SYNCENGINE_ASSIGN_OR_RETURN(opened.record, FindNamespace(service, name));
  const bool is_sealed = opened.record.key_holder == KeyHolder::kEndToEnd;
  SYNCENGINE_ASSIGN_OR_RETURN(const Secret bundle, is_sealed ? UnwrapAny(opened.record, keys)
                                                             : service.FetchKeys(opened.record.id));
  SYNCENGINE_ASSIGN_OR_RETURN(opened.keys, NamespaceKeys::DecodeBundle(bundle));
  if (opened.keys->id() != opened.record.id) {
    return MakeError(Reason::kIntegrity, absl::StrCat("namespace \"", name,
                                                      "\": the keys belong to another namespace"));
  }
  opened.service = &service;
  if (is_sealed) {
    opened.decorator = MakeSealedNames(service, opened.record.id, opened.keys, entropy);
    opened.service = opened.decorator.get();
  }
  return opened;
}

absl::StatusOr<NamespaceRecord> CreateNamespace(Service& service, const NewNamespace& request,
                                                KeyProvider* keys, Entropy& entropy) {
  const bool is_sealed = request.key_holder == KeyHolder::kEndToEnd;
  if (is_sealed && keys == nullptr) {
    return absl::InvalidArgumentError(
        "create namespace: an end-to-end namespace needs a key provider, e.g. a passphrase");
  }
  NamespaceRecord record;
  record.id = entropy.NewId<NamespaceId>();
  record.name = request.name;
  record.key_holder = request.key_holder;
  record.average_block_bytes = request.average_block_bytes;
  const ChunkerSuite suite = is_sealed ? ChunkerSuite::kPrf : ChunkerSuite::kFast;
  record.chunker_suite = static_cast<uint8_t>(suite);
  SYNCENGINE_RETURN_IF_ERROR((ChunkerOptions{
      .suite = suite,
      .average_bytes = request.average_block_bytes,
      .kernel = {}}.Validate()));

  SYNCENGINE_ASSIGN_OR_RETURN(const Secret bundle, NewBundle(record.id, entropy));
  if (!is_sealed) return service.CreateNamespace(record, bundle);
  SYNCENGINE_ASSIGN_OR_RETURN(std::string slot, keys->Wrap(record.id, bundle));
  record.key_slots.push_back(std::move(slot));
  return service.CreateNamespace(record, Secret());
}

}  // namespace syncengine
