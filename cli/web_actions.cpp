#include "cli/web_actions.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/core/printable.hpp"
#include "engine/plan/run_settings.hpp"

extern char** environ;

namespace pgconvoy::cli {
namespace {

constexpr Seconds kUntilItGoesOn{3};   // a command that hasn't ended by then carries the run out
constexpr Seconds kMost{30};           // of a command that only journals a word
constexpr std::size_t kMostSaid = 64 * 1024;

struct Spawned {
  pid_t pid = 0;
  int out = -1, error = -1;  // files in memory
};

std::string text_in(int file) {
  std::string text(kMostSaid, '\0');
  const ssize_t got = pread(file, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

// In a session of its own: what ends this process (Ctrl-C, a closed terminal) doesn't end a run that goes on.
Result<Spawned> spawn_apart(const std::string& program, const std::vector<std::string>& words) {
  Spawned spawned;
  spawned.out = memfd_create("pgconvoy-out", MFD_CLOEXEC);
  spawned.error = memfd_create("pgconvoy-error", MFD_CLOEXEC);
  std::vector<char*> argv{const_cast<char*>("pgconvoy")};
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, spawned.out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, spawned.error, STDERR_FILENO);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int failed = spawned.out < 0 || spawned.error < 0 ? errno : posix_spawn(&spawned.pid, program.c_str(), &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed == 0) return spawned;
  for (const int file : {spawned.out, spawned.error})
    if (file >= 0) close(file);
  return Error(ErrorKind::process, fmt::format("the command could not be started: {}", std::strerror(failed)));
}

// "pgconvoy: r7 is halted already\n  pgconvoy resume r7": the first line is the message, the rest what to type.
// What the asker has written was looked at (words_for): what the command says no to is the state that things are in.
Error error_in(const std::string& said, int code) {
  std::string text = said;
  if (text.starts_with("pgconvoy: ")) text.erase(0, 10);
  const auto line = text.find('\n');
  const std::string message = printable(text.substr(0, line));
  return Error(ErrorKind::refused, message.empty() ? fmt::format("the command ended with exit code {}", code) : message,
               line == std::string::npos ? "" : printable(text.substr(line)));
}

}  // namespace

Result<std::vector<std::string>> words_for(const web::Wish& wish, const std::string& journal_uri) {
  std::vector<std::string> words{wish.action, "--journal=" + journal_uri, "--output=json"};
  const bool takes_reason = wish.action != "resume";
  const std::string reason = wish.arguments.value("reason", "");
  if (takes_reason && !reason.empty()) words.push_back("--reason=" + printable(reason));
  if (wish.action == "cancel" && wish.arguments.value("rollback", false)) words.push_back("--rollback");
  // Behind this nothing is taken for an option, whatever a target is called.
  words.insert(words.end(), {"--", fmt::format("r{}", wish.run)});
  if (!wish.target.empty()) words.push_back(wish.target);
  if (wish.action == "set")
    for (const auto& [name, value] : wish.arguments.at("changes").items()) {
      const auto& known = run_settings();
      if (std::none_of(known.begin(), known.end(), [&name = name](const RunSetting& setting) { return name == setting.name; }))
        return Error(ErrorKind::usage, fmt::format("there is no setting \"{}\"", printable(name)));
      const std::string text = value.get<std::string>();
      if (const std::string problem = problem_of_setting(name, text); !problem.empty()) return Error(ErrorKind::usage, printable(problem));
      words.push_back(name + "=" + text);
    }
  return words;
}

struct WebActions::Impl {
  std::string program, journal_uri;
  std::vector<Spawned> going_on;

  // Those that have ended since.
  void reap() {
    std::erase_if(going_on, [](const Spawned& one) {
      if (waitpid(one.pid, nullptr, WNOHANG) == 0) return false;
      close(one.out);
      close(one.error);
      return true;
    });
  }
};

WebActions::WebActions(std::string program, std::string journal_uri) : impl_(std::make_shared<Impl>()) {
  impl_->program = std::move(program);
  impl_->journal_uri = std::move(journal_uri);
}

WebActions::~WebActions() = default;

Task<Result<json>> WebActions::carry_out(web::Wish wish) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->reap();
  CO_TRY(const std::vector<std::string> words, words_for(wish, impl->journal_uri));
  CO_TRY(const Spawned spawned, spawn_apart(impl->program, words));
  const bool may_go_on = wish.action == "resume" || wish.action == "retry" || wish.action == "cancel";
  const auto begun = std::chrono::steady_clock::now();
  int status = 0;
  while (waitpid(spawned.pid, &status, WNOHANG) == 0) {
    const Seconds since(std::chrono::steady_clock::now() - begun);
    if (since > (may_go_on ? kUntilItGoesOn : kMost)) {
      impl->going_on.push_back(spawned);
      co_return json{{"version", 1}, {"kind", "action"}, {"action", wish.action}, {"goes_on", spawned.pid}, {"said", nullptr}};
    }
    co_await sleep_for(Seconds(0.02));
  }
  const std::string out = text_in(spawned.out), error = text_in(spawned.error);
  close(spawned.out);
  close(spawned.error);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  const json said = json::parse(out, nullptr, false);
  // A run that was over quickly says its report; its exit code is the run's, not the command's.
  if (code != 0 && (!said.is_object() || said.value("kind", "") != "report")) co_return error_in(error, code);
  co_return json{{"version", 1}, {"kind", "action"}, {"action", wish.action}, {"goes_on", nullptr},
                 {"said", said.is_object() && said.value("kind", "") != "report" ? said : json()}};
}

}  // namespace pgconvoy::cli
