// Strict JSON, targets, chunked bodies and frame bodies: what is taken and what is refused.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "src/http/chunked_body.h"
#include "src/http/frames_body.h"
#include "src/http/json.h"
#include "src/http/url.h"
#include "src/http/wire_values.h"
#include "syncengine/testing/status_matchers.h"

namespace syncengine::http {
namespace {

// --- JSON ---

TEST(JsonTest, RefusesWhatIsNotOneStrictValue) {
  const std::string deep =
      std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']');
  const std::string flood(1'000'000, '[');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{} {}"), std::string("{\"a\":1,\"a\":2}"),
        std::string("{\"x\":{\"a\":1,\"b\":2,\"a\":3}}"), std::string("{'a':1}"),
        std::string("{\"a\":01}"), std::string("{\"a\":NaN}"), std::string("{\"a\":\"\xff\"}"),
        std::string("{\"a\":1,}"), deep, flood}) {
    SE_EXPECT_CODE(ParseJson(text), kInvalidArgument);
  }
}

TEST(JsonTest, TakesDeepBracketsInStringsAndTheSameKeyInTwoObjects) {
  SE_EXPECT_OK(ParseJson(absl::StrCat("{\"a\":\"", std::string(100, '['), "\\\"[\"}")));
  SE_EXPECT_OK(ParseJson("{\"a\":{\"k\":1},\"b\":{\"k\":1},\"k\":[{\"k\":1},{\"k\":2}]}"));
  const std::string deepest = std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']');
  SE_EXPECT_OK(ParseJson(deepest));
}

TEST(JsonTest, IntegersAreRangeChecked) {
  const auto unsigned_of = [](absl::string_view text) {
    const Json json = *ParseJson(absl::StrCat("{\"n\":", text, "}"));
    Fields fields(json, "test");
    fields.Unsigned("n", 4095);
    return fields.status();
  };
  SE_EXPECT_OK(unsigned_of("4095"));
  for (absl::string_view text :
       {"4096", "-1", "1.5", "1e3", "\"7\"", "true", "[]", "18446744073709551616", "1e400"}) {
    const absl::StatusOr<Json> json = ParseJson(absl::StrCat("{\"n\":", text, "}"));
    EXPECT_TRUE(!json.ok() || !unsigned_of(text).ok()) << text;
  }
}

TEST(JsonTest, UnknownFieldsAreIgnoredAndWrongOnesNamed) {
  const absl::StatusOr<Json> json =
      ParseJson(R"({"stored":true,"blocks_new":3,"future":{"x":[1]},"missing":[]})");
  SE_EXPECT_OK(FromJson<PutSegmentResult>(*json));
  const absl::Status wrong =
      FromJson<PutSegmentResult>(*ParseJson(R"({"missing":["zz"]})")).status();
  SE_EXPECT_CODE(wrong, kInvalidArgument);
  EXPECT_NE(wrong.message().find("'missing'"), std::string::npos) << wrong;
}

TEST(JsonTest, Utf8IsJudgedAsRfc3629Does) {
  for (absl::string_view good : {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                 "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (absl::string_view bad : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80",
                                "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

// --- Targets ---

TEST(TargetTest, RoundTripsAnyBytes) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  SE_ASSERT_OK_AND_ASSIGN(const Target target,
                          ParseTarget(absl::StrCat("/v1/x?a=", PercentEncode(bytes), "&b")));
  EXPECT_EQ(target.segments, (std::vector<std::string>{"v1", "x"}));
  EXPECT_EQ(target.query.at("a"), bytes);
  EXPECT_EQ(target.query.at("b"), "");
}

TEST(TargetTest, RefusesHiddenAndBrokenParts) {
  for (absl::string_view text :
       {"", "x", "/", "//x", "/x/", "/a/../b", "/a/./b", "/a/%2e%2E/b", "/a%2fb", "/a%00", "/a%",
        "/a%4", "/a%zz", "/x?a=1&a=2", "/x?a=%g0"}) {
    SE_EXPECT_CODE(ParseTarget(text), kInvalidArgument) << text;
  }
}

// --- Chunked bodies ---

// Feeds `bytes` in pieces of `step`.
ChunkedBody::State ReadChunks(absl::string_view bytes, size_t step, std::string& body) {
  ChunkedBody chunks(1000);
  std::string buffer;
  ChunkedBody::State state = ChunkedBody::State::kIncomplete;
  while (!bytes.empty() && state == ChunkedBody::State::kIncomplete) {
    absl::StrAppend(&buffer, bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    state = chunks.Read(buffer);
  }
  body = chunks.body() + "|" + buffer;
  return state;
}

TEST(ChunkedBodyTest, TheSameHoweverItArrives) {
  const std::string bytes = "3\r\nabc\r\n00b\r\nhello world\r\n0\r\n\r\n";
  for (size_t step = 1; step <= bytes.size(); ++step) {
    std::string body;
    EXPECT_EQ(ReadChunks(bytes, step, body), ChunkedBody::State::kDone);
    EXPECT_EQ(body, "abchello world|");
  }
}

TEST(ChunkedBodyTest, RefusesWhatCanBeReadTwoWays) {
  for (absl::string_view bytes :
       {"3;x=y\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n", " 3\r\nabc\r\n", "+3\r\nabc\r\n",
        "0x3\r\nabc\r\n", "3\nabc\n0\n\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc0\r\n\r\n", "-1\r\n",
        "\r\n", "g\r\n", "000000003\r\nabc\r\n", "0\r\nTrailer: x\r\n\r\n", "3\rabc"}) {
    for (const size_t step : {size_t{1}, size_t{100}}) {
      std::string body;
      EXPECT_EQ(ReadChunks(bytes, step, body), ChunkedBody::State::kRefused) << bytes;
    }
  }
}

TEST(ChunkedBodyTest, RefusesTooMuchBeforeItComes) {
  std::string body;
  EXPECT_EQ(ReadChunks("3e9\r\n", 100, body), ChunkedBody::State::kTooLarge);
  EXPECT_EQ(ReadChunks("ffffffff\r\n", 100, body), ChunkedBody::State::kTooLarge);
}

// --- Frames ---

TEST(FramesBodyTest, EveryTruncationIsRefused) {
  const FramesReply reply{.frames = {"one", "", std::string(500, 'x')}, .answered = 3};
  const std::string body = EncodeFrames(reply);
  SE_ASSERT_OK_AND_ASSIGN(const FramesReply decoded, DecodeFrames(body));
  EXPECT_EQ(decoded.frames, reply.frames);
  EXPECT_EQ(decoded.answered, reply.answered);
  for (size_t size = 0; size < body.size(); ++size) {
    SE_EXPECT_REASON(DecodeFrames(absl::string_view(body).substr(0, size)), Reason::kIntegrity);
  }
  SE_EXPECT_REASON(DecodeFrames(body + "x"), Reason::kIntegrity);
  SE_EXPECT_REASON(DecodeFrames(std::string(8, '\xff')), Reason::kIntegrity);
}

}  // namespace
}  // namespace syncengine::http
