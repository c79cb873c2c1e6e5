// Devices and who they are: tokens are checked against one row, so that a revocation holds at once.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/engine/keys.h"
#include "src/engine/token.h"
#include "src/engine/transactions.h"
#include "src/engine/verbs.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"

namespace syncengine::engine {
namespace {

// A caller that lost the answer asks again within minutes; a day covers the slowest of them.
constexpr absl::Duration kNewDeviceTime = absl::Hours(24);

absl::Status BadToken() {
  return MakeError(Reason::kBadToken,
                   "the device token is unknown or revoked; ask the owner for a new one");
}

absl::Status ValidateDeviceName(absl::string_view name) {
  const bool printable = std::none_of(
      name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
  if (!name.empty() && name.size() <= limits::kDeviceNameMax && printable) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("device: expected a name of 1 to ",
                                                 limits::kDeviceNameMax,
                                                 " bytes without control characters"));
}

absl::StatusOr<std::optional<DeviceRow>> FindByName(MetadataReader& rows, absl::string_view name) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto id, ReadRow<DeviceId>(rows, DeviceNameKey(name)));
  if (!id.has_value()) return std::nullopt;
  return ReadRow<DeviceRow>(rows, DeviceKey(*id));
}

// The token of a device that was added with `nonce` not long ago.
absl::StatusOr<NewDevice> GiveAgain(const DeviceRow& row, const OpId& nonce, absl::Time now) {
  if (row.nonce_hash != HashNonce(nonce) || now - row.created > kNewDeviceTime) {
    return absl::AlreadyExistsError(absl::StrCat("there is a device called '", row.name,
                                                 "'; revoke it first or choose another name"));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(const TokenBytes masked, TokenBytes::FromBytes(row.masked_token));
  return NewDevice{.id = row.id, .token = FormatToken(MaskToken(masked, nonce))};
}

absl::Status WriteDevice(MetadataWriter& rows, const DeviceRow& row, absl::string_view token) {
  SYNCENGINE_RETURN_IF_ERROR(rows.Put(DeviceKey(row.id), EncodeRow(row)));
  SYNCENGINE_RETURN_IF_ERROR(rows.Put(DeviceNameKey(row.name), row.id.bytes()));
  return rows.Put(TokenKey(HashToken(token)), row.id.bytes());
}

absl::StatusOr<std::vector<DeviceRecord>> ReadDevices(const EnginePorts& ports) {
  std::vector<DeviceRecord> devices;
  constexpr int kBatch = 1000;
  const auto read = [&](MetadataReader& rows) -> absl::Status {
    devices.clear();
    ScanRange range{.begin = "d/", .end = PrefixEnd("d/"), .limit = kBatch};
    for (;;) {
      SYNCENGINE_ASSIGN_OR_RETURN(const auto batch, rows.Scan(range));
      for (const auto& [key, value] : batch) {
        SYNCENGINE_ASSIGN_OR_RETURN(const DeviceRow row, DecodeRow<DeviceRow>(value));
        devices.push_back({.id = row.id,
                           .name = row.name,
                           .revoked = row.revoked,
                           .created = row.created,
                           .last_seen = row.created});
      }
      if (batch.size() < kBatch) return absl::OkStatus();
      range.begin = batch.back().first + '\0';
    }
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewRepository(ports, read));
  return devices;
}

// How far each device has come in one namespace.
absl::Status AddPlaces(const EnginePorts& ports, const NamespaceId& id,
                       std::vector<DeviceRecord>& devices) {
  std::vector<std::string> keys;
  for (const DeviceRecord& device : devices) keys.push_back(PlaceKey(device.id));
  HeadRow head;
  std::vector<std::optional<PlaceRow>> places;
  const auto read = [&](MetadataReader& rows, const HeadRow& now) -> absl::Status {
    head = now;
    SYNCENGINE_ASSIGN_OR_RETURN(places, ReadRows<PlaceRow>(rows, keys));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewNamespace(ports, id, read));
  for (size_t i = 0; i < devices.size(); ++i) {
    if (!places[i].has_value()) continue;
    const Cursor& cursor = places[i]->cursor;
    // A device that knows another history has everything to catch up with.
    const uint64_t seen = cursor.history == head.history ? cursor.sequence : 0;
    devices[i].last_seen = std::max(devices[i].last_seen, places[i]->time);
    devices[i].places.push_back(
        {.id = id, .cursor = cursor, .backlog = head.sequence - std::min(seen, head.sequence)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NewDevice> AddDevice(const EnginePorts& ports, absl::string_view name,
                                    const OpId& nonce) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateDeviceName(name));
  if (nonce.IsZero()) {
    return absl::InvalidArgumentError("nonce: expected an id that is not zero; draw one at random");
  }
  const auto bytes = ports.entropy.NewId<TokenBytes>();
  const Secret token = FormatToken(bytes);
  const DeviceRow fresh{.id = ports.entropy.NewId<DeviceId>(),
                        .name = std::string(name),
                        .created = ports.clock.Now(),
                        .nonce_hash = HashNonce(nonce),
                        .masked_token = std::string(MaskToken(bytes, nonce).bytes())};
  NewDevice device;
  const auto add = [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto found, FindByName(rows, name));
    if (found.has_value() && !found->revoked) {
      SYNCENGINE_ASSIGN_OR_RETURN(device, GiveAgain(*found, nonce, fresh.created));
      return absl::OkStatus();
    }
    device = {.id = fresh.id, .token = token.Clone()};
    return WriteDevice(rows, fresh, token.bytes());
  };
  SYNCENGINE_RETURN_IF_ERROR(UpdateRepository(ports, add));
  return device;
}

absl::StatusOr<std::vector<DeviceRecord>> ListDevices(const EnginePorts& ports) {
  SYNCENGINE_ASSIGN_OR_RETURN(auto devices, ReadDevices(ports));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto namespaces, ListNamespaces(ports));
  for (const NamespaceRecord& record : namespaces) {
    SYNCENGINE_RETURN_IF_ERROR(AddPlaces(ports, record.id, devices));
  }
  std::sort(devices.begin(), devices.end(), [](const DeviceRecord& a, const DeviceRecord& b) {
    return std::tie(a.name, a.created, a.id) < std::tie(b.name, b.created, b.id);
  });
  return devices;
}

absl::Status RevokeDevice(const EnginePorts& ports, absl::string_view name) {
  SYNCENGINE_RETURN_IF_ERROR(ValidateDeviceName(name));
  return UpdateRepository(ports, [&](MetadataWriter& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(auto row, FindByName(rows, name));
    if (!row.has_value()) {
      return absl::NotFoundError(absl::StrCat("there is no device called '", name, "'"));
    }
    if (row->revoked) return absl::OkStatus();
    row->revoked = true;
    return rows.Put(DeviceKey(row->id), EncodeRow(*row));
  });
}

absl::StatusOr<DeviceId> Authenticate(const EnginePorts& ports, absl::string_view token) {
  if (!LooksLikeToken(token)) return BadToken();
  std::optional<DeviceId> device;
  const auto read = [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(device, ReadRow<DeviceId>(rows, TokenKey(HashToken(token))));
    return absl::OkStatus();
  };
  SYNCENGINE_RETURN_IF_ERROR(ViewRepository(ports, read));
  if (!device.has_value()) return BadToken();
  SYNCENGINE_RETURN_IF_ERROR(CheckDevice(ports, *device));
  return *device;
}

absl::Status CheckDevice(const EnginePorts& ports, const DeviceId& device) {
  return ViewRepository(ports, [&](MetadataReader& rows) -> absl::Status {
    SYNCENGINE_ASSIGN_OR_RETURN(const auto row, ReadRow<DeviceRow>(rows, DeviceKey(device)));
    return row.has_value() && !row->revoked ? absl::OkStatus() : BadToken();
  });
}

}  // namespace syncengine::engine
