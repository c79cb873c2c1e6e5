// device: the tokens with which devices reach a server.
#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "examples/cli/connection.h"
#include "syncengine/base/error.h"

namespace syncengine::cli {
namespace {

absl::StatusOr<ExitCode> RunAdd(const Context& context, const std::string& name) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const NewDevice device,
      connection->service().AddDevice(name, connection->entropy().NewId<OpId>()));
  const std::string token(device.token.bytes());
  Print(context, {{"device", name}, {"device_id", device.id.ToHex()}, {"token", token}},
        absl::StrCat(token, "\n"));
  return kOk;
}

absl::StatusOr<ExitCode> RunList(const Context& context) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<DeviceRecord> devices,
                              connection->service().ListDevices());
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<NamespaceRecord> namespaces,
                              connection->service().ListNamespaces());
  Json list = Json::array();
  std::string text;
  for (const DeviceRecord& device : devices) {
    std::string cursor;
    uint64_t backlog = 0;
    // A device that never acknowledged anything has everything before it.
    for (const NamespaceRecord& record : namespaces) {
      if (record.name == context.globals.namespace_name) backlog = record.head_sequence;
    }
    for (const DeviceRecord::Place& place : device.places) {
      for (const NamespaceRecord& record : namespaces) {
        if (record.id != place.id || record.name != context.globals.namespace_name) continue;
        cursor = FormatCursor(place.cursor);
        backlog = place.backlog;
      }
    }
    list.push_back({{"name", device.name},
                    {"device_id", device.id.ToHex()},
                    {"cursor", cursor},
                    {"backlog", backlog},
                    {"last_seen", TimeText(device.last_seen)},
                    {"revoked", device.revoked}});
    text += absl::StrFormat("%-24s backlog %6d  last seen %s%s\n", device.name, backlog,
                            TimeText(device.last_seen), device.revoked ? "  revoked" : "");
  }
  Print(context, {{"devices", std::move(list)}}, text);
  return kOk;
}

absl::StatusOr<ExitCode> RunRevoke(const Context& context, const std::string& name) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context.globals));
  SYNCENGINE_RETURN_IF_ERROR(connection->service().RevokeDevice(name));
  Print(context, {{"device", name}, {"revoked", true}}, absl::StrCat(name, ": revoked\n"));
  return kOk;
}

}  // namespace

void AddDevice(Registry& registry) {
  CLI::App* device =
      registry.app.add_subcommand("device", "Devices and their tokens (on a directory)");
  device->require_subcommand(1);
  device->fallthrough();
  Registry verbs{*device, registry.on_call};
  auto name = std::make_shared<std::string>();  // Shared by the parser and the commands.
  AddVerb(verbs, "add", "Register a device and print its token, this once",
          "syncengine -r /srv/store device add laptop",
          [name](const Context& context) { return RunAdd(context, *name); })
      ->add_option("name", *name, "What to call it")
      ->required();
  AddVerb(verbs, "list", "Devices, where they are in the journal, and their backlog",
          "syncengine -r /srv/store device list", RunList);
  AddVerb(verbs, "revoke", "End a device's access at once",
          "syncengine -r /srv/store device revoke laptop",
          [name](const Context& context) { return RunRevoke(context, *name); })
      ->add_option("name", *name, "Which")
      ->required();
}

}  // namespace syncengine::cli
