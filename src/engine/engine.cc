#include "syncengine/engine/engine.h"

#include <optional>
#include <utility>

#include "src/engine/keys.h"
#include "src/engine/rows.h"
#include "src/engine/session.h"
#include "src/engine/transactions.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"

namespace syncengine {

absl::StatusOr<std::unique_ptr<Engine>> Engine::Initialise(const EnginePorts& ports) {
  const engine::FormatRow format{.id = ports.entropy.NewId<RepositoryId>(),
                                 .created = ports.clock.Now()};
  const auto create = [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, rows.Get(engine::FormatKey()));
    if (found.has_value()) {
      return absl::AlreadyExistsError("there is a repository already; open it instead");
    }
    return rows.Put(engine::FormatKey(), EncodeRow(format));
  };
  SYNCENGINE_RETURN_IF_ERROR(engine::UpdateRepository(ports, create));
  return std::unique_ptr<Engine>(new Engine(ports, format.id));
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const EnginePorts& ports) {
  std::optional<engine::FormatRow> format;
  const auto read = [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(format,
                                engine::ReadRow<engine::FormatRow>(rows, engine::FormatKey()));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(engine::ViewRepository(ports, read));
  if (!format.has_value()) {
    return MakeError(Reason::kNotInitialised, "there is no repository here; initialise it first");
  }
  return std::unique_ptr<Engine>(new Engine(ports, format->id));
}

std::unique_ptr<Service> Engine::OwnerSession() {
  return std::make_unique<engine::Session>(ports_, std::nullopt);
}

absl::StatusOr<std::unique_ptr<Service>> Engine::OpenSession(absl::string_view token) {
  SYNCENGINE_ASSIGN_OR_RETURN(const DeviceId device, engine::Authenticate(ports_, token));
  return std::unique_ptr<Service>(std::make_unique<engine::Session>(ports_, device));
}

absl::Status Engine::StartNewHistories() {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto namespaces, engine::ListNamespaces(ports_));
  for (const NamespaceRecord& record : namespaces) {
    SYNCENGINE_RETURN_IF_ERROR(engine::StartNewHistory(ports_, record.id));
  }
  return absl::OkStatus();
}

}  // namespace syncengine
