// A request as the routes see it, and what they answer: plain data, without sockets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"

namespace pgconvoy::web {

struct Request {
  std::string method;  // GET, HEAD, POST
  std::string target;  // as sent: path and query
  std::string host, origin, fetch_site, authorization, content_type, last_event_id;
  bool takes_gzip = false;
  std::string body;
};

// The path in its segments and the query, percent-decoded. Nothing when an escape is broken, or holds a byte 0.
struct Address {
  std::vector<std::string> segments;
  std::map<std::string, std::string> query;  // the last one of a name counts
};
std::optional<Address> parse_address(std::string_view target);

// What goes on after the header: the events of a run after that sequence, for as long as somebody reads.
struct EventStream {
  std::int64_t run = 0, after = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::string_view fixed;  // instead of `body`: bytes of the program itself
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<EventStream> stream;
};

Response json_response(const json& document, int status = 200);
// {"error": {"kind", "message", "remedy"}}; the status goes by the kind.
Response error_response(const Error& error);
Response error_response(int status, const std::string& message, const std::string& remedy = "");

// Those that every answer carries: what a browser may do with it. No script but our own files, no frames, nothing from elsewhere.
const std::vector<std::pair<std::string, std::string>>& security_headers();

// Status line and header lines of an answer with that many bytes; nothing: a stream, whose end is the connection's.
std::string head_of(const Response& response, std::optional<std::size_t> bytes, bool keep_alive);

}  // namespace pgconvoy::web
