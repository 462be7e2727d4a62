#include "cli/run_loop.hpp"

#include <fmt/format.h>

#include "cli/exit_code.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::cli {
namespace {

class PlainLines final : public RunListener {
 public:
  void journaled(const Event& event) override {
    std::string data = event.data.dump(-1, ' ', false, json::error_handler_t::replace);
    write_out(fmt::format("{} t{} {} {} {}\n", format_utc(event.at), event.target, to_string(event.kind), event.step,
                          shortened(printable(data), 300)));
  }
  void progressed(int, const std::string&, const Progress&) override {}
};

}  // namespace

int run_to_end(Application& application, const GlobalOptions& globals, Journal& journal, Plan plan, RunRequest request) {
  if (auto locked = journal.lock_run(request.run); !locked) return fail(globals.output, locked.error());
  PlainLines lines;
  Runner runner(application.services(), journal, application.operations(), application.conditions(), {&lines});
  auto state = application.wait(runner.run(std::move(plan), request));
  if (!state) return fail(globals.output, state.error());
  switch (*state) {
    case RunState::succeeded:
      return kSuccess;
    case RunState::halted:
      return kHalted;
    default:
      return kSomeFailed;
  }
}

}  // namespace pgconvoy::cli
