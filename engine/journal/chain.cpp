#include "engine/journal/chain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/core/digest.hpp"

namespace pgconvoy {

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char each) { return each >= 0x20 && each < 0x7f && each != '"' && each != '\\'; });
}

// Damaged text may not be UTF-8: it is replaced, which no valid hash was computed over.
static std::string quoted(const std::string& text) {
  if (is_plain(text)) return '"' + text + '"';
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string chain_start(const std::string& token, std::int64_t run, int target) {
  return fmt::format("pgconvoy/{}/r{}/t{}", token, run, target);
}

std::string chain_hash(const std::string& previous, const Event& event, const std::string& kind, const std::string& at,
                       const std::string& data) {
  constexpr std::size_t kNamesAndNumbers = 200;
  std::string text;
  text.reserve(previous.size() + at.size() + data.size() + kind.size() + event.step.size() + kNamesAndNumbers);
  const auto member = [&text](const char* name, const std::string& value) { (text += name) += value; };
  text += previous;
  member("\n{\"at\":", quoted(at));
  member(",\"attempt\":", std::to_string(event.attempt));
  member(",\"data\":", data);
  member(",\"epoch\":", std::to_string(event.epoch));
  member(",\"kind\":", quoted(kind));
  member(",\"run\":", std::to_string(event.run));
  member(",\"sequence\":", std::to_string(event.sequence));
  member(",\"step\":", quoted(event.step));
  member(",\"target\":", std::to_string(event.target));
  return sha256_hex(text += '}');
}

}  // namespace pgconvoy
