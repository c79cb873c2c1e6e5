// signature, delta, patch: the rsync algorithm on plain files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/cli/commands.h"
#include "syncengine/base/error.h"
#include "syncengine/delta/delta.h"
#include "syncengine/delta/patch.h"
#include "syncengine/delta/signature.h"
#include "syncengine/stores/system_entropy.h"

namespace syncengine::cli {
namespace {

absl::Status FileError(const std::string& path, const char* what) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": ", what));
}

// A file read in order and anywhere.
class InputFile : public delta::Source, public delta::Base {
 public:
  static absl::StatusOr<std::unique_ptr<InputFile>> Open(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FileError(path, "cannot be opened");
    std::unique_ptr<InputFile> file(new InputFile(path, fd));
    struct stat facts {};
    if (fstat(fd, &facts) != 0) return FileError(path, "cannot be examined");
    if (!S_ISREG(facts.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": expected a regular file"));
    }
    file->size_ = static_cast<uint64_t>(facts.st_size);
    return file;
  }
  ~InputFile() override { close(fd_); }

  absl::StatusOr<size_t> Read(absl::Span<char> room) override {
    const ssize_t size = read(fd_, room.data(), room.size());
    if (size < 0) return FileError(path_, "cannot be read");
    return static_cast<size_t>(size);
  }
  uint64_t size() const override { return size_; }
  absl::Status ReadAt(uint64_t offset, absl::Span<char> room) override {
    while (!room.empty()) {
      const ssize_t size = pread(fd_, room.data(), room.size(), static_cast<off_t>(offset));
      if (size < 0) return FileError(path_, "cannot be read");
      if (size == 0) return absl::AbortedError(absl::StrCat(path_, ": shrank while it was read"));
      room.remove_prefix(static_cast<size_t>(size));
      offset += static_cast<uint64_t>(size);
    }
    return absl::OkStatus();
  }

 private:
  InputFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  const std::string path_;
  const int fd_;
  uint64_t size_ = 0;
};

// Takes its name only when all of it is there; until then it is a temporary file beside it.
class OutputFile : public delta::Sink {
 public:
  static absl::StatusOr<std::unique_ptr<OutputFile>> Create(const std::string& path) {
    std::string temporary = path + ".part-XXXXXX";
    const int fd = mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) return FileError(path, "cannot be written");
    return std::unique_ptr<OutputFile>(new OutputFile(path, temporary, fd));
  }
  ~OutputFile() override {
    close(fd_);
    if (!finished_) unlink(temporary_.c_str());
  }

  absl::Status Append(absl::string_view bytes) override {
    count_ += bytes.size();
    while (!bytes.empty()) {
      const ssize_t size = write(fd_, bytes.data(), bytes.size());
      if (size < 0) return FileError(path_, "cannot be written");
      bytes.remove_prefix(static_cast<size_t>(size));
    }
    return absl::OkStatus();
  }
  absl::Status Finish() override {
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd_, 0666 & ~mask) != 0 || fdatasync(fd_) != 0 ||
        std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      return FileError(path_, "cannot be written");
    }
    finished_ = true;
    return absl::OkStatus();
  }
  uint64_t count() const { return count_; }

 private:
  OutputFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

  const std::string path_;
  const std::string temporary_;
  const int fd_;
  uint64_t count_ = 0;
  bool finished_ = false;
};

struct RsyncOptions {
  std::string first;
  std::string second;
  std::string out;
  std::string format = "own";
  uint32_t block_bytes = 0;
  int level = delta::DeltaOptions().level;

  bool librsync() const { return format == "librsync"; }
};

absl::StatusOr<ExitCode> RunSignature(const Context& context, const RsyncOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto base, InputFile::Open(options.first));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto out, OutputFile::Create(options.out));
  delta::SignatureOptions signing{.block_bytes = options.block_bytes};
  if (options.librsync()) signing.format = delta::SignatureFormat::kLibrsyncRabinBlake2;
  SystemEntropy entropy;
  entropy.Fill(absl::MakeSpan(signing.salt));
  SYNCENGINE_RETURN_IF_ERROR(delta::WriteSignature(*base, base->size(), signing, *out));
  Print(context, {{"bytes", out->count()}, {"base_bytes", base->size()}},
        absl::StrFormat("%s: signature of %s\n", BytesText(out->count()), BytesText(base->size())));
  return kOk;
}

absl::StatusOr<std::string> ReadAll(InputFile& file) {
  std::string bytes(file.size(), '\0');
  SYNCENGINE_RETURN_IF_ERROR(file.ReadAt(0, absl::MakeSpan(bytes)));
  return bytes;
}

