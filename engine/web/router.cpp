#include "engine/web/router.hpp"

#include <fmt/format.h>

#include <charconv>

namespace pgconvoy::web {
namespace {

bool is_capture(const std::string& part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i)
    if (is_capture(pattern[i]) ? segments[i].empty() : pattern[i] != segments[i]) return false;
  return true;
}

}  // namespace

Result<std::int64_t> Call::number(const std::string& name, std::int64_t otherwise, std::int64_t most) const {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  const std::string& text = found->second;
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < 0 || value > most)
    return Error(ErrorKind::usage, fmt::format("{} must be a whole number from 0 to {}", name, most));
  return value;
}

void Router::add(Route route) {
  auto address = parse_address(route.pattern);
  patterns_.push_back(address ? std::move(address->segments) : std::vector<std::string>());
  routes_.push_back(std::move(route));
}

Router::Match Router::match(Request request, const Address& address) const {
  Match match;
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!fits(patterns_[i], address.segments)) continue;
    if (routes_[i].method != method) {
      match.other_method = true;
      continue;
    }
    match.route = &routes_[i];
    for (std::size_t part = 0; part < patterns_[i].size(); ++part) {
      const std::string& name = patterns_[i][part];
      if (is_capture(name)) match.call.path[name.substr(1, name.size() - 2)] = address.segments[part];
    }
    break;
  }
  match.call.query = address.query;
  match.call.request = std::move(request);
  return match;
}

}  // namespace pgconvoy::web
