#include "engine/facts/parity.hpp"

#include <algorithm>

#include "engine/report/parity_report.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

SettingFact setting(std::string value, std::string boot, std::string type = "string", std::string unit = "", std::string context = "user") {
  SettingFact fact;
  fact.is_set = value != boot;
  fact.value = std::move(value);
  fact.boot_value = std::move(boot);
  fact.type = std::move(type);
  fact.unit = std::move(unit);
  fact.context = std::move(context);
  return fact;
}

ServerConfiguration server_of(int major, std::map<std::string, SettingFact> settings) {
  ServerConfiguration server;
  server.server = "pg" + std::to_string(major);
  server.version = std::to_string(major) + ".1";
  server.version_number = major * 10000 + 1;
  server.settings = std::move(settings);
  return server;
}

const ParityEntry& only_entry(const Parity& parity) {
  REQUIRE(parity.entries.size() == 1);
  return parity.entries.front();
}

}  // namespace

TEST_CASE("parity: what is set on the old server and not on the new one is carried over, as one writes it") {
  const auto parity = compare_configurations(server_of(13, {{"shared_buffers", setting("262144", "1024", "integer", "8kB", "postmaster")}}),
                                             server_of(15, {{"shared_buffers", setting("1024", "1024", "integer", "8kB", "postmaster")}}));
  const ParityEntry& entry = only_entry(parity);
  CHECK(entry.kind == ParityKind::carry_over);
  CHECK(entry.proposed == "2GB");
  CHECK(entry.new_value == "8MB");
  CHECK(entry.needs_restart);
  CHECK_FALSE(parity.same());
}

TEST_CASE("parity: the same amount in another unit is the same, and so are two untouched settings") {
  const auto parity = compare_configurations(
      server_of(10, {{"wal_buffers", setting("2048", "-1", "integer", "8kB")}, {"jobs", setting("5", "5", "integer")}}),
      server_of(15, {{"wal_buffers", setting("16", "-1", "integer", "MB")}, {"jobs", setting("5", "5", "integer")}}));
  CHECK(parity.entries.empty());
  CHECK(parity.same());
}

TEST_CASE("parity: a renamed setting gets its new name and unit, and none when it is set there") {
  const auto old = server_of(12, {{"wal_keep_segments", setting("32", "0", "integer")}});
  const auto renamed = compare_configurations(old, server_of(13, {{"wal_keep_size", setting("0", "0", "integer", "MB", "sighup")}}));
  const auto entry = std::find_if(renamed.entries.begin(), renamed.entries.end(), [](const auto& each) { return each.kind == ParityKind::renamed; });
  REQUIRE(entry != renamed.entries.end());
  CHECK(entry->name == "wal_keep_size");
  CHECK(entry->old_name == "wal_keep_segments");
  CHECK(entry->proposed == "512MB");
  const auto settled = compare_configurations(old, server_of(13, {{"wal_keep_size", setting("64", "0", "integer", "MB", "sighup")}}));
  CHECK(std::none_of(settled.entries.begin(), settled.entries.end(), [](const auto& each) { return each.kind == ParityKind::renamed; }));
}

TEST_CASE("parity: what is gone is named only when it was set, with the version that removed it") {
  auto settings = std::map<std::string, SettingFact>{{"operator_precedence_warning", setting("on", "off", "bool")},
                                                     {"vacuum_cleanup_index_scale_factor", setting("0.1", "0.1", "real")}};
  const auto parity = compare_configurations(server_of(13, settings), server_of(15, {}));
  const ParityEntry& entry = only_entry(parity);
  CHECK(entry.kind == ParityKind::removed);
  CHECK(entry.proposed.empty());
  CHECK(entry.why.starts_with("since PostgreSQL 14"));
  CHECK(gone_setting("operator_precedence_warning", 14, 15) == nullptr);
}

TEST_CASE("parity: another default, set on both, set there only, new there") {
  const auto parity = compare_configurations(
      server_of(13, {{"a_differs", setting("1", "0", "integer")}, {"log_checkpoints", setting("off", "off", "bool")}, {"z_there", setting("0", "0", "integer")}}),
      server_of(15, {{"a_differs", setting("2", "0", "integer")}, {"log_checkpoints", setting("on", "on", "bool")}, {"z_there", setting("7", "0", "integer")},
                     {"fresh", setting("on", "on", "bool")}}));
  REQUIRE(parity.entries.size() == 4);
  CHECK(parity.entries[0].kind == ParityKind::differs);
  CHECK(parity.entries[1].kind == ParityKind::default_changed);
  CHECK(parity.entries[1].why.find("PostgreSQL 15") != std::string::npos);
  CHECK(parity.entries[2].kind == ParityKind::only_there);
  CHECK(parity.entries[3].kind == ParityKind::new_there);
}

