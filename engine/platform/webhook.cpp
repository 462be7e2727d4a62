#include "engine/platform/webhook.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace pgconvoy {
namespace {

std::size_t take_no_answer(char*, std::size_t, std::size_t size, void*) { return size; }

}  // namespace

Result<void> post_webhook(const Secret& address, const std::string& body, Seconds limit, const std::string& who) {
  if (!address.reveal().starts_with("https://") && !address.reveal().starts_with("http://"))
    return Error(ErrorKind::usage, who + ": its address doesn't begin with https:// or http://");
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), curl_easy_cleanup);
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy.get(), option, value); };
  const long milliseconds = std::max(1L, static_cast<long>(limit.count() * 1000));
  set(CURLOPT_URL, address.reveal().c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_USERAGENT, "pgconvoy/" PGCONVOY_VERSION);
  set(CURLOPT_POSTFIELDS, body.c_str());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_TIMEOUT_MS, milliseconds);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_WRITEFUNCTION, &take_no_answer);
  // libcurl's own text may name the host, its error buffer even the path: only what the code stands for is said.
  const CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_OPERATION_TIMEDOUT)
    return Error(ErrorKind::timeout, fmt::format("{}: no answer within {}", who, format_duration(limit)));
  if (code != CURLE_OK) return Error(ErrorKind::unreachable, fmt::format("{}: {}", who, curl_easy_strerror(code)));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return Error(ErrorKind::refused, fmt::format("{}: it answered with status {}", who, status));
  return {};
}

}  // namespace pgconvoy
