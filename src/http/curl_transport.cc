#include "syncengine/http/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "syncengine/base/error.h"

namespace syncengine::http {
namespace {

constexpr uint64_t kHeaderBytesMax = 64u << 10;

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Owns what one call at a time uses; its connection stays open for the next.
struct Slot {
  Slot() : multi(curl_multi_init()), easy(curl_easy_init()) {}
  ~Slot() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  CURLM* multi;
  CURL* easy;
  char error[CURL_ERROR_SIZE] = {};
};

// What the callbacks fill in during one call.
struct Exchange {
  HttpResponse response;
  uint64_t response_bytes_max = 0;
  uint64_t header_bytes = 0;
  uint64_t sent = 0;
  uint64_t received = 0;
  bool too_long = false;
};

size_t OnBody(char* bytes, size_t unit, size_t count, void* context) {
  Exchange& exchange = *static_cast<Exchange*>(context);
  const size_t size = unit * count;
  if (exchange.response.body.size() + size > exchange.response_bytes_max) {
    exchange.too_long = true;
    return 0;  // Ends the transfer.
  }
  exchange.response.body.append(bytes, size);
  return size;
}

size_t OnHeader(char* bytes, size_t unit, size_t count, void* context) {
  Exchange& exchange = *static_cast<Exchange*>(context);
  const size_t size = unit * count;
  exchange.header_bytes += size;
  if (exchange.header_bytes > kHeaderBytesMax) {
    exchange.too_long = true;
    return 0;
  }
  const absl::string_view line(bytes, size);
  if (absl::StartsWith(line, "HTTP/")) exchange.response.headers.clear();  // After "100 Continue".
  const size_t colon = line.find(':');
  if (colon != absl::string_view::npos) {
    exchange.response.headers.emplace_back(
        absl::AsciiStrToLower(line.substr(0, colon)),
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1))));
  }
  return size;
}

// libcurl's own counters leave out headers or count them twice; this sees what crosses the socket.
int OnTraffic(CURL*, curl_infotype type, char*, size_t size, void* context) {
  Exchange& exchange = *static_cast<Exchange*>(context);
  if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT) exchange.sent += size;
  if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN) exchange.received += size;
  return 0;
}

absl::Status CheckRequest(const HttpRequest& request) {
  bool bad = request.target.empty() || request.target.front() != '/' ||
             HasControlCharacter(request.target) || absl::StrContains(request.target, ' ');
  for (const auto& [name, value] : request.headers) {
    bad = bad || name.empty() || HasControlCharacter(name) || HasControlCharacter(value);
  }
  if (!bad) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "http: the target must begin with '/' and neither it nor a header may hold control "
      "characters; is the token file right?");
}

struct ParsedUrl {
  std::string text;  // Without a trailing slash.
  bool loopback = false;
};

std::string UrlPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

absl::StatusOr<ParsedUrl> ParseBaseUrl(absl::string_view base_url) {
  CURLU* url = curl_url();
  const absl::Cleanup free_url = [url] { curl_url_cleanup(url); };
  const CURLUcode code = curl_url_set(url, CURLUPART_URL, std::string(base_url).c_str(), 0);
  const std::string scheme = code == CURLUE_OK ? UrlPart(url, CURLUPART_SCHEME) : "";
  const bool extra = !UrlPart(url, CURLUPART_USER).empty() ||
                     !UrlPart(url, CURLUPART_QUERY).empty() ||
                     !UrlPart(url, CURLUPART_FRAGMENT).empty();
  if ((scheme != "http" && scheme != "https") || extra) {
    return absl::InvalidArgumentError(
        absl::StrCat("server URL: expected http://HOST:PORT or https://HOST[:PORT][/PREFIX] "
                     "without user, query or fragment, found '",
                     base_url, "'"));
  }
  const std::string host = UrlPart(url, CURLUPART_HOST);
  ParsedUrl parsed{
      .text = std::string(base_url),
      .loopback = host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.")};
  while (absl::EndsWith(parsed.text, "/")) parsed.text.pop_back();
  return parsed;
}

class CurlTransport final : public HttpTransport {
 public:
  CurlTransport(ParsedUrl url, CurlOptions options)
      : url_(std::move(url)), options_(std::move(options)) {}

  absl::StatusOr<HttpResponse> Call(const HttpRequest& request,
                                    const HttpCallOptions& options) override;
  uint64_t sent_bytes() const override { return sent_bytes_; }
  uint64_t received_bytes() const override { return received_bytes_; }

 private:
  absl::StatusOr<std::unique_ptr<Slot>> TakeSlot();
  void ReturnSlot(std::unique_ptr<Slot> slot);
  void Prepare(Slot& slot, const HttpRequest& request, const HttpCallOptions& options,
               curl_slist* headers, Exchange& exchange) const;
  static void PrepareBody(CURL* easy, const HttpRequest& request);
  static absl::Status Perform(Slot& slot, const HttpCallOptions& options, const Exchange& exchange);

  const ParsedUrl url_;
  const CurlOptions options_;
  std::atomic<uint64_t> sent_bytes_ = 0;
  std::atomic<uint64_t> received_bytes_ = 0;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Slot>> idle_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<Slot>> CurlTransport::TakeSlot() {
  {
    absl::MutexLock lock(&mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Slot> slot = std::move(idle_.back());
      idle_.pop_back();
      return slot;
    }
  }
  auto slot = std::make_unique<Slot>();
  if (slot->multi == nullptr || slot->easy == nullptr) {
    return absl::ResourceExhaustedError("http: libcurl has no memory for another connection");
  }
  return slot;
}

void CurlTransport::ReturnSlot(std::unique_ptr<Slot> slot) {
  absl::MutexLock lock(&mutex_);
  if (static_cast<int>(idle_.size()) < options_.idle_connections_max) {
    idle_.push_back(std::move(slot));
  }
}

void CurlTransport::PrepareBody(CURL* easy, const HttpRequest& request) {
  const bool has_body =
      request.method == "POST" || request.method == "PUT" || !request.body.empty();
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlTransport::Prepare(Slot& slot, const HttpRequest& request, const HttpCallOptions& options,
                            curl_slist* headers, Exchange& exchange) const {
  CURL* easy = slot.easy;
  curl_easy_reset(easy);
  slot.error[0] = '\0';
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot.error);
  curl_easy_setopt(easy, CURLOPT_URL, absl::StrCat(url_.text, request.target).c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(options_.connect_timeout)));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                   std::max(1L, static_cast<long>(absl::ToInt64Milliseconds(options.timeout))));
  if (url_.loopback) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, OnTraffic);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, &exchange);
  PrepareBody(easy, request);
}