TEST_CASE("parity: libraries are preloaded there only when the server offers all of them") {
  const auto old = server_of(13, {{"shared_preload_libraries", setting("pg_stat_statements, '$libdir/pg_cron',pg_partman_bgw", "", "string", "", "postmaster")}});
  auto fresh = server_of(15, {{"shared_preload_libraries", setting("", "", "string", "", "postmaster")}});
  fresh.installable = {{"pg_stat_statements", "1.10"}, {"pg_partman", "4.7"}};
  const auto missing = compare_configurations(old, fresh);
  CHECK(only_entry(missing).kind == ParityKind::carry_over);
  CHECK(missing.entries[0].proposed.empty());
  CHECK(missing.entries[0].why.find("no extension pg_cron,") != std::string::npos);
  const std::string commented = report::parity_conf(missing);
  CHECK(commented.find("\n#shared_preload_libraries = 'pg_stat_statements, ") != std::string::npos);
  CHECK(commented.find("\nshared_preload_libraries") == std::string::npos);

  fresh.installable["pg_cron"] = "1.6";
  const auto complete = compare_configurations(old, fresh);
  CHECK_FALSE(only_entry(complete).proposed.empty());
  CHECK(report::parity_conf(complete).find("\nshared_preload_libraries = 'pg_stat_statements, ") != std::string::npos);
}

TEST_CASE("parity: hosts' own settings, secrets and what could not be read") {
  SettingFact secret = setting("***", "");
  secret.masked = secret.is_set = true;
  SettingFact unset = setting("", "");
  unset.masked = true;
  SettingFact hidden = setting("0", "0", "integer", "ms");
  hidden.uncertain = true;
  const auto parity = compare_configurations(
      server_of(13, {{"data_directory", setting("/a", "")}, {"port", setting("5433", "5432", "integer")}, {"ssl_passphrase_command", secret}, {"statement_timeout", hidden}}),
      server_of(15, {{"data_directory", setting("/b", "")}, {"port", setting("5435", "5432", "integer")}, {"ssl_passphrase_command", unset}, {"statement_timeout", hidden}}));
  CHECK(only_entry(parity).name == "ssl_passphrase_command");
  CHECK(parity.entries[0].proposed.empty());
  CHECK(parity.uncertain == std::vector<std::string>{"statement_timeout"});
}

TEST_CASE("parity: values as a configuration file takes them") {
  CHECK(as_written("16384", setting("", "", "integer", "8kB")) == "128MB");
  CHECK(as_written("90000", setting("", "", "integer", "ms")) == "90s");
  CHECK(as_written("-1", setting("", "", "integer", "kB")) == "-1");
  CHECK(as_written("0.5", setting("", "", "real", "ms")) == "500us");
  CHECK(as_written("0.9", setting("", "", "real")) == "0.9");
  CHECK(as_written("on", setting("", "", "bool")) == "on");
  CHECK(as_written("it's a, b", setting("", "")) == "'it''s a, b'");
}

TEST_CASE("parity: the file for the new server sets what is carried over and leaves decisions to its reader") {
  const auto parity = compare_configurations(
      server_of(13, {{"work_mem", setting("65536", "4096", "integer", "kB")}, {"log_checkpoints", setting("off", "off", "bool")}, {"search", setting("a\n#b", "")}}),
      server_of(15, {{"work_mem", setting("4096", "4096", "integer", "kB")}, {"log_checkpoints", setting("on", "on", "bool")}, {"search", setting("", "")}}));
  const std::string text = report::parity_conf(parity);
  CHECK(text.find("\nwork_mem = 64MB  # there: 4MB\n") != std::string::npos);
  CHECK(text.find("\n#log_checkpoints = off  # there: on; since PostgreSQL 15") != std::string::npos);
  CHECK(text.find("\nsearch = 'a\\n#b'") != std::string::npos);
  CHECK(text == report::parity_conf(parity));
  CHECK(report::parity_json({parity}).at("pairs").size() == 1);
}
