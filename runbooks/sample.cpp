#include "runbooks/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <random>
#include <tuple>

namespace pgconvoy {
namespace {

std::size_t wanted_of(const SampleOrder& order, std::size_t all) {
  const double many = order.share > 0 ? std::ceil(order.share * static_cast<double>(all) - 1e-9) : static_cast<double>(order.count);
  return std::min(all, static_cast<std::size_t>(std::max(1.0, many)));
}

// Shares of `wanted` in proportion, rounded up where the rest is largest; none is left without.
std::map<std::string, std::size_t> shares(const std::map<std::string, std::vector<std::size_t>>& regions, std::size_t wanted, std::size_t all) {
  std::map<std::string, std::size_t> given;
  std::vector<std::pair<double, std::string>> rests;
  std::size_t sum = 0;
  for (const auto& [region, members] : regions) {
    const double exact = static_cast<double>(wanted) * static_cast<double>(members.size()) / static_cast<double>(all);
    const auto whole = std::max<std::size_t>(1, static_cast<std::size_t>(exact));
    given[region] = whole;
    sum += whole;
    rests.emplace_back(static_cast<double>(whole) - exact, region);  // what lacks most comes first
  }
  std::sort(rests.begin(), rests.end());
  for (const auto& [rest, region] : rests)
    if (sum < wanted && given[region] < regions.at(region).size()) {
      ++given[region];
      ++sum;
    }
  return given;
}

}  // namespace

Result<SampleOrder> parse_sample(const std::string& text) {
  SampleOrder order;
  const bool percent = text.ends_with('%');
  const char* end = text.data() + text.size() - (percent ? 1 : 0);
  if (percent) {
    double value = 0;
    const auto [stop, problem] = std::from_chars(text.data(), end, value);
    if (problem == std::errc() && stop == end && value > 0 && value <= 100) order.share = value / 100;
  } else {
    const auto [stop, problem] = std::from_chars(text.data(), end, order.count);
    if (problem != std::errc() || stop != end || order.count < 0) order.count = 0;
  }
  if (order.share > 0 || order.count > 0) return order;
  return Error(ErrorKind::usage, fmt::format("\"{}\" is no sample: a number of targets from 1 on, or a share up to 100%", text), "--sample 5%, or --sample 20");
}

std::string to_words(const SampleOrder& order) {
  if (order.share > 0) return fmt::format("{:g} %", order.share * 100);
  return fmt::format("{} target{}", order.count, order.count == 1 ? "" : "s");
}

std::vector<std::size_t> choose_sample(const std::vector<Sampled>& all, const SampleOrder& order, std::uint64_t seed) {
  std::vector<std::size_t> chosen;
  if (all.empty()) return chosen;
  std::map<std::string, std::vector<std::size_t>> regions;
  for (std::size_t i = 0; i < all.size(); ++i) regions[all[i].region].push_back(i);
  std::mt19937_64 random(seed);  // its numbers are the same everywhere
  for (const auto& [region, many] : shares(regions, wanted_of(order, all.size()), all.size())) {
    std::vector<std::size_t>& members = regions.at(region);
    std::sort(members.begin(), members.end(), [&](std::size_t left, std::size_t right) {
      return std::tie(all[left].bytes, all[left].id) < std::tie(all[right].bytes, all[right].id);
    });
    for (std::size_t piece = 0; piece < many; ++piece) {
      const std::size_t first = members.size() * piece / many, last = members.size() * (piece + 1) / many;
      chosen.push_back(members[first + random() % (last - first)]);
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace pgconvoy
