#include "cli/passed_on_progress.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "engine/journal/postgres_address.hpp"

namespace pgconvoy::cli {
namespace {

constexpr auto kWriteEvery = std::chrono::seconds(1), kTellEvery = std::chrono::seconds(2);
constexpr long kLookLasts = 8;  // seconds

std::string beside_journal(const std::string& uri, std::int64_t run, const char* what) {
  if (is_postgres_journal(uri)) return {};
  return fmt::format("{}.r{}.{}", uri.starts_with("sqlite:") ? uri.substr(7) : uri, run, what);
}

}  // namespace

PassedOnProgress::PassedOnProgress(const std::string& journal_uri, std::int64_t run)
    : look_(beside_journal(journal_uri, run, "look")), file_(beside_journal(journal_uri, run, "progress")) {}

PassedOnProgress::~PassedOnProgress() {
  if (!file_.empty()) ::unlink(file_.c_str());
}

bool PassedOnProgress::watches_progress() const {
  struct stat status = {};
  if (look_.empty() || ::stat(look_.c_str(), &status) != 0) return false;
  const std::time_t age = std::time(nullptr) - status.st_mtim.tv_sec;
  return age >= -kLookLasts && age <= kLookLasts;
}

void PassedOnProgress::journaled(const Event& event) {
  // What a step said is over with it.
  if (event.target != 0) latest_.erase(event.target);
}

void PassedOnProgress::progressed(int target, const std::string& step, const Progress& progress) {
  if (file_.empty()) return;
  latest_[target] = {target, step, progress};
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - written_ < kWriteEvery || !watches_progress()) return;
  written_ = now;
  write();
}

void PassedOnProgress::write() {
  json document{{"version", 1}, {"targets", json::array()}};
  for (const auto& [number, each] : latest_)
    document["targets"].push_back({{"target", number}, {"step", each.step}, {"bytes", each.progress.bytes}, {"total_bytes", each.progress.total_bytes}, {"text", each.progress.text}});
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace), unfinished = file_ + ".new";
  const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return;
  const bool whole = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  if (!whole || std::rename(unfinished.c_str(), file_.c_str()) != 0) ::unlink(unfinished.c_str());
}

ProgressLook::ProgressLook(const std::string& journal_uri, std::int64_t run)
    : look_(beside_journal(journal_uri, run, "look")), file_(beside_journal(journal_uri, run, "progress")) {}

ProgressLook::~ProgressLook() {
  if (told_ != SteadyTime{}) ::unlink(look_.c_str());  // who else looks makes it anew
}

std::vector<PassedOn> ProgressLook::look() {
  std::vector<PassedOn> found;
  if (file_.empty()) return found;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (told_ == SteadyTime{} || now - told_ >= kTellEvery) {
    told_ = now;
    const int descriptor = ::open(look_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor >= 0) {
      ::futimens(descriptor, nullptr);
      ::close(descriptor);
    }
  }
  struct stat status = {};
  if (::stat(file_.c_str(), &status) != 0) return found;
  std::string as_it_is = fmt::format("{}/{}.{}", status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  if (as_it_is == seen_) return found;
  seen_ = std::move(as_it_is);
  std::ostringstream text;
  text << std::ifstream(file_).rdbuf();
  const json document = json::parse(text.str(), nullptr, false);
  if (!document.is_object()) return found;
  try {
    for (const json& each : document.value("targets", json::array()))
      found.push_back({each.value("target", 0), each.value("step", ""), {each.value("bytes", std::int64_t{0}), each.value("total_bytes", std::int64_t{0}), each.value("text", "")}});
  } catch (const json::exception&) {
    found.clear();  // somebody else's file
  }
  return found;
}

}  // namespace pgconvoy::cli