// What the caller should make of a call that brought no complete response.
absl::Status CallError(CURLcode code, const Slot& slot, const Exchange& exchange) {
  const std::string why =
      absl::StrCat("http: ", slot.error[0] != '\0' ? slot.error : curl_easy_strerror(code));
  if (exchange.too_long) {
    return absl::UnavailableError(absl::StrCat("http: the response is longer than the ",
                                               exchange.response_bytes_max, " bytes allowed"));
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: {
      double connected = 0;
      curl_easy_getinfo(slot.easy, CURLINFO_PRETRANSFER_TIME, &connected);
      return connected > 0 ? absl::DeadlineExceededError(why) : absl::UnavailableError(why);
    }
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return absl::UnauthenticatedError(
          absl::StrCat(why, "; check the server's certificate and the CA file"));
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return absl::InvalidArgumentError(why);
    default:
      return absl::UnavailableError(why);
  }
}

absl::Status CurlTransport::Perform(Slot& slot, const HttpCallOptions& options,
                                    const Exchange& exchange) {
  const std::stop_callback wake(options.stop, [&slot] { curl_multi_wakeup(slot.multi); });
  curl_multi_add_handle(slot.multi, slot.easy);
  const absl::Cleanup remove = [&slot] { curl_multi_remove_handle(slot.multi, slot.easy); };
  int running = 1;
  while (running > 0) {
    if (options.stop.stop_requested()) return absl::CancelledError("http: the call was stopped");
    CURLMcode code = curl_multi_perform(slot.multi, &running);
    if (code == CURLM_OK && running > 0) {
      code = curl_multi_poll(slot.multi, nullptr, 0, /*timeout_ms=*/1000, nullptr);
    }
    if (code != CURLM_OK) {
      return absl::UnavailableError(absl::StrCat("http: ", curl_multi_strerror(code)));
    }
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(slot.multi, &left);
  if (message == nullptr) return absl::InternalError("http: libcurl lost the transfer");
  const CURLcode result = message->data.result;
  return result == CURLE_OK ? absl::OkStatus() : CallError(result, slot, exchange);
}

absl::StatusOr<HttpResponse> CurlTransport::Call(const HttpRequest& request,
                                                 const HttpCallOptions& options) {
  SYNCENGINE_RETURN_IF_ERROR(CheckRequest(request));
  SYNCENGINE_ASSIGN_OR_RETURN(std::unique_ptr<Slot> slot, TakeSlot());
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");  // Never wait for "100 Continue".
  const absl::Cleanup free_headers = [&headers] { curl_slist_free_all(headers); };
  for (const auto& [name, value] : request.headers) {
    // An empty value needs the semicolon form, or libcurl drops the header.
    headers = curl_slist_append(
        headers,
        (value.empty() ? absl::StrCat(name, ";") : absl::StrCat(name, ": ", value)).c_str());
  }
  Exchange exchange{.response_bytes_max = options.response_bytes_max};
  Prepare(*slot, request, options, headers, exchange);
  const absl::Status performed = Perform(*slot, options, exchange);
  sent_bytes_ += exchange.sent;
  received_bytes_ += exchange.received;
  SYNCENGINE_RETURN_IF_ERROR(performed);
  long status = 0;
  curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
  exchange.response.status = static_cast<int>(status);
  ReturnSlot(std::move(slot));
  return std::move(exchange.response);
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpTransport>> NewCurlTransport(absl::string_view base_url,
                                                                CurlOptions options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) {
    return absl::InternalError(
        absl::StrCat("http: libcurl does not start: ", curl_easy_strerror(initialised)));
  }
  SYNCENGINE_ASSIGN_OR_RETURN(ParsedUrl url, ParseBaseUrl(base_url));
  return std::make_unique<CurlTransport>(std::move(url), std::move(options));
}

}  // namespace syncengine::http
