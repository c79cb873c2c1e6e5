// The bytes of version 1 of every format. A change here breaks what users have stored: add a new
// version beside it instead.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "tests/format/golden_objects.h"

namespace syncengine {
namespace {

const std::map<std::string, std::string>& GoldenVectors() {
  static const auto& vectors = *new std::map<std::string, std::string>{
#include "tests/format/golden_vectors.inc"
  };
  return vectors;
}

std::string Golden(const std::string& name) {
  return absl::HexStringToBytes(GoldenVectors().at(name));
}

TEST(GoldenTest, EveryFormatWritesItsGoldenBytes) {
  const auto objects = testing::GoldenObjects();
  EXPECT_EQ(objects.size(), GoldenVectors().size());
  for (const auto& object : objects) {
    // Its bytes are those of one release of zstd: others read them, and may write better ones.
    if (object.name == "delta_frame") continue;
    EXPECT_EQ(absl::BytesToHexString(object.bytes), absl::BytesToHexString(Golden(object.name)))
        << object.name;
  }
}

TEST(GoldenTest, EveryFormatReadsItsGoldenBytes) {
  const auto keys = testing::FixedKeys();
  EXPECT_EQ(NamespaceKeys::DecodeBundle(Secret(Golden("bundle")))->get()->IdOf("x"),
            keys->IdOf("x"));
  auto frame = OpenFrame(*keys, Golden("data_frame"));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(frame->block(0), "hello, ");
  EXPECT_EQ(frame->block(1), "syncengine");
  EXPECT_TRUE(OpenFrame(*keys, Golden("manifest_frame")).ok());
  const std::string base = testing::GoldenBase();
  frame = OpenFrame(*keys, Golden("delta_frame"), {{{.id = keys->IdOf(base), .bytes = base}}});
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(frame->block(0), testing::GoldenEdit());
  EXPECT_EQ(frame->header().depth, 2u);
  EXPECT_EQ(ParseSegment(Golden("segment"))->frames.size(), 2u);
  const SlotKey passphrase = {.type = SlotType::kPassphrase, .secret = "passphrase"};
  EXPECT_EQ(UnwrapSlot(passphrase, keys->id(), Golden("passphrase_slot"))->bytes(),
            Golden("bundle"));
  EXPECT_EQ(DecodeManifestNode(Golden("manifest_node")).value(), testing::GoldenManifest(*keys));
  EXPECT_EQ(OpenName(*keys, Golden("sealed_name")).value(), "hello.txt");
  EXPECT_EQ(OpenAttributes(*keys, {.sealed = Golden("sealed_attributes")})->mode, 0644u);
  EXPECT_EQ(DecodeRevision(Golden("revision")).value(), testing::GoldenRevision(*keys));
  EXPECT_EQ(DecodeJournalEntry(Golden("journal_uploading")).value(),
            testing::GoldenEntry(JournalKind::kUploading));
}

}  // namespace
}  // namespace syncengine
