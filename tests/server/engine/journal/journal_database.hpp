// A database of a test's own on the laboratory's newest server, for a journal.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/core/secret.hpp"
#include "engine/journal/postgres_address.hpp"
#include "engine/journal/postgres_database.hpp"
#include "engine/postgres/session.hpp"
#include "tests/engine/journal/fixtures.hpp"
#include "tests/support/laboratory.hpp"

namespace pgconvoy::test {

class JournalDatabase {
 public:
  explicit JournalDatabase(const std::string& encoding = "UTF8") : admin_(testing::laboratory_servers().back().connection), name_("journal_" + random_token(8)) {
    execute(admin_, "create database " + name_ + " template template0 locale 'C' encoding '" + encoding + "'");
  }
  ~JournalDatabase() {
    PostgresDatabase database(admin_);
    if (database.connect()) (void)database.execute("drop database " + name_ + " with (force)");
  }

  ConnectionSpec connection() const { return admin_.with_database(name_); }
  std::string url() const { return make_url(connection()).reveal(); }
  // Through another port of this host, in clear; the passfile knows the server's own port only.
  std::string url_through(int port) const {
    auto other = connection();
    const auto passfile = std::filesystem::path(other.keywords.at("passfile"));
    std::ifstream file(passfile.parent_path() / "admin.password");
    std::string password;
    std::getline(file, password);
    setenv(kJournalPasswordVariable, password.c_str(), 1);
    other.keywords["port"] = std::to_string(port);
    other.keywords["sslmode"] = "disable";
    other.keywords["gssencmode"] = "disable";
    return make_url(other).reveal();
  }
  int port() const { return std::stoi(admin_.keywords.at("port")); }

  void sql(const std::string& text) const { execute(connection(), text); }
  std::string value(const std::string& text) const {
    PostgresDatabase database(connection());
    must(database.connect());
    const auto rows = must(database.query(text));
    return rows.empty() ? "" : rows[0].text(0);
  }

 private:
  static void execute(const ConnectionSpec& connection, const std::string& text) {
    PostgresDatabase database(connection);
    must(database.connect());
    must(database.execute(text));
  }

  ConnectionSpec admin_;
  std::string name_;
};

}  // namespace pgconvoy::test
