// What the path of a file in an image says, before anything of its content is read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/clients/client_scan.hpp"

namespace pgconvoy::clients {

enum class Content {
  none,          // the path says all, or nothing
  libpq,         // a shared library that is named like it
  package_json,  // of a package of npm that is a client
  jar,           // an archive of Java that may hold one
  npgsql,        // Npgsql.dll
  deps_json,     // what a program of .NET rests on
  cargo_lock,    // what a program of Rust was built from
  perhaps_program,  // anything: a program tells by its first bytes
};

struct PathVerdict {
  Content content = Content::none;
  // What the path alone says: "psycopg2-2.9.3.dist-info/METADATA". Its verdict isn't judged yet.
  std::optional<FoundClient> client;
};

// `path` is relative to the root of the image. Pure.
PathVerdict look_at_path(std::string_view path);

// "postgresql-42.2.5.jre7.jar" -> "42.2.5.jre7"; nothing for other jars.
std::optional<std::string> pgjdbc_version(std::string_view base_name);
std::optional<std::string> r2dbc_version(std::string_view base_name);

std::string_view base_name_of(std::string_view path);
std::string_view folder_of(std::string_view path);  // without a slash at the end, "" for none

}  // namespace pgconvoy::clients
