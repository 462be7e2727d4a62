#include "engine/clients/path_rules.hpp"

#include <array>
#include <utility>

#include "engine/clients/libpq_version.hpp"

namespace pgconvoy::clients {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "psycopg2_binary-2.8.6" -> the rest behind `prefix` when it begins with a digit.
std::optional<std::string_view> version_after(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size() || !is_digit(text[prefix.size()])) return std::nullopt;
  return text.substr(prefix.size());
}

std::optional<std::string> jar_version(std::string_view base_name, std::string_view prefix) {
  const auto rest = version_after(base_name, prefix);
  if (!rest || !rest->ends_with(".jar")) return std::nullopt;
  const auto version = rest->substr(0, rest->size() - 4);
  for (const auto other : {"-sources", "-javadoc", "-tests"})
    if (version.ends_with(other)) return std::nullopt;
  return std::string(version);
}

// Packages of Python: the folder (or, from Debian, the file) that describes an installed one.
std::optional<FoundClient> python_package(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, const char*>, 10> kNames{{
      {"psycopg2-", "psycopg2"},
      {"psycopg2_binary-", "psycopg2-binary"},
      {"psycopg-", "psycopg"},
      {"psycopg_c-", "psycopg-c"},
      {"psycopg_binary-", "psycopg-binary"},
      {"asyncpg-", "asyncpg"},
      {"pg8000-", "pg8000"},
      {"psycopg2.binary-", "psycopg2-binary"},
      {"psycopg-binary-", "psycopg-binary"},
      {"psycopg2-binary-", "psycopg2-binary"},
  }};
  std::string_view described = base_name_of(path);
  if (described == "METADATA" || described == "PKG-INFO") described = base_name_of(folder_of(path));
  std::string_view stem;
  for (const std::string_view ending : {".dist-info", ".egg-info"})
    if (described.ends_with(ending)) stem = described.substr(0, described.size() - ending.size());
  if (stem.empty()) return std::nullopt;
  for (const auto& [prefix, kind] : kNames) {
    const auto version = version_after(stem, prefix);
    if (!version) continue;
    FoundClient client;
    client.kind = kind;
    // "2.9.5-py3.11" of an egg
    client.version = version->substr(0, version->find('-'));
    return client;
  }
  return std::nullopt;
}

// specifications/pg-1.2.3.gemspec, also pg-1.5.4-x86_64-linux.gemspec
std::optional<FoundClient> ruby_gem(std::string_view path) {
  const auto name = base_name_of(path);
  if (!name.ends_with(".gemspec") || base_name_of(folder_of(path)) != "specifications") return std::nullopt;
  const auto version = version_after(name.substr(0, name.size() - 8), "pg-");
  if (!version) return std::nullopt;
  FoundClient client;
  client.kind = "ruby-pg";
  client.version = version->substr(0, version->find('-'));
  return client;
}

// lib/postgrex-0.15.3/ebin/postgrex.app
std::optional<FoundClient> elixir_package(std::string_view path) {
  if (base_name_of(path) != "postgrex.app") return std::nullopt;
  const auto version = version_after(base_name_of(folder_of(folder_of(path))), "postgrex-");
  FoundClient client;
  client.kind = "postgrex";
  if (version) client.version = *version;
  return client;
}

// A package that Yarn keeps zipped: pg-npm-8.7.1-f2c5d0b7d6-5a5a5a.zip
std::optional<FoundClient> yarn_package(std::string_view path) {
  const auto name = base_name_of(path);
  if (!name.ends_with(".zip")) return std::nullopt;
  for (const auto& [prefix, kind] : {std::pair{"pg-npm-", "node-postgres"}, std::pair{"postgres-npm-", "postgres.js"}}) {
    const auto version = version_after(name, prefix);
    if (!version) continue;
    FoundClient client;
    client.kind = kind;
    client.version = version->substr(0, version->find('-'));
    return client;
  }
  return std::nullopt;
}

bool is_client_package_json(std::string_view path) {
  const auto package = folder_of(path);
  const auto name = base_name_of(package);
  return (name == "pg" || name == "postgres" || name == "libpq") && base_name_of(folder_of(package)) == "node_modules";
}

}  // namespace

std::string_view base_name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::optional<std::string> pgjdbc_version(std::string_view base_name) {
  auto version = jar_version(base_name, "postgresql-");
  // "postgresql-8.4-701.jdbc4.jar" is one too; testcontainers' and others' modules have lower numbers and are told apart
  // by what they hold.
  if (version && (version->starts_with("0.") || version->starts_with("1."))) return std::nullopt;
  return version;
}

std::optional<std::string> r2dbc_version(std::string_view base_name) { return jar_version(base_name, "r2dbc-postgresql-"); }

PathVerdict look_at_path(std::string_view path) {
  const auto name = base_name_of(path);
  PathVerdict verdict;
  if (named_like_libpq(name)) {
    verdict.content = Content::libpq;
    return verdict;
  }
  if (name == "package.json") {
    if (is_client_package_json(path)) verdict.content = Content::package_json;
    return verdict;
  }
  if (name.ends_with(".jar") || name.ends_with(".war") || name.ends_with(".ear")) {
    verdict.content = Content::jar;
    return verdict;
  }
  if (name == "Npgsql.dll") {
    verdict.content = Content::npgsql;
    return verdict;
  }
  if (name.ends_with(".deps.json")) {
    verdict.content = Content::deps_json;
    return verdict;
  }
  if (name == "Cargo.lock") {
    verdict.content = Content::cargo_lock;
    return verdict;
  }
  for (auto* const rule : {&python_package, &ruby_gem, &elixir_package, &yarn_package}) {
    verdict.client = rule(path);
    if (verdict.client) return verdict;
  }
  if (!name.ends_with(".debug")) verdict.content = Content::perhaps_program;
  return verdict;
}

}  // namespace pgconvoy::clients
