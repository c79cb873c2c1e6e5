// The shortest useful program: keep a folder in a repository of its own, and bring it back.
//
//   embed FOLDER REPOSITORY COPY
#include <cstdio>
#include <memory>

#include "absl/status/status.h"
#include "syncengine/base/error.h"
#include "syncengine/repository/local_repository.h"
#include "syncengine/stores/posix_file_system.h"
#include "syncengine/transfer/get_tree.h"
#include "syncengine/transfer/opened_namespace.h"
#include "syncengine/transfer/put_tree.h"

namespace {

using namespace syncengine;

absl::Status KeepAndBringBack(const char* folder, const char* directory, const char* copy) {
  SYNCENGINE_RETURN_IF_ERROR(LocalRepository::Initialise(directory));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto repository, LocalRepository::Open(directory));
  const std::unique_ptr<Service> service = repository->OwnerSession();
  Entropy& entropy = repository->entropy();
  SYNCENGINE_RETURN_IF_ERROR(
      CreateNamespace(*service, {.name = "main"}, nullptr, entropy).status());
  SYNCENGINE_ASSIGN_OR_RETURN(const auto opened, OpenNamespace(*service, "main", nullptr, entropy));

  SYNCENGINE_ASSIGN_OR_RETURN(const auto from, PosixFileSystem::Open(folder));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const PutTreeReport put,
      PutTree({*from, opened, repository->executor(), entropy, repository->clock()},
              {.local = "", .remote = "/kept"}));

  SYNCENGINE_ASSIGN_OR_RETURN(const Revision kept,
                              service->Stat(opened.record.id, {.path = "/kept", .node = {}}));
  SYNCENGINE_ASSIGN_OR_RETURN(std::vector<GetEntry> entries, ListTree(opened, kept));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto to, PosixFileSystem::Open(copy));
  SYNCENGINE_ASSIGN_OR_RETURN(
      const GetTreeReport got,
      GetTree({*to, opened, repository->executor(), entropy}, std::move(entries), ""));
  std::printf("%d files kept, %d brought back\n", static_cast<int>(put.files),
              static_cast<int>(got.files));
  return put.issues.empty() && got.issues.empty() ? absl::OkStatus()
                                                  : absl::DataLossError("some files failed");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: embed FOLDER REPOSITORY COPY\n");
    return 2;
  }
  const absl::Status done = KeepAndBringBack(argv[1], argv[2], argv[3]);
  if (!done.ok()) std::fprintf(stderr, "embed: %s\n", std::string(done.message()).c_str());
  return done.ok() ? 0 : 1;
}
