#include "engine/run/target_meter.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgconvoy {
namespace {

constexpr double kAlmost = 0.99;  // nothing but the step's own end says that it is done

double part(std::int64_t of, std::int64_t whole) {
  return whole <= 0 ? 0 : std::clamp(static_cast<double>(of) / static_cast<double>(whole), 0.0, 1.0);
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3) digits.insert(static_cast<std::size_t>(place), ",");
  return digits;
}

}  // namespace

void TargetMeter::begin(std::string step, std::string operation, KnownSizes sizes) {
  const double learnt = dumped_for_byte_;
  *this = TargetMeter();
  step_ = std::move(step);
  operation_ = std::move(operation);
  sizes_ = sizes;
  dumped_for_byte_ = learnt;
}

bool TargetMeter::restores() const { return operation_ == "restore_backup_to_reprovisioned_services"; }

bool TargetMeter::is_looked_at() const { return restores() || operation_ == "analyze_restored_services"; }

// Reading the archive is loading tables; what the database grows by after that are its indexes. Of an index that is being
// built nothing is in the database yet: it counts as one of the usual size, as far as it is built.
double TargetMeter::share_of_restore() const {
  const double whole = static_cast<double>(std::max<std::int64_t>(1, sizes_.table_bytes + sizes_.index_bytes));
  const double tables = static_cast<double>(sizes_.table_bytes) / whole, indexes = static_cast<double>(sizes_.index_bytes) / whole;
  const double built = part(look_.database_bytes - data_bytes_, sizes_.index_bytes);
  const double building = look_.indexes * look_.index_share / std::max(1, sizes_.indexes);
  const double by_steps = tables * read_ + indexes * std::min(1.0, data_bytes_ > 0 ? built + building : 0);
  // With parallel jobs nobody knows what of the archive was read.
  const double by_growth = first_bytes_ < 0 ? 0 : part(look_.database_bytes - first_bytes_, sizes_.table_bytes + sizes_.index_bytes);
  return std::max(by_steps, by_growth);
}

Progress TargetMeter::said(const Progress& progress) {
  if (said_ != progress.text) seen_.clear();
  said_ = progress.text;
  if (restores()) {
    read_ = std::max(read_, part(progress.bytes, progress.total_bytes));
    if (total_ == 0) total_ = sizes_.table_bytes + sizes_.index_bytes;
    if (total_ == 0) total_ = progress.total_bytes;
    return told(share_of_restore());
  }
  if (operation_ == "backup_collected_services" && progress.text == "pg_dump" && sizes_.table_bytes > 0) {
    // The file is compressed, nobody knows how much; more than was thought slows it down, and never stops it.
    if (total_ == 0) total_ = sizes_.table_bytes;
    const double guess = dumped_for_byte_ * static_cast<double>(sizes_.table_bytes), written = static_cast<double>(progress.bytes);
    return told(written <= guess ? 0.9 * written / std::max(1.0, guess) : 1 - 0.1 * guess / written);
  }
  if (progress.total_bytes > 0 && total_ == 0) total_ = progress.total_bytes;
  if (total_ == 0) return progress;
  return told(part(progress.bytes, total_));
}

Progress TargetMeter::seen(const ServerLook& look) {
  look_ = look;
  if (first_bytes_ < 0) first_bytes_ = look.database_bytes;
  seen_.clear();
  const auto say = [this](const std::string& more) { seen_ += (seen_.empty() ? "" : "; ") + more; };
  if (restores()) {
    if (look.indexes == 0 && read_ < 1 && data_bytes_ <= look.database_bytes) data_bytes_ = look.database_bytes;
    if (look.copied_rows > 0) say(grouped(look.copied_rows) + " rows of the table at hand");
    if (look.indexes > 0) say(fmt::format("{}: {}, {:.0f} %", look.indexes == 1 ? "an index" : fmt::format("{} indexes", look.indexes), look.index_phase, 100 * look.index_share));
    return told(share_of_restore());
  }
  if (look.analyze_share >= 0) say(fmt::format("{:.0f} % of the sample of a table", 100 * look.analyze_share));
  return told(share_);
}

Progress TargetMeter::told(double share) {
  share_ = std::max(share_, std::min(share, kAlmost));
  Progress progress;
  progress.bytes = static_cast<std::int64_t>(share_ * static_cast<double>(total_));
  progress.total_bytes = total_;
  progress.text = said_ + (said_.empty() || seen_.empty() ? "" : "; ") + seen_;
  return progress;
}

Progress TargetMeter::done() const { return Progress{total_, total_, said_}; }

void TargetMeter::learn_dump(std::int64_t table_bytes, std::int64_t file_bytes) {
  constexpr std::int64_t kWorthIt = 16 << 20;  // small ones are more catalogue than rows
  if (table_bytes < kWorthIt || file_bytes <= 0) return;
  dumped_for_byte_ = (dumped_for_byte_ + static_cast<double>(file_bytes) / static_cast<double>(table_bytes)) / 2;
}

}  // namespace pgconvoy
