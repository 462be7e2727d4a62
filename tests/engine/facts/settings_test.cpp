#include "engine/facts/settings.hpp"

#include "engine/facts/libraries.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;

namespace {

TargetFacts facts_with(std::vector<std::string> settings) {
  TargetFacts facts;
  DatabaseFacts& database = facts.databases["shop-db"];
  database.instance = "shop-db";
  database.server = "old";
  database.settings = std::move(settings);
  facts.source_server["shop-db"] = "old";
  facts.target_server["shop-db"] = "new";
  facts.servers["old"].parts[kSettingCatalogPart] = json{{"work_mem", "integer 64..100 kB"}, {"timezone", "string"}, {"search_path", "string"},
                                                     {"password_encryption", "enum {md5,scram-sha-256}"}, {"wal_compression", "bool"},
                                                     {"auto_explain.log_analyze", "bool"}};
  facts.servers["new"].parts[kSettingCatalogPart] = json{{"work_mem", "integer 64..100 kB"}, {"timezone", "string"}, {"search_path", "string"},
                                                     {"password_encryption", "enum {md5,scram-sha-256}"}, {"wal_compression", "enum {on,off}"},
                                                     {"auto_explain.log_analyze", "bool"}};
  return facts;
}

std::vector<std::string> asked_of(std::vector<std::string> settings) {
  std::vector<std::string> names;
  for (const NamedSetting& setting : settings_to_ask(facts_with(std::move(settings)), "shop-db")) names.push_back(setting.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("settings to ask: what both catalogues hold alike needs no question") {
  CHECK(asked_of({"work_mem=80", "search_path=nowhere", "password_encryption=md5", "app.tenant=***", "app.k\xc3\xa4se=***"}).empty());
}

TEST_CASE("settings to ask: unknown names, values that aren't listed, other types, and what a server looks up") {
  CHECK(asked_of({"operator_precedence_warning=on"}) == Names{"operator_precedence_warning"});
  CHECK(asked_of({"password_encryption=on"}) == Names{"password_encryption"});
  CHECK(asked_of({"wal_compression=on"}) == Names{"wal_compression"});
  CHECK(asked_of({"TimeZone=Europe/Berlin"}) == Names{"TimeZone"});
}

TEST_CASE("settings to ask: an application's own names that are no identifiers, or that a library keeps") {
  for (const char* name : {"my-app.user", "app..x", "app.1st", ".x", "app.", "auto_explain.other", "plpgsql.nothing"}) {
    INFO(name);
    CHECK(asked_of({std::string(name) + "=***"}) == Names{name});
  }
  CHECK(asked_of({"auto_explain.log_analyze=***"}).empty());
}

TEST_CASE("libraries in a setting: bare and quoted names") {
  CHECK(listed_libraries("auto_explain, \"$libdir/other\",\"a,b\"") == Names{"auto_explain", "$libdir/other", "a,b"});
  CHECK(listed_libraries("").empty());
}
