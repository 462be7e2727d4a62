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
  return sha256_hex(fmt::format(
      R"({}{}{{"at":{},"attempt":{},"data":{},"epoch":{},"kind":{},"run":{},"sequence":{},"step":{},"target":{}}})",
      previous, '\n', quoted(at), event.attempt, data, event.epoch, quoted(kind), event.run, event.sequence,
      quoted(event.step), event.target));
}

}  // namespace pgconvoy
