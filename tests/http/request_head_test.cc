// The request head reader takes what RFC 9112 says in one reading only, however the bytes arrive.
#include "src/http/request_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace syncengine::http {
namespace {

using State = RequestHeadReader::State;

State ReadWhole(absl::string_view bytes) { return RequestHeadReader().Read(bytes); }

// As ReadWhole, but one byte at a time.
State ReadInDrops(absl::string_view bytes) {
  RequestHeadReader reader;
  State state = State::kIncomplete;
  for (size_t i = 1; i <= bytes.size() && state == State::kIncomplete; ++i) {
    state = reader.Read(bytes.substr(0, i));
  }
  return state;
}

std::string WithField(absl::string_view field) {
  return absl::StrCat("POST /v1/x HTTP/1.1\r\nHost: h\r\n", field, "\r\n\r\n");
}

TEST(RequestHeadTest, ReadsWhatMatters) {
  const std::string bytes =
      "PUT /v1/x?y=%20 HTTP/1.1\r\nHost: h:80\r\nContent-Length: 12\r\nX-Other:\t v w \t\r\n"
      "Expect: 100-Continue\r\nConnection: Close\r\n\r\nbody";
  RequestHeadReader reader;
  ASSERT_EQ(reader.Read(bytes), State::kDone);
  EXPECT_EQ(reader.head().method, "PUT");
  EXPECT_EQ(reader.head().target, "/v1/x?y=%20");
  EXPECT_EQ(reader.head().content_length, 12u);
  EXPECT_FALSE(reader.head().chunked);
  EXPECT_FALSE(reader.head().keep_alive);
  EXPECT_TRUE(reader.head().expects_continue);
  EXPECT_EQ(reader.head().headers[2], std::make_pair(std::string("x-other"), std::string("v w")));
  EXPECT_EQ(bytes.substr(reader.size()), "body");
  EXPECT_EQ(ReadInDrops(bytes), State::kDone);
}

TEST(RequestHeadTest, WhatCanBeReadTwoWaysIsRefused) {
  const std::vector<std::string> corpus = {
      // Lengths and codings.
      WithField("Content-Length: 1\r\nContent-Length: 2"),
      WithField("Content-Length: 1\r\nContent-Length: 1"), WithField("Content-Length: 1, 1"),
      WithField("Content-Length: +1"), WithField("Content-Length: -1"),
      WithField("Content-Length: 0x10"), WithField("Content-Length: 1 1"),
      WithField("Content-Length:"), WithField("Content-Length: 99999999999999999999"),
      WithField("Content-Length: 1\r\nTransfer-Encoding: chunked"),
      WithField("Transfer-Encoding: chunked\r\nContent-Length: 1"),
      WithField("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
      WithField("Transfer-Encoding: gzip, chunked"), WithField("Transfer-Encoding: identity"),
      WithField("Transfer-Encoding: xchunked"), WithField("Transfer-Encoding: \"chunked\""),
      WithField("Transfer-Encoding: chunked;a=b"), WithField("Transfer-Encoding:"),
      WithField("Content-Encoding: gzip"),
      // Names and values.
      WithField("Content-Length : 1"), WithField("Content-Length\t: 1"),
      WithField(" Content-Length: 1"), WithField("X: a\r\n folded"), WithField("X: a\r\n\tfolded"),
      WithField("X"), WithField(": value"), WithField("X\x01: v"), WithField("X: a\rb"),
      WithField("X: a\nContent-Length: 1"), WithField(absl::string_view("X: a\0b", 6)),
      WithField("X: \x7f"), WithField("X(y): z"), WithField("Host: other"),
      WithField("Expect: 200-ok"), WithField("Authorization: a\r\nAuthorization: b"),
      // Line ends.
      "GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\r\nHost: h\n\r\n",
      "GET / HTTP/1.1\rHost: h\r\r", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n",
      // Request lines.
      "GET /\r\nHost: h\r\n\r\n", "GET\r\n", " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / x HTTP/1.1\r\nHost: h\r\n\r\n", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET x HTTP/1.1\r\nHost: h\r\n\r\n", "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", "GET / http/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: h\r\n\r\n", "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.10\r\nHost: h\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      // Hosts.
      "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"};
  for (const std::string& bytes : corpus) {
    EXPECT_EQ(ReadWhole(bytes), State::kRefused) << bytes;
    EXPECT_EQ(ReadInDrops(bytes), State::kRefused) << bytes;
  }
}

TEST(RequestHeadTest, RefusalsNameTheirStatus) {
  const std::pair<std::string, int> cases[] = {
      {WithField("Transfer-Encoding: gzip"), 501},
      {WithField("Content-Encoding: gzip"), 415},
      {WithField("Expect: 200-ok"), 417},
      {"GET / HTTP/1.0\r\n", 505},
      {"GET /" + std::string(kRequestLineMax, 'a'), 414},
      {WithField("X: " + std::string(kHeaderBytesMax, 'a')), 431}};
  for (const auto& [bytes, status] : cases) {
    RequestHeadReader reader;
    EXPECT_EQ(reader.Read(bytes), State::kRefused);
    EXPECT_EQ(reader.refusal_status(), status) << bytes.substr(0, 60);
    EXPECT_FALSE(reader.refusal().empty());
  }
}

TEST(RequestHeadTest, FieldsAreCounted) {
  std::string fields;
  for (size_t i = 0; i + 1 < kHeaderFieldsMax; ++i) absl::StrAppend(&fields, "X: y\r\n");
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n" + fields;
  EXPECT_EQ(ReadWhole(head + "\r\n"), State::kDone);
  EXPECT_EQ(ReadWhole(head + "X: y\r\n\r\n"), State::kRefused);
}

TEST(RequestHeadTest, AnEndlessHeadIsRefusedWithoutItsEnd) {
  EXPECT_EQ(ReadWhole("GET /" + std::string(kRequestLineMax, 'a')), State::kRefused);
  EXPECT_EQ(ReadWhole("GET / HTTP/1.1\r\nX: " + std::string(kHeaderBytesMax, 'a')),
            State::kRefused);
}

}  // namespace
}  // namespace syncengine::http
