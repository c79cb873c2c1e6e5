// The verbs, one function for each file that holds some.
#ifndef SYNCENGINE_EXAMPLES_CLI_COMMANDS_H_
#define SYNCENGINE_EXAMPLES_CLI_COMMANDS_H_

#include "examples/cli/context.h"

namespace syncengine::cli {

void AddInit(Registry& registry);
void AddPut(Registry& registry);
void AddGet(Registry& registry);      // get, cat
void AddTree(Registry& registry);     // ls, stat, mkdir, mv, rm
void AddHistory(Registry& registry);  // revisions, restore, changes
void AddServe(Registry& registry);
void AddDevice(Registry& registry);
void AddSync(Registry& registry);     // sync, plan, status
void AddUpkeep(Registry& registry);   // check, stats
void AddCollect(Registry& registry);  // forget, gc
void AddDelta(Registry& registry);    // signature, delta, patch
void AddMerge(Registry& registry);
void AddConflicts(Registry& registry);  // conflicts, resolve
void AddLive(Registry& registry);

}  // namespace syncengine::cli

#endif  // SYNCENGINE_EXAMPLES_CLI_COMMANDS_H_
