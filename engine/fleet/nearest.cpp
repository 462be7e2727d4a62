#include "engine/fleet/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace pgconvoy {
namespace {

// Optimal string alignment distance, given up (limit + 1) as soon as a whole row is above the limit.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view wanted, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kLongest = 200;
  if (wanted.size() > kLongest) return "";
  std::string_view best;
  std::size_t best_distance = kLongest;
  for (const std::string_view candidate : candidates) {
    const std::size_t limit = std::min((candidate.size() + 2) / 3, best_distance - 1);
    const std::size_t gap = std::max(candidate.size(), wanted.size()) - std::min(candidate.size(), wanted.size());
    if (gap > limit || candidate.size() > kLongest) continue;
    const std::size_t found = distance(wanted, candidate, limit);
    if (found > limit) continue;
    best = candidate;
    best_distance = found;
    if (found == 0) break;
  }
  return std::string(best);
}

std::string did_you_mean(std::string_view wanted, const std::vector<std::string_view>& candidates) {
  const std::string found = nearest(wanted, candidates);
  return found.empty() ? "" : fmt::format(" (did you mean {}?)", in_quotes(found));
}

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  std::size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80 && ++characters > 60) {
      result += "...";
      break;
    }
    if (byte < 0x20 || byte == 0x7F)
      result += fmt::format("\\x{:02x}", byte);
    else
      result += c;
  }
  return result + "\"";
}

}  // namespace pgconvoy
