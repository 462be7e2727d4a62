#include "engine/postgres/new_database.hpp"

#include <fmt/format.h>

#include "engine/postgres/session.hpp"

namespace pgconvoy {

std::string create_database_sql(int server_version, const NewDatabase& database) {
  std::string sql = fmt::format("CREATE DATABASE {} OWNER {} TEMPLATE template0", quote_identifier(database.name),
                                quote_identifier(database.owner));
  const auto add = [&sql](const char* option, const std::string& value) {
    if (!value.empty()) sql += fmt::format(" {} {}", option, quote_literal(value));
  };
  add("ENCODING", database.encoding);
  add("LC_COLLATE", database.collate);
  add("LC_CTYPE", database.ctype);
  // template0 may have another provider than libc; before 15 there was no other.
  if (server_version >= 150000 && !database.locale_provider.empty()) {
    sql += " LOCALE_PROVIDER " + quote_identifier(database.locale_provider);
    if (database.locale_provider == "icu") add("ICU_LOCALE", database.provider_locale);
    if (database.locale_provider == "builtin") add("BUILTIN_LOCALE", database.provider_locale);
  }
  // Closed until PUBLIC has lost its rights.
  return sql + " ALLOW_CONNECTIONS false";
}

}  // namespace pgconvoy
