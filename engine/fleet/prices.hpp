// The price book: what a site pays for servers, storage and people, and what a minute of downtime is worth. YAML, read as strictly
// as the fleet file; docs/forecast.md describes it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/fleet/file.hpp"

namespace pgconvoy {

// In the book's currency. What isn't given is not known, which is not the same as free.
struct RegionPrices {
  std::optional<double> instance_hour;     // one database server
  std::optional<double> storage_gb_month;  // of a server; a GB is 10^9 bytes, a month 30 days
  std::optional<double> backup_gb_month;
  std::optional<double> transfer_gb;       // between servers and pgconvoy
  std::optional<double> engineer_hour;
  bool operator==(const RegionPrices&) const = default;
};

struct PriceBook {
  std::string currency;                            // "EUR"
  double engineers = 1;                            // who attend to a run, on average
  std::map<std::string, RegionPrices> regions;     // "default" stands for those that aren't named, and for what they leave out
  std::map<std::string, double> downtime_minute;   // by the environment's label `plan`; "default" for others

  // With "default" put in.
  RegionPrices of_region(const std::string& region) const;
  std::optional<double> downtime_of(const std::string& plan) const;
};

struct LoadedPrices {
  PriceBook book;
  std::vector<FileProblem> problems;  // all of them at once; empty means the book is good
};

// Unknown keys, duplicates, values that aren't numbers and those below 0 are problems with line and column. Never throws.
LoadedPrices load_prices(const std::filesystem::path& file);
LoadedPrices parse_prices(const std::string& yaml);

}  // namespace pgconvoy
