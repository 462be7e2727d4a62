#include "cli/shared_part.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/asio/post.hpp>

#include "engine/fleet/duration.hpp"
#include "engine/fleet/nearest.hpp"

namespace pgconvoy::cli {

Result<Seconds> lease_of(const std::string& text) {
  if (text.empty()) return kUsualLease;
  const auto parsed = parse_short_duration(text);
  if (!parsed || parsed->count() < 1)
    return Error(ErrorKind::usage, fmt::format("--lease {} is not a duration of a second or more", in_quotes(text)), "--lease 30s");
  return Seconds(*parsed);
}

void add_lease(CLI::App& command, std::string& text) {
  command.add_option("--lease", text, "How long others wait for a worker that is silent (a shared journal only; default: 30s)")
      ->type_name("DURATION")->group("Run");
}

SharedPart::SharedPart(boost::asio::io_context& loop, SharedJournal& journal, Seconds lease, std::set<std::string> regions,
                       std::function<void()> told)
    : told_(std::make_shared<std::function<void()>>(std::move(told))),
      keeper_(journal.keep_leases(this_worker(), lease,
                                  [&loop, weak = std::weak_ptr(told_)] {
                                    boost::asio::post(loop, [weak] {
                                      if (const auto call = weak.lock()) (*call)();
                                    });
                                  })),
      run_{journal, *keeper_, keeper_->worker(), lease, std::move(regions)} {
  journal.set_patience(lease);
}

SharedPart::~SharedPart() = default;

}  // namespace pgconvoy::cli
