#include "engine/fleet/prices.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>

#include "engine/fleet/fields.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/utf8.hpp"
#include "engine/fleet/yaml_tree.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kDefault = "default";
constexpr std::uintmax_t kLargestBook = 16u << 20;

LoadedPrices no_book(std::string message) {
  LoadedPrices loaded;
  loaded.problems.push_back({0, 0, std::move(message)});
  return loaded;
}

std::optional<double> amount_of(const YamlNode& node) {
  double number = 0;
  if (node.kind != YamlNode::Kind::scalar || node.quoted || node.text.empty()) return std::nullopt;
  const char* end = node.text.data() + node.text.size();
  const auto [stop, failure] = std::from_chars(node.text.data(), end, number);
  if (failure != std::errc{} || stop != end || !std::isfinite(number) || number < 0) return std::nullopt;
  return number;
}

std::optional<double> read_amount(const Fields& fields, std::string_view key) {
  const YamlNode* node = fields.find(key, Need::optional);
  if (node == nullptr) return std::nullopt;
  const auto amount = amount_of(*node);
  if (!amount) fields.problem(key, fmt::format("{} must be a number from 0 on, such as 0.35", key));
  return amount;
}

RegionPrices read_region_prices(const Entry& entry, Problems& problems) {
  const Fields fields(*entry.place, *entry.value, fmt::format("region {}", in_quotes(entry.key)),
                      {"instance_hour", "storage_gb_month", "backup_gb_month", "transfer_gb", "engineer_hour"}, problems);
  RegionPrices prices;
  prices.instance_hour = read_amount(fields, "instance_hour");
  prices.storage_gb_month = read_amount(fields, "storage_gb_month");
  prices.backup_gb_month = read_amount(fields, "backup_gb_month");
  prices.transfer_gb = read_amount(fields, "transfer_gb");
  prices.engineer_hour = read_amount(fields, "engineer_hour");
  return prices;
}

void read_book(const YamlNode& root, PriceBook& book, Problems& problems) {
  if (root.kind != YamlNode::Kind::map) {
    problems.add(root, fmt::format("a price book is a mapping that begins with `pgconvoy_prices: 1`, not {}", describe(root.kind)));
    return;
  }
  const Fields top(root, root, "prices", {"pgconvoy_prices", "currency", "engineers", "regions", "downtime_minute"}, problems);
  const YamlNode* version = top.find("pgconvoy_prices", Need::required);
  if (version != nullptr && (version->quoted || version->text != "1"))
    problems.add(*version, "pgconvoy_prices must be 1, the number of the file's format");
  book.currency = top.text("currency", Need::required);
  if (const auto engineers = read_amount(top, "engineers")) book.engineers = *engineers;
  for (const Entry& entry : top.entries("regions", Need::optional)) book.regions[entry.key] = read_region_prices(entry, problems);
  for (const Entry& entry : top.entries("downtime_minute", Need::optional)) {
    const auto amount = amount_of(*entry.value);
    if (amount)
      book.downtime_minute[entry.key] = *amount;
    else
      problems.add(*entry.value, fmt::format("prices: downtime_minute of {} must be a number from 0 on, such as 2.50", in_quotes(entry.key)));
  }
}

}  // namespace

RegionPrices PriceBook::of_region(const std::string& region) const {
  const auto own = regions.find(region), usual = regions.find(kDefault);
  RegionPrices prices = own == regions.end() ? RegionPrices{} : own->second;
  if (usual == regions.end()) return prices;
  const auto fill = [](std::optional<double>& price, const std::optional<double>& otherwise) {
    if (!price) price = otherwise;
  };
  fill(prices.instance_hour, usual->second.instance_hour);
  fill(prices.storage_gb_month, usual->second.storage_gb_month);
  fill(prices.backup_gb_month, usual->second.backup_gb_month);
  fill(prices.transfer_gb, usual->second.transfer_gb);
  fill(prices.engineer_hour, usual->second.engineer_hour);
  return prices;
}

std::optional<double> PriceBook::downtime_of(const std::string& plan) const {
  for (const std::string& name : {plan, std::string(kDefault)})
    if (const auto found = downtime_minute.find(name); found != downtime_minute.end()) return found->second;
  return std::nullopt;
}

LoadedPrices parse_prices(const std::string& yaml) {
  LoadedPrices loaded;
  YamlTree tree = parse_yaml(yaml);
  if (tree.root == nullptr && tree.problems.empty()) return no_book("the file is empty; a price book begins with `pgconvoy_prices: 1`");
  if (tree.root == nullptr) {
    loaded.problems = std::move(tree.problems);
  } else {
    Problems problems;
    read_book(*tree.root, loaded.book, problems);
    loaded.problems = problems.sorted();
  }
  columns_in_characters(without_byte_order_mark(yaml), loaded.problems);
  return loaded;
}

LoadedPrices load_prices(const std::filesystem::path& file) {
  std::error_code failure;
  if (std::filesystem::is_directory(file, failure)) return no_book("is a directory, not a price book");
  const std::uintmax_t size = std::filesystem::file_size(file, failure);
  if (!failure && size > kLargestBook) return no_book("is larger than 16 MiB, which no price book is");
  std::ifstream in(file, std::ios::binary);
  if (!in) return no_book("cannot be opened");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return no_book("cannot be read");
  return parse_prices(text);
}

}  // namespace pgconvoy
