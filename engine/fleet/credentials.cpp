#include "engine/fleet/credentials.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace pgconvoy {
namespace {

constexpr std::size_t kLongestPassword = 4096;  // bytes
constexpr Seconds kCommandLimit{10};

// Refuses what would block (a pipe, a terminal) or surprise (a directory).
Result<struct stat> inspect(const std::string& what, const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    return Error(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                 fmt::format("{} {}: {}", what, path, std::strerror(errno)), "give the right path, or create the file");
  if (!S_ISREG(status.st_mode)) return Error(ErrorKind::io, fmt::format("{} {} is not a regular file", what, path));
  return status;
}

// libpq ignores a passfile that others may read and then fails as if no password had been given.
Result<void> check_passfile(const std::string& path) {
  constexpr const char* kWhat = "passfile";
  TRY(const struct stat status, inspect(kWhat, path));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error(
        ErrorKind::refused,
        fmt::format("passfile {} may be used by its group or by everybody (mode {:04o}); libpq ignores such a file",
                    path, status.st_mode & 07777),
        fmt::format("chmod 0600 {}", path));
  if (!std::ifstream(path)) return Error(ErrorKind::io, fmt::format("passfile {} cannot be opened", path));
  return {};
}

Result<Secret> first_line(const std::string& source, std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  if (!text.empty() && text.back() == '\r') text.pop_back();
  if (text.empty()) return Error(ErrorKind::refused, source + ": the first line is empty, so there is no password");
  if (text.size() > kLongestPassword)
    return Error(ErrorKind::refused, fmt::format("{}: the first line is longer than {} bytes, which no password is",
                                                 source, kLongestPassword));
  if (text.find('\0') != std::string::npos)
    return Error(ErrorKind::refused, source + ": the first line contains a zero byte");
  return Secret(std::move(text));
}

Result<Secret> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr)
    return Error(ErrorKind::not_found, fmt::format("environment variable {} is not set", name),
                 fmt::format("set {} to the password and try again", name));
  if (*value == '\0') return Error(ErrorKind::refused, fmt::format("environment variable {} is empty", name));
  return Secret(value);
}

Result<Secret> from_file(const std::string& path) {
  const std::string source = "password file " + path;
  TRY(const struct stat status, inspect("password file", path));
  (void)status;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error(ErrorKind::io, source + " cannot be opened");
  std::string text(kLongestPassword + 2, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return Error(ErrorKind::io, source + " cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return first_line(source, std::move(text));
}

// Neither arguments nor output of the command go into an error: either may hold the password.
Task<Result<Secret>> from_command(ProcessLauncher& launcher, std::vector<std::string> argv) {
  const std::string source = "password command " + argv.front();
  ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.limit = kCommandLimit;
  spec.keep_output = 1 << 16;
  const std::size_t kept = spec.keep_output;
  auto ended = co_await launcher.run(std::move(spec));
  if (!ended) {
    const ErrorKind kind = ended.error().kind;
    if (kind == ErrorKind::timeout)
      co_return Error(kind, fmt::format("{} did not end within {} s", source, kCommandLimit.count()));
    if (kind == ErrorKind::cancelled) co_return Error(kind, source + " was cancelled");
    co_return Error(kind, source + " could not be run", "check that the program is there and may be executed");
  }
  if (ended->exit_code != 0)
    co_return Error(ErrorKind::process, fmt::format("{} failed with exit code {}", source, ended->exit_code),
                    "run the command by hand: its messages are not repeated here, they might hold the password");
  if (ended->output.size() >= kept) co_return Error(ErrorKind::process, source + " printed more than a password");
  co_return first_line(source, std::move(ended->output));
}

}  // namespace

Task<Result<Secret>> Credentials::password(PasswordSource source) {
  if (!source.environment.empty()) co_return from_environment(source.environment);
  if (!source.file.empty()) co_return from_file(source.file);
  if (!source.command.empty()) co_return co_await from_command(launcher_, std::move(source.command));
  if (!source.passfile.empty())
    co_return Error(ErrorKind::usage, fmt::format("passfile {} is read by libpq, not by pgconvoy", source.passfile),
                    "give this password by env, file or command");
  co_return Secret();
}

Task<Result<ConnectionSpec>> Credentials::administrator(Server server) {
  if (const auto known = known_.find(server.id); known != known_.end()) co_return known->second;
  CO_TRY(ConnectionSpec connection, parse_connection(server.id, server.url));
  CO_TRY(connection, with_service_written_out(std::move(connection)));
  connection.server = server.id;
  if (!connection.keywords.contains("dbname")) connection.keywords["dbname"] = "postgres";
  if (!server.password.passfile.empty()) {
    if (auto checked = check_passfile(server.password.passfile); !checked)
      co_return std::move(checked).error().on(server.id);
    connection.keywords["passfile"] = server.password.passfile;
  } else {
    auto secret = co_await password(server.password);
    if (!secret) co_return std::move(secret).error().on(server.id);
    if (!secret->empty()) connection.password = std::move(*secret);
  }
  known_.insert_or_assign(server.id, connection);
  co_return connection;
}

}  // namespace pgconvoy
