// Bugs of this field, planted on purpose: does the simulation see each of them? docs/SIMULATION.md
// says what was found how fast, `make sim-mutants` finds out again.
//
// The code asks PlantedBug(...) where a careless author would have made the mistake. It is false
// and costs nothing, except in a build with the CMake option SYNCENGINE_PLANTED_BUGS. There the
// environment variable SYNCENGINE_PLANTED_BUG names the one bug that is in force, without its k.
#ifndef SYNCENGINE_SRC_BASE_PLANTED_BUGS_H_
#define SYNCENGINE_SRC_BASE_PLANTED_BUGS_H_

// tools/sim_mutants.py reads names and sentences from here.
#define SYNCENGINE_PLANTED_BUG_LIST(BUG)                                                          \
  /* Object store. */                                                                             \
  BUG(kSkipSegmentSync, "a segment is acknowledged before its bytes are on the disk")             \
  BUG(kSkipNameSync, "a segment is acknowledged before its name is on the disk")                  \
  /* Blocks. */                                                                                   \
  BUG(kRowsBeforeSegment, "blocks are registered before their segment is stored")                 \
  BUG(kDyingBlockIsPresent, "a block that is being deleted counts as present")                    \
  BUG(kReferenceWithoutTouch, "a new reference does not tell the collector that it is new")       \
  BUG(kSharedBlockCountedOnce, "a second reference to a block is not counted")                    \
  BUG(kManifestChildrenNotCounted, "a manifest's children are not counted as referenced")         \
  BUG(kAsideNotCounted, "the version that lost a conflict is not counted as a reference")         \
  BUG(kOldRevisionsNotCounted, "only heads count as references, old revisions do not")            \
  BUG(kReferenceDroppedTwice, "a forgotten revision gives its references back twice")             \
  /* Collection. */                                                                               \
  BUG(kFenceIgnored, "a collector goes on after another one has taken over")                      \
  BUG(kSparseSegmentDropped, "a segment goes when most of its blocks are gone")                   \
  /* Commits. */                                                                                  \
  BUG(kHeadNotCompared, "a commit does not compare its base with the head")                       \
  BUG(kSequenceDrawnEarly, "sequence numbers are drawn outside the transaction")                  \
  BUG(kRefusedCommitHalfWritten, "what a refused commit wrote before is kept")                    \
  BUG(kRepeatedCommitRunsAgain, "a repeated commit is executed again")                            \
  BUG(kRestoreKeepsHistory, "a restored server does not tell that it was restored")               \
  /* The client's view of the server. */                                                          \
  BUG(kRefusedCommitIsDone, "the client takes a refused change for committed")                    \
  BUG(kRestoredServerNotSupplied, "what a restored server lost is not given to it again")         \
  BUG(kCursorBeforePage, "the cursor is stored before the changes it stands for")                 \
  BUG(kCursorAfterListing, "the cursor is read after the listing that it belongs to")             \
  BUG(kPlainNames, "names of an end-to-end namespace are not sealed")                             \
  /* What is agreed on. */                                                                        \
  BUG(kFailedDownloadIsRecorded, "a download that failed counts as done")                         \
  BUG(kAgreedBeforeArrival, "a version is recorded as agreed on before its file is in place")     \
  BUG(kPrintTakenAfterUpload, "what is on the disk after an upload passes for what was uploaded") \
  /* The disk of the user. */                                                                     \
  BUG(kSkipArrivalSync, "a file is put in place before its bytes are on the disk")                \
  BUG(kSkipPlaceSync, "a file counts as in place before its name is on the disk")                 \
  BUG(kOverwriteUnseenEdit, "a download replaces a file that was edited meanwhile")               \
  BUG(kArrivalOverwritesNewFile, "a new file's download replaces one made here meanwhile")        \
  BUG(kDeleteUnseenEdit, "a file that was edited meanwhile is deleted")                           \
  BUG(kUnreadableIsGone, "a file that cannot be examined passes for deleted")                     \
  /* Decisions. */                                                                                \
  BUG(kDeletionBeatsEdit, "a deletion wins over an edit")                                         \
  BUG(kLastWriterWins, "of two edits the one with the later time is kept")                        \
  BUG(kOrphanedEdit, "an edit in a directory that was deleted elsewhere has no place")            \
  BUG(kMergePrefersOurs, "overlapping edits are merged by dropping one")                          \
  BUG(kMergeWrongBase, "two edits are merged from the wrong base")

namespace syncengine {

#define SYNCENGINE_PLANTED_BUG_ENUMERATOR(name, what) name,
enum class Bug { SYNCENGINE_PLANTED_BUG_LIST(SYNCENGINE_PLANTED_BUG_ENUMERATOR) };
#undef SYNCENGINE_PLANTED_BUG_ENUMERATOR

#ifdef SYNCENGINE_PLANTED_BUGS
bool PlantedBug(Bug bug);
#else
constexpr bool PlantedBug(Bug) { return false; }
#endif

}  // namespace syncengine

#endif  // SYNCENGINE_SRC_BASE_PLANTED_BUGS_H_
