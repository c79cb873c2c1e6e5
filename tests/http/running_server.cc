#include "tests/http/running_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace syncengine::http {

RunningServer::RunningServer(ServerOptions options, int workers) : executor_(workers) {
  backend_.AddToken(kToken);
  auto server = Server::Start(std::move(options), backend_, notifier_, executor_, clock_);
  EXPECT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  thread_ = std::jthread([this](std::stop_token stop) { server_->Run(stop); });
}

RunningServer::~RunningServer() { Join(); }

void RunningServer::Join() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

int RunningServer::port() const {
  const std::string text = url();
  int port = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text.substr(text.rfind(':') + 1), &port));
  return port;
}

TlsFiles WriteTlsFiles(const std::string& directory) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* alternative =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, alternative, -1);
  X509_EXTENSION_free(alternative);
  X509_sign(certificate, key, EVP_sha256());
  const TlsFiles files{.certificate = absl::StrCat(directory, "/certificate.pem"),
                       .key = absl::StrCat(directory, "/key.pem")};
  FILE* file = std::fopen(files.certificate.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(files.key.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return files;
}

RawSocket::RawSocket(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

RawSocket::~RawSocket() { ::close(descriptor_); }

bool RawSocket::Send(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void RawSocket::CloseSending() { ::shutdown(descriptor_, SHUT_WR); }

std::string RawSocket::ReadToEnd() { return ReadUntil(std::string(1, '\xff')); }

std::string RawSocket::ReadUntil(absl::string_view text) {
  std::string received;
  char bytes[4096];
  while (!absl::StrContains(received, text)) {
    const ssize_t count = ::recv(descriptor_, bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EAGAIN) return received + "timeout";
    if (count <= 0) break;
    received.append(bytes, static_cast<size_t>(count));
  }
  return received;
}

}  // namespace syncengine::http
