// What all steps of one round share.
#ifndef SYNCENGINE_SRC_FOLDER_ROUND_H_
#define SYNCENGINE_SRC_FOLDER_ROUND_H_

#include <stop_token>

#include "src/folder/outcome.h"
#include "src/folder/places.h"
#include "src/folder/progress_meter.h"
#include "src/folder/state.h"
#include "src/folder/swap.h"
#include "src/folder/workspace.h"
#include "syncengine/ports/clock.h"
#include "syncengine/ports/entropy.h"
#include "syncengine/ports/executor.h"
#include "syncengine/ports/file_system.h"
#include "syncengine/reconcile/matching.h"
#include "syncengine/reconcile/planner.h"
#include "syncengine/transfer/opened_namespace.h"

namespace syncengine::folder {

// Lives as long as the client.
struct Surroundings {
  FileSystem& files;
  const OpenedNamespace& opened;
  Executor& executor;
  Entropy& entropy;
  Clock& clock;
  State& state;
  Workspace& workspace;
  ConflictNaming& naming;
};

// Lives for one round.
struct Round {
  const Plan& plan;
  const LocalNodes& local;
  Places places;
  Outcome& outcome;
  ProgressMeter& meter;
  std::stop_token stop;
};

}  // namespace syncengine::folder

#endif  // SYNCENGINE_SRC_FOLDER_ROUND_H_
