#include "engine/platform/exec_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "engine/core/printable.hpp"

namespace pgconvoy {
namespace {

constexpr int kTryAgain = 75;  // EX_TEMPFAIL of sysexits.h
constexpr Seconds kFirstPause{0.1}, kLongestPause{5};
constexpr const char* kSecretsVariable = "PGCONVOY_SECRETS_FD";

std::string whose(const ProgramRequest& request) {
  std::string name = request.program.command.empty() ? "its program" : request.program.command[0];
  if (const auto slash = name.rfind('/'); slash != std::string::npos && slash + 1 < name.size()) name.erase(0, slash + 1);
  return fmt::format("{}: {} {}", request.subject, printable(name), request.verb);
}

// 100 ms, doubled each time up to 5 s, by a random half to whole: many targets don't come back all at once.
Seconds pause_before_try(int number) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const Seconds whole = std::min(kLongestPause, kFirstPause * (1 << std::min(number - 1, 10)));
  return whole * std::uniform_real_distribution<double>(0.5, 1.0)(random);
}

ProcessSpec process_of(const ProgramRequest& request, Seconds left) {
  ProcessSpec spec;
  spec.argv = request.program.command;
  spec.argv.push_back(request.verb);
  spec.input = request_document(request);
  spec.limit = left;
  spec.keep_output = kLargestAnswer + 1;
  if (request.secrets.empty()) return spec;
  json secrets = json::object();
  for (const auto& [name, secret] : request.secrets) secrets[name] = secret.reveal();
  spec.secrets[kSecretsVariable] = Secret(secrets.dump());
  return spec;
}

void tell(const ProgramLog& log, const ProgramRequest& request, const std::string& errors) {
  if (!log) return;
  constexpr std::size_t kMostLines = 50, kLongestLine = 500;
  std::size_t lines = 0;
  for (std::size_t from = 0; from < errors.size();) {
    const std::size_t to = std::min(errors.find('\n', from), errors.size());
    const std::string line = shortened(printable(std::string_view(errors).substr(from, to - from)), kLongestLine);
    from = to + 1;
    if (line.empty()) continue;
    if (++lines > kMostLines) return log(whose(request), "(more lines were left out)");
    log(whose(request), line);
  }
}

// Every text of an answer: a program may log what it answers.
void add_texts(const json& value, std::map<std::string, Secret>& texts) {
  if (value.is_string() && value.get_ref<const std::string&>().size() >= 6)
    texts.emplace(std::to_string(texts.size()), Secret(value.get<std::string>()));
  if (value.is_structured())
    for (const json& inner : value) add_texts(inner, texts);
}

Error limit_ran_out(const ProgramRequest& request, const std::string& last) {
  Error error(ErrorKind::timeout,
              fmt::format("{} asked to try again until its limit of {} was over{}", whose(request),
                          format_duration(request.program.limit), last.empty() ? "" : ": " + last));
  error.remedy = "see what the program waits for, or raise `limit` in the fleet file";
  error.retryable = true;
  return error;
}

}  // namespace

std::string without_secrets(std::string text, const std::map<std::string, Secret>& secrets) {
  for (const auto& [name, secret] : secrets) {
    const std::string& clear = secret.reveal();
    if (clear.empty()) continue;
    for (std::size_t at = 0; (at = text.find(clear, at)) != std::string::npos; at += 3) text.replace(at, clear.size(), "***");
  }
  return text;
}

std::string request_document(const ProgramRequest& request) {
  json document = request.document;
  document["protocol"] = kPlatformProtocol;
  document["verb"] = request.verb;
  document["options"] = request.program.options;
  document["call"] = nullptr;
  if (request.who)
    document["call"] = {{"run", request.who->run},
                        {"target", request.who->target},
                        {"step", request.who->step},
                        {"epoch", request.who->epoch},
                        {"key", fmt::format("{}/{}/{}", request.who->run, request.who->target, request.who->step)}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Task<Result<ProgramAnswer>> call_program(ProcessLauncher& launcher, ProgramRequest request, ProgramLog log) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const SteadyTime until = now() + std::chrono::duration_cast<SteadyTime::duration>(request.program.limit);
  std::string last;
  for (int number = 1;; ++number) {
    const Seconds left = until - now();
    if (number > 1 && left <= Seconds(0)) co_return limit_ran_out(request, last);
    ProcessSpec spec = process_of(request, left);
    auto ran = co_await launcher.run(std::move(spec));
    if (!ran) {
      Error error = std::move(ran).error();
      error.message = whose(request) + ": " + without_secrets(error.message, request.secrets);
      if (error.kind == ErrorKind::not_found) error.remedy = "correct `command` in the fleet file, or install the program";
      if (error.kind == ErrorKind::timeout) error.remedy = "see what it waits for, or raise `limit` in the fleet file";
      co_return error;
    }
    std::map<std::string, Secret> hidden = request.secrets;
    if (request.answers_secrets) add_texts(json::parse(ran->output, nullptr, false), hidden);
    const std::string errors = without_secrets(std::move(ran->errors), hidden);
    tell(log, request, errors);
    if (ran->exit_code == 0 && !request.answers) co_return ProgramAnswer(whose(request), json::object());
    if (ran->exit_code == 0) co_return read_answer(whose(request), ran->output);
    Error failure = read_failure(whose(request), ran->exit_code, ran->output, last_lines(errors));
    failure.message = without_secrets(std::move(failure.message), request.secrets);
    failure.remedy = without_secrets(std::move(failure.remedy), request.secrets);
    if (ran->exit_code != kTryAgain) co_return failure;
    last = failure.message;
    const Seconds pause = pause_before_try(number);
    if (now() + std::chrono::duration_cast<SteadyTime::duration>(pause) >= until) co_return limit_ran_out(request, last);
    co_await sleep_for(pause);
  }
}

}  // namespace pgconvoy
