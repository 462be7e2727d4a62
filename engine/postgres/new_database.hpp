// The statement that makes a database like another one, on a server of any version. Pure.
#pragma once

#include <string>

namespace pgconvoy {

struct NewDatabase {
  std::string name, owner;
  std::string encoding, collate, ctype;   // empty: as template0 has it
  std::string locale_provider = "libc";   // libc | icu (15) | builtin (17)
  std::string provider_locale;            // of icu and builtin
};

// CREATE DATABASE from template0, closed: its maker takes PUBLIC's rights away before somebody gets in.
std::string create_database_sql(int server_version, const NewDatabase& database);

}  // namespace pgconvoy
