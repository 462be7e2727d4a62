#include "engine/clients/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "engine/core/printable.hpp"

namespace pgconvoy::clients {
namespace {

// Beyond this the sender waits until what is there was taken.
constexpr std::size_t kMostWaiting = 512 * 1024;
constexpr std::size_t kMostHeaderBytes = 64 * 1024;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text;
}

class CurlTransfer final : public HttpResponse {
 public:
  explicit CurlTransfer(const HttpRequest& request) : easy_(curl_easy_init()), multi_(curl_multi_init()), host_(host_in_url(request.url)) {
    const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
    for (const auto& header : request.headers) headers_sent_ = curl_slist_append(headers_sent_, header.c_str());
    const bool tls = request.url.starts_with("https://");
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, headers_sent_);
    set(CURLOPT_USERAGENT, "pgconvoy/" PGCONVOY_VERSION);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, tls ? "https" : "http,https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CONNECTTIMEOUT, 15L);
    set(CURLOPT_LOW_SPEED_LIMIT, 500L);
    set(CURLOPT_LOW_SPEED_TIME, 60L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_BUFFERSIZE, 128L * 1024);
    set(CURLOPT_ERRORBUFFER, problem_);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    if (!request.ca_file.empty()) set(CURLOPT_CAINFO, request.ca_file.c_str());
    if (!request.bearer.empty()) {
      set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
      set(CURLOPT_XOAUTH2_BEARER, request.bearer.reveal().c_str());
    } else if (!request.user.empty()) {
      set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
      set(CURLOPT_USERNAME, request.user.c_str());
      set(CURLOPT_PASSWORD, request.password.reveal().c_str());
    }
    set(CURLOPT_WRITEFUNCTION, &CurlTransfer::take_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &CurlTransfer::take_header);
    set(CURLOPT_HEADERDATA, this);
    curl_multi_add_handle(multi_, easy_);
  }
  ~CurlTransfer() override {
    curl_multi_remove_handle(multi_, easy_);
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_sent_);
  }
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  Result<void> begin() { return pump(); }

  Result<std::string_view> next() override {
    if (waiting_.empty()) TRY_VOID(pump());
    given_.clear();
    std::swap(given_, waiting_);
    if (std::exchange(paused_, false)) curl_easy_pause(easy_, CURLPAUSE_CONT);
    return std::string_view(given_);
  }
  int status() const override {
    long code = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
    return static_cast<int>(code);
  }
  std::vector<std::string> headers(const std::string& name) const override {
    std::vector<std::string> values;
    const std::string wanted = lower_case(name) + ":";
    for (const auto& line : headers_)
      if (lower_case(line.substr(0, wanted.size())) == wanted) values.push_back(printable(line.substr(wanted.size())));
    return values;
  }

 private:
  // Until there is something of the body, or all is over.
  Result<void> pump() {
    while (waiting_.empty() && !done_) {
      int running = 0;
      if (curl_multi_perform(multi_, &running) != CURLM_OK) return Error(ErrorKind::internal, "libcurl can't go on");
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        done_ = true;
        if (message->data.result != CURLE_OK) return failure(message->data.result);
      }
      if (waiting_.empty() && !done_) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
    return {};
  }

  Error failure(CURLcode code) const {
    Error error(code == CURLE_OPERATION_TIMEDOUT ? ErrorKind::timeout : ErrorKind::unreachable,
                fmt::format("{}: {}", host_, printable(problem_[0] != '\0' ? problem_ : curl_easy_strerror(code))));
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
      error.remedy = "--ca-file FILE names the certificate that it is signed by";
    error.retryable = code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE ||
                      code == CURLE_GOT_NOTHING || code == CURLE_OPERATION_TIMEDOUT;
    return error;
  }

  static std::size_t take_body(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    if (transfer.waiting_.size() >= kMostWaiting) {
      transfer.paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    transfer.waiting_.append(data, size);
    return size;
  }
  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<CurlTransfer*>(self);
    const std::string_view line(data, size);
    // After a redirect the next answer's begin.
    if (line.starts_with("HTTP/")) {
      transfer.headers_.clear();
      transfer.header_bytes_ = 0;
    }
    if ((transfer.header_bytes_ += size) > kMostHeaderBytes) return 0;
    transfer.headers_.emplace_back(line);
    return size;
  }

  CURL* easy_;
  CURLM* multi_;
  curl_slist* headers_sent_ = nullptr;
  std::string host_;
  std::vector<std::string> headers_;
  std::size_t header_bytes_ = 0;
  std::string waiting_, given_;
  bool paused_ = false, done_ = false;
  char problem_[CURL_ERROR_SIZE] = {};
};

}  // namespace

Result<std::unique_ptr<HttpResponse>> http_get(const HttpRequest& request) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto transfer = std::make_unique<CurlTransfer>(request);
  TRY_VOID(transfer->begin());
  return std::unique_ptr<HttpResponse>(std::move(transfer));
}

std::string url_encoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string host_in_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  std::string authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

}  // namespace pgconvoy::clients
