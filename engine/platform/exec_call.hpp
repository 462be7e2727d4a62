// One call of a site's program, as docs/platform.md specifies it: started with a verb, one JSON document on stdin, one
// on stdout, logs on stderr, exit code 75 for "try again".
//
// Secrets that we hand over go through a file descriptor, those that the program answers stay in the answer: neither
// stands in an argument, in a log or in an error, whatever the program prints.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/json.hpp"
#include "engine/core/process.hpp"
#include "engine/core/secret.hpp"
#include "engine/core/task.hpp"
#include "engine/fleet/fleet.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

constexpr int kPlatformProtocol = 1;
constexpr std::size_t kLargestAnswer = 1 << 20;  // bytes

struct ProgramRequest {
  PlatformProgram program;
  std::string subject;               // "environment shop-live": whom errors are about
  std::string verb;
  std::optional<CallIdentity> who;   // none: read-only
  json document = json::object();    // what the verb is about; protocol, verb, call and options are added
  std::map<std::string, Secret> secrets;
  std::vector<Secret> hidden;        // not handed over, and kept out of what it logs and says all the same
  bool answers = true;               // false: what it prints is not looked at
  bool answers_secrets = false;      // the texts of its answer are kept out of what it logs
};

// Told what a program wrote to stderr: the subject, and one line without secrets and control characters.
using ProgramLog = std::function<void(const std::string& subject, const std::string& line)>;

// The document a program answered with. Every getter checks the type; errors (kind process) name the member, never a
// value. The document itself may hold secrets.
class ProgramAnswer {
 public:
  ProgramAnswer(std::string whose, json document) : whose_(std::move(whose)), document_(std::move(document)) {}

  Result<bool> truth(const std::string& name) const;
  Result<std::int64_t> number(const std::string& name) const;
  Result<std::string> text(const std::string& name) const;
  Result<std::vector<std::string>> texts(const std::string& name) const;
  Result<std::map<std::string, Secret>> secrets(const std::string& name) const;  // an object of texts
  std::string text_or(const std::string& name, const std::string& otherwise) const;
  bool has(const std::string& name) const { return document_.contains(name); }
  // A member that is an object, as it stands.
  Result<json> document(const std::string& name) const;
  // A member that is an object, with the same checks.
  Result<ProgramAnswer> object(const std::string& name) const;
  // It breaks the protocol: "environment shop-live: platform read_binding answered <what>".
  Error wrong(const std::string& what) const;

 private:
  std::string whose_;
  json document_;
};

// One call and, while it exits with 75, further ones after a jittered pause, together at most program.limit.
// Errors: what the program says in its error document (its kind, or process); not_found when there is no program;
// timeout (retryable when the program had only said "try again"; outcome_unknown otherwise); process for an answer that
// is none. Repeatable: the protocol demands it of every verb.
Task<Result<ProgramAnswer>> call_program(ProcessLauncher& launcher, ProgramRequest request, ProgramLog log);

// For whom a program that changes something works, as ProcessLauncher::end_for() takes it: "k3x9aq-r7/t42/e3".
std::string holder_of(const CallIdentity& who);

// The document on stdin.
std::string request_document(const ProgramRequest& request);

// What a program printed when it exited with 0, as an answer. `whose` stands in front of errors. Pure.
Result<ProgramAnswer> read_answer(const std::string& whose, const std::string& output);

// What a program says about its failure: from the error document, or from its exit code and `log_lines`. Pure.
Error read_failure(const std::string& whose, int exit_code, const std::string& output, const std::string& log_lines);

// What a program may print of these: each as it stands, percent-encoded and escaped as in JSON, and likewise the password
// in it when it is a URL. The longest come first. Pure.
std::vector<Secret> traces_of(const std::vector<Secret>& secrets);

// Text without any of the traces, which are in the order of traces_of(). Pure.
std::string without_secrets(std::string text, const std::vector<Secret>& traces);

// Variables of ours that hold administrators' passwords: programs of the site don't inherit them.
const std::vector<std::string>& variables_kept_back();

}  // namespace pgconvoy
