// Abseil's own would use its uninstrumented locks on the Mutex of this folder.
#error \
    "absl/synchronization/blocking_counter.h: write it beside this header, on absl::Mutex, as notification.h does"
