#include "runbooks/yaml.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runbooks/catalogue.hpp"
#include "tests/engine/plan/random_fleet.hpp"
#include "tests/runbooks/fake_registries.hpp"

using namespace pgconvoy;
using namespace pgconvoy::testing;

namespace {

// A file of the source tree: beside this one, or found upwards from the program when paths were made relative.
std::string golden(const std::string& name) {
  namespace fs = std::filesystem;
  std::vector<fs::path> places{fs::path(__FILE__).parent_path() / name};
  for (fs::path folder = fs::read_symlink("/proc/self/exe"); folder != folder.root_path();
       folder = folder.parent_path())
    places.push_back(folder.parent_path() / "tests" / "runbooks" / name);
  for (const fs::path& place : places) {
    std::ifstream in(place);
    if (!in) continue;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  FAIL("no file " << name);
  return "";
}

std::string problems_of(const std::string& yaml) {
  const Registries all;
  std::string result;
  for (const FileProblem& problem : parse_runbook(yaml, all.operations, all.conditions).problems)
    result += fmt::format("{}:{}: {}\n", problem.line, problem.column, problem.message);
  return result;
}

}  // namespace

TEST_CASE("runbook file: postgres-13-to-15 is written as it always was") {
  CHECK(runbook_to_yaml(find_runbook("postgres-13-to-15").value()) == golden("postgres-13-to-15.yaml"));
}

TEST_CASE("runbook file: built-in runbooks come back equal, before and after their parameters were put in") {
  const Registries all;
  const json values{{"from", "a"}, {"to", "15"}, {"retention", "90m"}};
  for (const Runbook& runbook : builtin_runbooks()) {
    json given = values;
    if (runbook.name == "postgres-13-to-15") given = json{{"retention", "90m"}};
    for (const Runbook& each : {runbook, with_parameters(runbook, given).value()}) {
      const std::string yaml = runbook_to_yaml(each);
      INFO(yaml);
      const ParsedRunbook parsed = parse_runbook(yaml, all.operations, all.conditions);
      CHECK(format_problems("runbook.yaml", parsed.problems) == "");
      CHECK(json(parsed.runbook) == json(each));
      CHECK(digest(parsed.runbook) == digest(each));
    }
  }
}

TEST_CASE("runbook file: texts that look like something else come back as the same text") {
  const Registries all;
  for (const char* text : {"yes",
                           "No",
                           "null",
                           "~",
                           "true",
                           "13",
                           "0x1f",
                           "1e3",
                           ".5",
                           "7d",
                           "0",
                           "-",
                           "- a",
                           "a: b",
                           "a #b",
                           "#",
                           "it's",
                           "say \"no\"",
                           "back\\slash",
                           "{x}",
                           "[x]",
                           "a, b",
                           " lead",
                           "trail ",
                           "two  spaces",
                           "line\nbreak",
                           "tab\t",
                           "\x01",
                           "\xc3\xa9t\xc3\xa9",
                           "%",
                           "@",
                           "`",
                           "!tag",
                           "&a",
                           "*a",
                           "?",
                           "|",
                           ">",
                           "=",
                           "<<",
                           "a:",
                           "2026-11-22",
                           "12:30",
                           "...",
                           "---",
                           "a",
                           "y"}) {
    INFO(text);
    Runbook runbook;
    runbook.name = "texts";
    runbook.summary = text;
    runbook.parameters = {{"p", Parameter::Type::text, text, text}};
    runbook.operations = {{"collect_service_instances", {{"service", text}}, {}}};
    const std::string yaml = runbook_to_yaml(runbook);
    INFO(yaml);
    const ParsedRunbook parsed = parse_runbook(yaml, all.operations, all.conditions);
    CHECK(format_problems("f", parsed.problems) == "");
    CHECK(digest(parsed.runbook) == digest(runbook));
  }
}

TEST_CASE("runbook file: random runbooks come back equal") {
  const Registries all;
  const std::vector<std::string> plain{"backup_collected_services", "redeploy", "analyze_restored_services"};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SmallRandom random(seed);
    Runbook runbook;
    runbook.name = fmt::format("r-{}", seed);
    if (random.below(2))
      runbook.parameters = {{"wait", Parameter::Type::duration, random.below(2) ? json("5m") : json(2.5), ""}};
    if (random.below(2)) runbook.preconditions = {{"disk_space", json::object(), {}}};
    const auto leaf = [&]() -> RunbookNode {
      if (random.below(3) == 0)
        return {"restore_backup_to_reprovisioned_services", {{"jobs", static_cast<int>(random.below(9))}}, {}};
      if (!runbook.parameters.empty() && random.below(2)) return {"redeploy", {{"health_timeout", "${wait}"}}, {}};
      return {plain[random.below(plain.size())], json::object(), {}};
    };
    const auto count = 1 + random.below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
      if (random.below(2)) {
        runbook.operations.push_back(leaf());
        continue;
      }
      RunbookNode bracket{"with_maintenance_page", json::object(), {}};
      if (random.below(2)) bracket.arguments["pause"] = random.below(2) == 0;
      if (random.below(2)) bracket.arguments["drain_timeout"] = "250ms";
      const auto children = 1 + random.below(3);
      for (std::uint64_t c = 0; c < children; ++c) bracket.children.push_back(leaf());
      if (random.below(3) == 0) bracket.children.push_back({"with_maintenance_page", json::object(), {leaf()}});
      runbook.operations.push_back(std::move(bracket));
    }
    const std::string yaml = runbook_to_yaml(runbook);
    INFO(yaml);
    const ParsedRunbook parsed = parse_runbook(yaml, all.operations, all.conditions);
    CHECK(format_problems("f", parsed.problems) == "");
    CHECK(digest(parsed.runbook) == digest(runbook));
  }
}