absl::StatusOr<ExitCode> RunDelta(const Context& context, const RsyncOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto signature_file, InputFile::Open(options.first));
  SYNCENGINE_ASSIGN_OR_RETURN(const std::string bytes, ReadAll(*signature_file));
  SYNCENGINE_ASSIGN_OR_RETURN(delta::Signature signature, delta::DecodeSignature(bytes));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto index, delta::BlockIndex::Create(std::move(signature)));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto result, InputFile::Open(options.second));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto out, OutputFile::Create(options.out));
  delta::DeltaOptions writing{.level = options.level};
  if (options.librsync()) writing.format = delta::DeltaFormat::kLibrsync;
  SYNCENGINE_ASSIGN_OR_RETURN(const delta::DeltaStats stats,
                              delta::WriteDelta(*index, *result, writing, *out));
  Print(context,
        {{"bytes", stats.delta_bytes},
         {"result_bytes", stats.result_bytes},
         {"copied_bytes", stats.copied_bytes},
         {"literal_bytes", stats.literal_bytes}},
        absl::StrFormat("%s: delta of %s, %s of them copied\n", BytesText(stats.delta_bytes),
                        BytesText(stats.result_bytes), BytesText(stats.copied_bytes)));
  return kOk;
}

absl::StatusOr<ExitCode> RunPatch(const Context& context, const RsyncOptions& options) {
  SYNCENGINE_ASSIGN_OR_RETURN(const auto base, InputFile::Open(options.first));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto delta_file, InputFile::Open(options.second));
  SYNCENGINE_ASSIGN_OR_RETURN(const auto out, OutputFile::Create(options.out));
  SYNCENGINE_ASSIGN_OR_RETURN(const delta::PatchStats stats,
                              delta::ApplyDelta(*base, *delta_file, {}, *out));
  Print(context,
        {{"bytes", stats.result_bytes},
         {"delta_bytes", stats.delta_bytes},
         {"verified", stats.verified}},
        absl::StrFormat("%s%s\n", BytesText(stats.result_bytes),
                        stats.verified ? ", verified" : "; this format carries no digest"));
  return kOk;
}

struct RsyncVerb {
  const char* name;
  const char* description;
  const char* example;
  absl::StatusOr<ExitCode> (*run)(const Context&, const RsyncOptions&);
};

CLI::App* AddRsyncVerb(Registry& registry, const RsyncVerb& verb,
                       const std::shared_ptr<RsyncOptions>& options) {
  return AddVerb(
      registry, verb.name, verb.description, verb.example,
      [options, run = verb.run](const Context& context) { return run(context, *options); });
}

void AddFormat(CLI::App* verb, RsyncOptions& options) {
  verb->add_option("--format", options.format, "own, or librsync for rdiff")
      ->check(CLI::IsMember({"own", "librsync"}))
      ->capture_default_str();
}

}  // namespace

void AddDelta(Registry& registry) {
  // Each is shared by the parser and its command.
  const auto signing = std::make_shared<RsyncOptions>();
  CLI::App* signature =
      AddRsyncVerb(registry,
                   {"signature", "Write what a file is made of, without its bytes",
                    "syncengine signature old.img old.sig", RunSignature},
                   signing);
  signature->add_option("file", signing->first, "The old file")->required();
  signature->add_option("out", signing->out, "Where the signature goes")->required();
  signature->add_option("--block-size", signing->block_bytes, "Bytes of a block; 0 chooses");
  AddFormat(signature, *signing);

  const auto writing = std::make_shared<RsyncOptions>();
  CLI::App* delta = AddRsyncVerb(registry,
                                 {"delta", "Write what a new file has that the signed one has not",
                                  "syncengine delta old.sig new.img new.delta", RunDelta},
                                 writing);
  delta->add_option("signature", writing->first, "Of the old file, of either format")->required();
  delta->add_option("file", writing->second, "The new file")->required();
  delta->add_option("out", writing->out, "Where the delta goes")->required();
  delta->add_option("--level", writing->level, "zstd level; 0 stores")->capture_default_str();
  AddFormat(delta, *writing);

  const auto patching = std::make_shared<RsyncOptions>();
  CLI::App* patch = AddRsyncVerb(registry,
                                 {"patch", "Make the new file from the old one and a delta",
                                  "syncengine patch old.img new.delta new.img", RunPatch},
                                 patching);
  patch->add_option("base", patching->first, "The old file")->required();
  patch->add_option("delta", patching->second, "Of either format")->required();
  patch->add_option("out", patching->out, "Where the new file goes")->required();
}

}  // namespace syncengine::cli
