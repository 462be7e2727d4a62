#include "engine/web/message.hpp"

#include <fmt/format.h>

namespace pgconvoy::web {
namespace {

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text, bool plus_is_blank) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hexadecimal(text[i + 1]), low = hexadecimal(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    result += c;
  }
  return result;
}

const char* reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return status < 400 ? "OK" : "Error";
  }
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage: return 400;
    case ErrorKind::not_found: return 404;
    case ErrorKind::refused:
    case ErrorKind::conflict: return 409;
    case ErrorKind::unreachable:
    case ErrorKind::timeout: return 503;
    default: return 500;
  }
}

}  // namespace

std::optional<Address> parse_address(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  target = target.substr(0, target.find('#'));
  const auto mark = target.find('?');
  std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  Address address;
  while (!path.empty()) {
    const auto slash = path.find('/');
    auto segment = decoded(path.substr(0, slash), false);
    if (!segment) return std::nullopt;
    address.segments.push_back(*std::move(segment));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals), true);
    auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    address.query[*name] = *std::move(value);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return address;
}

Response json_response(const json& document, int status) {
  Response response;
  response.status = status;
  response.body = document.dump(-1, ' ', false, json::error_handler_t::replace);
  return response;
}

Response error_response(const Error& error) {
  return json_response({{"version", 1},
                        {"kind", "error"},
                        {"error", {{"kind", to_string(error.kind)}, {"message", error.message}, {"remedy", error.remedy}}}},
                       status_of(error.kind));
}

Response error_response(int status, const std::string& message, const std::string& remedy) {
  const char* kind = status == 404 ? "not_found" : status >= 500 ? "internal" : status == 401 || status == 403 || status == 421 ? "refused" : "usage";
  return json_response({{"version", 1}, {"kind", "error"}, {"error", {{"kind", kind}, {"message", message}, {"remedy", remedy}}}}, status);
}

const std::vector<std::pair<std::string, std::string>>& security_headers() {
  static const std::vector<std::pair<std::string, std::string>> headers{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
  };
  return headers;
}

std::string head_of(const Response& response, std::optional<std::size_t> bytes, bool keep_alive) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  head += fmt::format("Content-Type: {}\r\n", response.content_type);
  if (bytes) head += fmt::format("Content-Length: {}\r\n", *bytes);
  bool cached = false;
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", name, value);
    cached = cached || name == "Cache-Control";
  }
  if (!cached) head += "Cache-Control: no-store\r\n";
  for (const auto& [name, value] : security_headers()) head += fmt::format("{}: {}\r\n", name, value);
  head += keep_alive && bytes ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return head;
}

}  // namespace pgconvoy::web
