// Transactions of one namespace, and of the repository.
#ifndef SYNCENGINE_ENGINE_TRANSACTIONS_H_
#define SYNCENGINE_ENGINE_TRANSACTIONS_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "src/engine/rows.h"
#include "syncengine/engine/engine.h"

namespace syncengine::engine {

// Each reads the namespace's head row first; kNotFound when the namespace does not exist. Update
// writes the head row back when the closure changed its copy. Contention is kUnavailable here: the
// same request may succeed later.
absl::Status ViewNamespace(
    const EnginePorts& ports, const NamespaceId& id,
    absl::FunctionRef<absl::Status(MetadataReader& rows, const HeadRow& head)> closure);
absl::Status UpdateNamespace(
    const EnginePorts& ports, const NamespaceId& id,
    absl::FunctionRef<absl::Status(MetadataWriter& rows, HeadRow& head)> closure);

absl::Status ViewRepository(const EnginePorts& ports,
                            absl::FunctionRef<absl::Status(MetadataReader& rows)> closure);
absl::Status UpdateRepository(const EnginePorts& ports,
                              absl::FunctionRef<absl::Status(MetadataWriter& rows)> closure);

// Adds to the namespace's counters. The arguments are differences modulo 2^64, so that a decrease
// is the negated amount.
absl::Status AddUsage(MetadataWriter& rows, const Usage& difference);

}  // namespace syncengine::engine

#endif  // SYNCENGINE_ENGINE_TRANSACTIONS_H_