TEST_CASE("runbook file: parameters may stand after what refers to them, aliases are allowed") {
  const Registries all;
  const ParsedRunbook parsed = parse_runbook(
      "operations:\n"
      "  - collect_service_instances: &a {service: \"${from}\"}\n"
      "  - collect_service_instances: *a\n"
      "  - redeploy:\n"
      "parameters: {from: {type: text}}\n"
      "runbook: late\n",
      all.operations, all.conditions);
  CHECK(format_problems("f", parsed.problems) == "");
  CHECK(parsed.runbook.operations.at(1).arguments == json{{"service", "${from}"}});
  CHECK(parsed.runbook.operations.at(2).arguments == json::object());
}

TEST_CASE("runbook file: every mistake is an error with its place") {
  struct Mistake {
    const char* yaml;
    const char* expected;
  };
  const Mistake mistakes[] = {
      {"", "0:0: the file is empty; a runbook begins with `runbook: NAME`\n"},
      {"- a\n", "1:1: runbook must be a mapping, not a list\n"},
      {"runbook: r\n", "1:1: runbook: missing key \"operations\"\n"},
      {"operations: [redeploy]\n", "1:1: runbook: missing key \"runbook\"\n"},
      {"runbook: My Book\noperations: [redeploy]\n",
       "1:10: runbook: a runbook's name is made of a-z, 0-9 and -, and begins with a letter\n"},
      {"runbook: r\noperation: [redeploy]\n",
       "1:1: runbook: missing key \"operations\"\n"
       "2:1: runbook: unknown key \"operation\" (did you mean \"operations\"?)\n"},
      {"runbook: r\nrunbook: s\noperations: [redeploy]\n",
       "2:1: runbook: duplicate key \"runbook\" (it is on line 1 already)\n"},
      {"runbook: r\noperations: []\n", "2:13: runbook: operations is empty\n"},
      {"runbook: r\noperations: redeploy\n", "2:13: runbook: operations must be a list, not text\n"},
      {"runbook: r\noperations: [redepoly]\n", "2:14: unknown operation \"redepoly\" (did you mean \"redeploy\"?)\n"},
      {"runbook: r\noperations: [with_maintenance_pge]\n",
       "2:14: unknown operation \"with_maintenance_pge\" (did you mean \"with_maintenance_page\"?)\n"},
      {"runbook: r\noperations: [disk_space]\n",
       "2:14: unknown operation \"disk_space\" (it belongs to preconditions)\n"},
      {"runbook: r\npreconditions: [disk_spce, redeploy]\noperations: [redeploy]\n",
       "2:17: unknown condition \"disk_spce\" (did you mean \"disk_space\"?)\n"
       "2:28: unknown condition \"redeploy\" (it belongs to operations)\n"},
      {"runbook: r\noperations:\n  - redeploy: {health_timeuot: 5s}\n",
       "3:16: redeploy: unknown parameter \"health_timeuot\" (did you mean \"health_timeout\"?)\n"},
      {"runbook: r\noperations:\n  - redeploy: {health_timeout: 5s, health_timeout: 6s}\n",
       "3:36: redeploy: duplicate key \"health_timeout\" (it is on line 3 already)\n"},
      {"runbook: r\noperations:\n  - redeploy: {health_timeout: soon}\n",
       "3:32: redeploy: health_timeout must be a duration such as 90s, 5m, 1h30m or 7d, not \"soon\"\n"},
      {"runbook: r\noperations:\n  - restore_backup_to_reprovisioned_services: {jobs: \"4\"}\n",
       "3:54: restore_backup_to_reprovisioned_services: jobs must be a number, not \"4\" in quotes\n"},
      {"runbook: r\noperations:\n  - verify_restored_services: {content: yes}\n",
       "3:41: verify_restored_services: content must be true or false, not \"yes\"\n"},
      {"runbook: r\noperations:\n  - collect_service_instances: {service: [a]}\n",
       "3:42: collect_service_instances: service must be text, not a list\n"},
      {"runbook: r\noperations:\n  - collect_service_instances\n",
       "3:5: collect_service_instances: missing parameter \"service\" (from where)\n"},
      {"runbook: r\noperations:\n  - redeploy: now\n", "3:15: redeploy: its arguments must be a mapping, not text\n"},
      {"runbook: r\noperations:\n  - redeploy: {operations: [redeploy]}\n",
       "3:16: redeploy: no operations can stand inside of this one\n"},
      {"runbook: r\noperations:\n  - with_maintenance_page\n",
       "3:5: with_maintenance_page: it goes around other operations: give them under \"operations\"\n"},
      {"runbook: r\noperations:\n  - with_maintenance_page: {operations: []}\n",
       "3:41: with_maintenance_page: operations must be a list with at least one, not an empty one\n"},
      {"runbook: r\noperations:\n  - with_maintenance_page:\n      operations:\n        - redeploy: {x: 1}\n",
       "5:22: redeploy: unknown parameter \"x\"\n"},
      {"runbook: r\noperations:\n  - redeploy: {}\n    backup_collected_services: {}\n",
       "3:5: one operation an item: put \"- \" before each, and indent what belongs to it\n"},
      {"runbook: r\noperations:\n  - [redeploy]\n", "3:5: expected the name of an operation\n"},
      {"runbook: r\npreconditions:\n  -\noperations: [redeploy]\n",
       "4:1: an item that ends here is empty: expected the name of a condition\n"},
      {"runbook: r\nparameters: {wait: {type: duration}}\noperations:\n  - redeploy: {health_timeout: \"${wiat}\"}\n",
       "4:32: redeploy: health_timeout: the runbook has no parameter \"wiat\" (did you mean \"wait\"?)\n"},
      {"runbook: r\noperations:\n  - redeploy: {health_timeout: \"${wait\"}\n",
       "3:32: redeploy: health_timeout: \"${\" without \"}\"\n"},
      {"runbook: r\nparameters: {name: {type: text}}\noperations:\n  - redeploy: {health_timeout: \"${name}\"}\n",
       "4:32: redeploy: health_timeout must be a duration such as 90s, 5m, 1h30m or 7d; parameter \"name\" is of type "
       "text\n"},
      {"runbook: r\nparameters: {n: {type: number}}\noperations:\n  - redeploy: {health_timeout: \"${n}0s\"}\n",
       "4:32: redeploy: health_timeout must be a duration such as 90s, 5m, 1h30m or 7d: one reference alone, or a "
       "value\n"},
      {"runbook: r\nparameters: {n: {type: nubmer}}\noperations: [redeploy]\n",
       "2:24: parameter \"n\": type must be text, number, boolean or duration, not \"nubmer\" (did you mean "
       "\"number\"?)\n"},
      {"runbook: r\nparameters: {n: {default: 1}}\noperations: [redeploy]\n",
       "2:14: parameter \"n\": missing key \"type\"\n"},
      {"runbook: r\nparameters: {n: {type: number, default: many}}\noperations: [redeploy]\n",
       "2:41: parameter \"n\": default must be a number, not \"many\"\n"},
      {"runbook: r\nparameters: {N: {type: number}}\noperations: [redeploy]\n",
       "2:14: parameter \"N\": a parameter's name is made of a-z, 0-9 and _, and begins with a letter\n"},
      {"runbook: r\nparameters: {t: {type: text, default: \"${t}\"}}\noperations: [redeploy]\n",
       "2:39: parameter \"t\": a default may not refer to parameters\n"},
      {"runbook: r\nsummary: \xc3\xa9\xc3\xa9 # x\noperations: [{\"\xc3\xa9\": {}, redeploy: {}}, redepoly]\n",
       "3:14: one operation an item: put \"- \" before each, and indent what belongs to it\n"
       "3:39: unknown operation \"redepoly\" (did you mean \"redeploy\"?)\n"},
  };
  for (const Mistake& mistake : mistakes) {
    INFO(mistake.yaml);
    CHECK(problems_of(mistake.yaml) == mistake.expected);
  }
}

TEST_CASE("runbook file: what isn't one YAML document is refused, never half read") {
  for (const char* text : {"runbook: [", "a: b: c", "---\nrunbook: r\n---\nrunbook: s\n", "]", "\xff", "runbook: \"r",
                           "runbook: !!str r", "{{{{", "\x01", "runbook: *x"}) {
    INFO(text);
    CHECK_FALSE(problems_of(text).empty());
  }
}

TEST_CASE("runbook file: a file cut short anywhere is either refused or reads as a shorter runbook, and never throws") {
  const std::string whole = golden("postgres-13-to-15.yaml");
  const Registries all;
  const std::string complete = digest(find_runbook("postgres-13-to-15").value());
  for (std::size_t length = 0; length + 2 < whole.size(); length += 3) {
    const ParsedRunbook parsed = parse_runbook(whole.substr(0, length), all.operations, all.conditions);
    CHECK((!parsed.problems.empty() || digest(parsed.runbook) != complete));
  }
}
