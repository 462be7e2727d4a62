// What holds for every program, whatever it is for: describe, refusing what it doesn't know, not hanging.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/platform_doctor.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy::cli {
namespace {

// Programs are asked thousands of times in a night.
constexpr Seconds kSlowDescribe{2};
constexpr Seconds kRefusalLimit{10};

std::string program_of(const ProgramRequest& request) {
  const std::string& path = request.program.command.empty() ? request.subject : request.program.command[0];
  return printable(path.substr(path.rfind('/') + 1));
}

// Runs it with `input` as it stands; false and a finding when it said yes, said "try again", or didn't end.
Task<bool> must_refuse(PlatformProbe& probe, std::string what, ProgramRequest request, std::string input) {
  ProcessSpec spec;
  spec.without = variables_kept_back();
  spec.argv = request.program.command;
  spec.argv.push_back(request.verb);
  spec.input = std::move(input);
  spec.limit = kRefusalLimit;
  auto ran = co_await probe.services.processes.run(std::move(spec));
  if (!ran) {
    probe.bad(what, ran.error().message, "end with an exit code other than 0 and 75 for what can't be understood");
    co_return false;
  }
  if (ran->exit_code == 0 || ran->exit_code == 75) {
    probe.bad(what, fmt::format("exit code {}: {}", ran->exit_code, ran->exit_code == 0 ? "it said that it did it" : "it asked to try again"),
              "end with an exit code other than 0 and 75 for what can't be understood");
    co_return false;
  }
  // Read the way a real call's failure is.
  const Error error = read_failure("it", ran->exit_code, ran->output, last_lines(ran->errors));
  const bool explains = json::parse(ran->output, nullptr, false).is_object() || !last_lines(ran->errors).empty();
  if (explains)
    probe.good(what, "refused");
  else
    probe.warning(what, error.message + ", and doesn't say why", "answer {\"error\": {\"message\": ..., \"kind\": \"usage\"}}");
  co_return true;
}

}  // namespace

Task<bool> test_protocol(PlatformProbe& probe, ProgramRequest request, std::string what_it_is, std::vector<std::string> verbs) {
  const std::string program = what_it_is + " " + program_of(request);
  const auto began = std::chrono::steady_clock::now();
  auto answer = co_await call_program(probe.services.processes, request, probe.log);
  const Seconds took = std::chrono::steady_clock::now() - began;
  if (!probe.passed(program + ": describe", answer)) co_return false;
  auto protocol = answer->number("protocol");
  auto name = answer->text("name");
  auto known = answer->texts("verbs");
  if (!probe.passed(program + ": describe", protocol) || !probe.passed(program + ": describe", name) ||
      !probe.passed(program + ": describe", known))
    co_return false;
  if (*protocol != kPlatformProtocol) {
    probe.bad(program + ": describe", fmt::format("it speaks protocol {}; this pgconvoy speaks {}", *protocol, kPlatformProtocol),
              "use a program and a pgconvoy that belong together");
    co_return false;
  }
  std::vector<std::string> missing;
  for (const std::string& verb : verbs)
    if (std::find(known->begin(), known->end(), verb) == known->end()) missing.push_back(verb);
  const std::string described = fmt::format("{}, protocol {}, in {}", shortened(printable(*name), 60), *protocol, format_duration(took));
  if (!missing.empty())
    probe.bad(program + ": describe", fmt::format("{}; it has no {}", described, fmt::join(missing, ", ")), "");
  else if (took > kSlowDescribe)
    probe.warning(program + ": describe", described, "it is called many times while an application is paused; make it start quickly");
  else
    probe.good(program + ": describe", described);

  ProgramRequest unknown = request;
  unknown.verb = "pgconvoy_no_such_verb";
  const std::string document = request_document(unknown);
  co_await must_refuse(probe, program + ": unknown verb", unknown, document);

  ProgramRequest newer = request;
  newer.verb = verbs.front();
  json future = json::parse(request_document(newer));
  future["protocol"] = 999;
  const std::string future_document = future.dump();
  co_await must_refuse(probe, program + ": newer protocol", newer, future_document);
  const std::string cut = document.substr(0, document.size() / 2), garbage = "\x01\xff not JSON {{{", nothing;
  co_await must_refuse(probe, program + ": half a document", newer, cut);
  co_await must_refuse(probe, program + ": garbage", newer, garbage);
  co_await must_refuse(probe, program + ": nothing on stdin", newer, nothing);
  co_return missing.empty();
}

}  // namespace pgconvoy::cli
