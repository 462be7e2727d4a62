// Runs every fixture below this folder. A fixture is <condition>/<hit|near_miss|absent>_<what>.json:
//   description  what the case is, one sentence
//   arguments    of the condition; may be absent
//   facts        merged over base.json (RFC 7386: an object merges, anything else replaces, null removes)
//   expected     the findings, in order and complete: severity, object, evidence_contains; optionally
//                remedy_contains and mendable
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "conditions/registry.hpp"
#include "engine/report/check_report.hpp"
#include "tests/support/catch.hpp"

using namespace pgconvoy;
namespace fs = std::filesystem;

namespace {

// The folder of the checkout that this program was built in.
fs::path fixtures() {
#ifdef PGCONVOY_SOURCE_DIR
  return fs::path(PGCONVOY_SOURCE_DIR) / "tests/conditions";
#else
  for (const fs::path& start : {fs::read_symlink("/proc/self/exe"), fs::current_path() / "."})
    for (fs::path folder = start.parent_path(); folder != folder.root_path(); folder = folder.parent_path())
      if (fs::exists(folder / "tests/conditions/base.json")) return folder / "tests/conditions";
  throw std::runtime_error("tests/conditions was found neither above this program nor above the working directory");
#endif
}

json read_json(const fs::path& file) {
  std::ifstream stream(file);
  INFO(file);
  REQUIRE(stream);
  return json::parse(stream);
}

std::vector<fs::path> files_of(const std::string& condition) {
  std::vector<fs::path> files;
  if (fs::is_directory(fixtures() / condition))
    for (const auto& entry : fs::directory_iterator(fixtures() / condition))
      if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// A finding is read at night: nothing in it may be left empty.
void check_complete(const Condition& condition, const Finding& finding) {
  CHECK(finding.condition == condition.name());
  CHECK(finding.severity != Severity::ok);
  CHECK_FALSE(finding.object.empty());
  CHECK_FALSE(finding.evidence.empty());
  CHECK_FALSE(finding.why.empty());
  CHECK_FALSE(finding.remedy.empty());
  CHECK(json(json(finding).get<Finding>()) == json(finding));
}

void run_fixture(const Condition& condition, const json& base, const fs::path& file) {
  const json fixture = read_json(file);
  INFO(file.filename() << ": " << fixture.at("description").get<std::string>());
  json facts = base;
  facts.merge_patch(fixture.at("facts"));
  const auto arguments =
      complete_arguments(condition.name(), condition.parameters(), fixture.value("arguments", json::object()));
  REQUIRE(arguments);

  const auto findings = condition.evaluate(facts.get<TargetFacts>(), *arguments);
  INFO("findings: " << json(findings).dump(2));
  const json& expected = fixture.at("expected");
  REQUIRE(findings.size() == expected.size());
  for (std::size_t i = 0; i < findings.size(); ++i) {
    using Catch::Matchers::Contains;
    check_complete(condition, findings[i]);
    CHECK(to_string(findings[i].severity) == expected[i].at("severity").get<std::string>());
    CHECK(findings[i].object == expected[i].at("object").get<std::string>());
    CHECK_THAT(findings[i].evidence, Contains(expected[i].at("evidence_contains").get<std::string>()));
    CHECK_THAT(findings[i].remedy, Contains(expected[i].value("remedy_contains", "")));
    CHECK(findings[i].mendable == expected[i].value("mendable", false));
  }
}

}  // namespace

TEST_CASE("conditions: every fixture gives exactly its findings") {
  ConditionRegistry registry;
  register_conditions(registry);
  const json base = read_json(fixtures() / "base.json");
  for (const Condition* condition : registry.all())
    for (const auto& file : files_of(condition->name())) run_fixture(*condition, base, file);
}

TEST_CASE("conditions: each has a hit, a near miss and an absence among its fixtures, and describes itself") {
  ConditionRegistry registry;
  register_conditions(registry);
  CHECK(registry.all().size() >= 10);
  for (const Condition* condition : registry.all()) {
    INFO(condition->name());
    CHECK(condition->summary().ends_with("."));
    CHECK(registry.find(condition->name()) == condition);
    const auto files = files_of(condition->name());
    CHECK(files.size() >= 3);
    for (const char* kind : {"hit_", "near_miss_", "absent_"})
      CHECK(std::any_of(files.begin(), files.end(),
                        [&](const auto& file) { return file.filename().string().starts_with(kind); }));
  }
}

TEST_CASE("conditions: each has a page that leaves nothing open, and docs/conditions.md holds them as they are") {
  ConditionRegistry registry;
  register_conditions(registry);
  for (const Condition* condition : registry.all()) {
    INFO(condition->name());
    const ConditionPage page = condition->page();
    for (const std::string* text : {&page.why, &page.reads, &page.silent, &page.remedies, &page.sources}) {
      CHECK(text->size() > 10);
      CHECK(text->ends_with('.'));
    }
  }
  std::ifstream stream(fixtures() / "../../docs/conditions.md");
  const std::string written((std::istreambuf_iterator<char>(stream)), {});
  INFO("pgconvoy check --explain all --output markdown > docs/conditions.md");
  CHECK(written == report::conditions_markdown(registry.all()));
}

TEST_CASE("conditions: no folder of fixtures belongs to a condition that is not registered") {
  ConditionRegistry registry;
  register_conditions(registry);
  for (const auto& entry : fs::directory_iterator(fixtures())) {
    INFO(entry.path());
    if (entry.is_directory()) CHECK(registry.find(entry.path().filename()) != nullptr);
  }
}

TEST_CASE("conditions: an unreachable target server is never silence") {
  ConditionRegistry registry;
  register_conditions(registry);
  json facts = read_json(fixtures() / "base.json");
  facts["servers"]["pg15-eu"] = {
      {"server", "pg15-eu"}, {"reachable", false}, {"unreachable_because", "connection refused"}};
  for (const char* name : {"servers_reachable", "target_database_absent", "extensions_available", "roles_restorable",
                           "encoding_and_locale_available"}) {
    INFO(name);
    CHECK_FALSE(registry.find(name)->evaluate(facts.get<TargetFacts>(), json::object()).empty());
  }
}
