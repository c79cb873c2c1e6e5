// The exit codes that scripts rely on.
#ifndef SYNCENGINE_EXAMPLES_CLI_EXIT_CODE_H_
#define SYNCENGINE_EXAMPLES_CLI_EXIT_CODE_H_

#include "absl/status/status.h"

namespace syncengine::cli {

enum ExitCode {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kPartlyDone = 3,
  kConflictsWait = 4,
  kSafetyStop = 5,
  kNotFound = 6,
  kNotAllowed = 7,
  kNoSpace = 8,
  kIntegrity = 9,
  kNotInitialised = 10,
  kLocked = 11,
  kPassphrase = 12,
  kVersion = 13,
  kTryAgain = 20,
  kInterrupted = 130,
  kTerminated = 143,
};

// What a failed command exits with.
ExitCode ExitCodeFor(const absl::Status& status);

}  // namespace syncengine::cli

#endif  // SYNCENGINE_EXAMPLES_CLI_EXIT_CODE_H_
