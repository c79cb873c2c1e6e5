// Clocks, entropy, notifiers, executors and key providers that ship, against their ports' promises.
#include "syncengine/stores/file_key_provider.h"
#include "syncengine/stores/in_process_notifier.h"
#include "syncengine/stores/passphrase_key_provider.h"
#include "syncengine/stores/system_clock.h"
#include "syncengine/stores/system_entropy.h"
#include "syncengine/stores/thread_pool.h"
#include "syncengine/testing/clock_conformance.h"
#include "syncengine/testing/entropy_conformance.h"
#include "syncengine/testing/executor_conformance.h"
#include "syncengine/testing/key_provider_conformance.h"
#include "syncengine/testing/manual_clock.h"
#include "syncengine/testing/manual_executor.h"
#include "syncengine/testing/notifier_conformance.h"
#include "syncengine/testing/seeded_entropy.h"
#include "syncengine/testing/temporary_directory.h"

namespace syncengine::testing {
namespace {

struct SystemClockHarness {
  Clock& clock() { return system; }
  SystemClock system;
};
struct ManualClockHarness {
  Clock& clock() { return manual; }
  ManualClock manual;
};
INSTANTIATE_TYPED_TEST_SUITE_P(System, ClockConformance, SystemClockHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Manual, ClockConformance, ManualClockHarness);

struct SystemEntropyHarness {
  Entropy& entropy() { return system; }
  SystemEntropy system;
};
struct SeededEntropyHarness {
  Entropy& entropy() { return seeded; }
  SeededEntropy seeded{1};
};
INSTANTIATE_TYPED_TEST_SUITE_P(System, EntropyConformance, SystemEntropyHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Seeded, EntropyConformance, SeededEntropyHarness);

struct InProcessHarness {
  Notifier& notifier() { return in_process; }
  InProcessNotifier in_process;
};
INSTANTIATE_TYPED_TEST_SUITE_P(InProcess, NotifierConformance, InProcessHarness);

struct OneThreadHarness {
  Executor& executor() { return pool; }
  ThreadPool pool{1};
};
struct ThreadPoolHarness {
  Executor& executor() { return pool; }
  ThreadPool pool{4};
};
struct ManualExecutorHarness {
  Executor& executor() { return manual; }
  ManualExecutor manual;
};
INSTANTIATE_TYPED_TEST_SUITE_P(OneThread, ExecutorConformance, OneThreadHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(ThreadPool, ExecutorConformance, ThreadPoolHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Manual, ExecutorConformance, ManualExecutorHarness);

struct FileKeyHarness {
  std::unique_ptr<KeyProvider> Make(const std::string& name) {
    const std::string path = directory.Child(name);
    SE_EXPECT_OK(FileKeyProvider::Create(path, entropy));
    return FileKeyProvider::Open(path, entropy).value();
  }
  KeyProvider& keys() { return *one; }
  KeyProvider& other_keys() { return *two; }
  TemporaryDirectory directory;
  SeededEntropy entropy{1};
  std::unique_ptr<KeyProvider> one = Make("one");
  std::unique_ptr<KeyProvider> two = Make("two");
};
struct PassphraseHarness {
  KeyProvider& keys() { return one; }
  KeyProvider& other_keys() { return two; }
  SlotOptions cheap{.scrypt_log2_n = 4, .scrypt_log2_n_min = 4};
  SeededEntropy entropy{1};
  PassphraseKeyProvider one{Secret("correct horse"), entropy, cheap};
  PassphraseKeyProvider two{Secret("battery staple"), entropy, cheap};
};
INSTANTIATE_TYPED_TEST_SUITE_P(File, KeyProviderConformance, FileKeyHarness);
INSTANTIATE_TYPED_TEST_SUITE_P(Passphrase, KeyProviderConformance, PassphraseHarness);

}  // namespace
}  // namespace syncengine::testing
