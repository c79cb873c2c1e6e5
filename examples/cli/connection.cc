#include "examples/cli/connection.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "syncengine/base/error.h"
#include "syncengine/base/limits.h"
#include "syncengine/format/name.h"
#include "syncengine/stores/passphrase_key_provider.h"

namespace syncengine::cli {
namespace {

// A watch keeps two threads busy waiting, and work needs some beside them.
int ThreadCount() {
  return static_cast<int>(std::max(4u, std::thread::hardware_concurrency() + 2));
}

// A secret from `file`, or else from the environment; its first line.
absl::StatusOr<std::optional<Secret>> ReadSecret(const std::string& file, const char* variable) {
  if (!file.empty()) {
    std::ifstream stream(file);
    std::string line;
    if (!std::getline(stream, line) && line.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": expected a file with the secret on its first line"));
    }
    return Secret(absl::StripTrailingAsciiWhitespace(line));
  }
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return Secret(value);
}

}  // namespace

bool IsUrl(absl::string_view repo) {
  return absl::StartsWith(repo, "http://") || absl::StartsWith(repo, "https://");
}

absl::StatusOr<std::unique_ptr<KeyProvider>> OpenPassphrase(const Globals& globals,
                                                            Entropy& entropy) {
  SYNCENGINE_ASSIGN_OR_RETURN(std::optional<Secret> passphrase,
                              ReadSecret(globals.passphrase_file, "SYNCENGINE_PASSPHRASE"));
  if (!passphrase.has_value()) return nullptr;
  return std::make_unique<PassphraseKeyProvider>(*std::move(passphrase), entropy);
}

Connection::Connection(const Globals& globals) : globals_(globals), executor_(ThreadCount()) {}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Globals& globals) {
  if (globals.repo.empty()) {
    return absl::InvalidArgumentError(
        "no repository: give --repo (or SYNCENGINE_REPO) a directory or the URL of a server");
  }
  std::unique_ptr<Connection> connection(new Connection(globals));
  SYNCENGINE_RETURN_IF_ERROR(IsUrl(globals.repo) ? connection->OpenRemote()
                                                 : connection->OpenLocal());
  SYNCENGINE_ASSIGN_OR_RETURN(connection->passphrase_,
                              OpenPassphrase(globals, connection->entropy_));
  return connection;
}

absl::Status Connection::OpenLocal() {
  SYNCENGINE_ASSIGN_OR_RETURN(local_, LocalRepository::Open(globals_.repo));
  session_ = local_->OwnerSession();
  service_ = session_.get();
  return absl::OkStatus();
}

absl::Status Connection::OpenRemote() {
  SYNCENGINE_ASSIGN_OR_RETURN(std::optional<Secret> token,
                              ReadSecret(globals_.token_file, "SYNCENGINE_TOKEN"));
  if (!token.has_value()) {
    return MakeError(Reason::kBadToken,
                     "a server needs this device's token: set SYNCENGINE_TOKEN or --token-file "
                     "(get one with: syncengine -r DIRECTORY device add NAME)");
  }
  SYNCENGINE_ASSIGN_OR_RETURN(transport_,
                              http::NewCurlTransport(globals_.repo, {.ca_file = globals_.ca_file}));
  client_ = std::make_unique<http::Client>(*transport_, *std::move(token),
                                           http::ClientPorts{executor_, clock_, entropy_});
  service_ = client_.get();
  return absl::OkStatus();
}

absl::StatusOr<OpenedNamespace> Connection::OpenNamespace() {
  return syncengine::OpenNamespace(*service_, globals_.namespace_name, passphrase_.get(), entropy_);
}

uint64_t Connection::SentBytes(uint64_t counted) const {
  return transport_ == nullptr ? counted : transport_->sent_bytes();
}

uint64_t Connection::ReceivedBytes(uint64_t counted) const {
  return transport_ == nullptr ? counted : transport_->received_bytes();
}

absl::StatusOr<Revision> FindNode(const OpenedNamespace& opened, const std::string& path,
                                  bool deleted_too) {
  auto head = opened.service->Stat(opened.record.id, {path, std::nullopt});
  if (!absl::IsNotFound(head.status()) || !deleted_too) return head;
  SYNCENGINE_ASSIGN_OR_RETURN(const std::vector<std::string> names, SplitPath(path));
  const std::string wanted = JoinPath(names);
  std::optional<NodeId> found;
  ChangesRequest request{.limit = static_cast<int>(limits::kChangesPageMax)};
  while (true) {
    SYNCENGINE_ASSIGN_OR_RETURN(const ChangesPage page,
                                opened.service->Changes(opened.record.id, request));
    for (const ChangesEntry& entry : page.entries) {
      if (entry.revision.has_value() && entry.path == wanted) found = entry.entry.node;
    }
    if (page.entries.empty() || page.next.sequence >= page.head) break;
    request.after = page.next;
  }
  if (!found.has_value()) return head.status();
  return opened.service->Stat(opened.record.id, {"", found});
}

}  // namespace syncengine::cli
