#include "engine/platform/exec_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "engine/core/percent.hpp"
#include "engine/core/printable.hpp"
#include "engine/fleet/ad_hoc.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/platform/database_url.hpp"

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
  spec.without = variables_kept_back();
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
void add_texts(const json& value, std::vector<Secret>& texts) {
  if (value.is_string() && value.get_ref<const std::string&>().size() >= 6) texts.emplace_back(value.get<std::string>());
  if (value.is_structured())
    for (const json& inner : value) add_texts(inner, texts);
}

std::vector<Secret> hidden_from(const ProgramRequest& request) {
  std::vector<Secret> hidden = request.hidden;
  for (const auto& [name, secret] : request.secrets) hidden.push_back(secret);
  return hidden;
}

// The password of a URL, as it is meant and as it is written there.
std::vector<std::string> passwords_in(const std::string& text) {
  std::vector<std::string> found;
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return found;
  if (const auto parsed = parse_database_url("", text)) found.push_back(parsed->password.reveal());
  const auto from = scheme + 3, end = text.find_first_of("@/", from), colon = text.find(':', from);
  if (end != std::string::npos && text[end] == '@' && colon < end) found.push_back(text.substr(colon + 1, end - colon - 1));
  const std::string name = "password=";
  for (std::size_t at = text.find('?'); at != std::string::npos; at = text.find('&', at + 1))
    if (text.compare(at + 1, name.size(), name) == 0) {
      const auto begin = at + 1 + name.size();
      found.push_back(text.substr(begin, text.find('&', begin) - begin));
    }
  return found;
}

std::string as_in_json(const std::string& text, bool ascii_only) {
  const std::string quoted = json(text).dump(-1, ' ', ascii_only, json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// The kind of an error is a word of the protocol.
void hide(json& value, const std::vector<Secret>& traces) {
  if (value.is_string()) value = without_secrets(value.get<std::string>(), traces);
  if (value.is_array())
    for (json& inner : value) hide(inner, traces);
  if (!value.is_object()) return;
  for (auto member = value.begin(); member != value.end(); ++member)
    if (member.key() != "kind") hide(member.value(), traces);
}

// Before anything is cut: half a password would not be found any more. What is no document is repeated nowhere.
std::string masked_document(std::string output, const std::vector<Secret>& traces) {
  if (traces.empty() || output.size() > kLargestAnswer) return output;
  json document = json::parse(output, nullptr, false);
  if (!document.is_object()) return output;
  hide(document, traces);
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
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

const std::vector<std::string>& variables_kept_back() {
  static const std::vector<std::string> names{"PGPASSWORD", kSourcePasswordVariable, kTargetPasswordVariable, kJournalPasswordVariable};
  return names;
}

std::vector<Secret> traces_of(const std::vector<Secret>& secrets) {
  std::vector<std::string> texts, traces;
  for (const Secret& secret : secrets) {
    texts.push_back(secret.reveal());
    for (std::string& password : passwords_in(secret.reveal())) texts.push_back(std::move(password));
  }
  for (const std::string& text : texts)
    for (const std::string& trace : {text, percent_encoded(text), as_in_json(text, false), as_in_json(text, true)})
      if (!trace.empty() && std::find(traces.begin(), traces.end(), trace) == traces.end()) traces.push_back(trace);
  std::stable_sort(traces.begin(), traces.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return std::vector<Secret>(traces.begin(), traces.end());
}

std::string without_secrets(std::string text, const std::vector<Secret>& traces) {
  for (const Secret& trace : traces) {
    const std::string& clear = trace.reveal();
    for (std::size_t at = 0; (at = text.find(clear, at)) != std::string::npos; at += 3) text.replace(at, clear.size(), "***");
  }
  return text;
}

std::string holder_of(const CallIdentity& who) { return fmt::format("{}/t{}/e{}", who.run, who.target, who.epoch); }

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
    if (request.who) spec.holder = holder_of(*request.who);
    auto ran = co_await launcher.run(std::move(spec));
    if (!ran) {
      Error error = std::move(ran).error();
      error.message = whose(request) + ": " + without_secrets(error.message, traces_of(hidden_from(request)));
      if (error.kind == ErrorKind::not_found) error.remedy = "correct `command` in the fleet file, or install the program";
      if (error.kind == ErrorKind::timeout) error.remedy = "see what it waits for, or raise `limit` in the fleet file";
      co_return error;
    }
    std::vector<Secret> hidden = hidden_from(request);
    const bool secret_answer = request.answers_secrets && ran->exit_code == 0;
    if (secret_answer) add_texts(json::parse(ran->output, nullptr, false), hidden);
    const std::vector<Secret> traces = traces_of(hidden);
    const std::string errors = without_secrets(std::move(ran->errors), traces);
    if (!secret_answer) ran->output = masked_document(std::move(ran->output), traces);
    tell(log, request, errors);
    if (ran->exit_code == 0 && !request.answers) co_return ProgramAnswer(whose(request), json::object());
    if (ran->exit_code == 0) co_return read_answer(whose(request), ran->output);
    Error failure = read_failure(whose(request), ran->exit_code, ran->output, last_lines(errors));
    if (ran->exit_code != kTryAgain) co_return failure;
    last = failure.message;
    const Seconds pause = pause_before_try(number);
    if (now() + std::chrono::duration_cast<SteadyTime::duration>(pause) >= until) co_return limit_ran_out(request, last);
    co_await sleep_for(pause);
  }
}

}  // namespace pgconvoy
