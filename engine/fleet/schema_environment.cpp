#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/fleet/duration.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/schema.hpp"
#include "engine/fleet/url.hpp"

namespace pgconvoy {
namespace {

const std::vector<std::string_view> kStages{"test", "live"};
const std::vector<std::string_view> kKinds{"local", "exec", "none"};
const std::vector<std::string_view> kParts{"url", "host", "port", "user", "password", "database"};

std::string listed(const std::vector<std::string_view>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

bool contains(const std::vector<std::string_view>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A name that a shell and an env file can hold.
bool is_variable(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

ControllerSpec read_controller(const YamlNode& node, const std::string& what, Draft& draft) {
  const Fields fields(node, node, what + ": controller",
                      {"kind", "directory", "start", "env_file", "pid_file", "log_file", "maintenance_file",
                       "health_url", "public_url", "command", "limit", "options"},
                      draft.problems);
  ControllerSpec controller;
  if (!fields.is_map()) return controller;
  controller.kind = read_word(fields, "kind", Need::required, kKinds, "", draft);
  if (controller.kind == "none") {
    for (const Entry& entry : fields.all())
      if (entry.key != "kind") fields.problem(entry.key, fmt::format("{} has no meaning with kind: none", entry.key));
    return controller;
  }
  if (controller.kind == "exec") {
    for (const Entry& entry : fields.all())
      if (entry.key != "kind" && entry.key != "command" && entry.key != "limit" && entry.key != "options" && entry.key != "public_url")
        fields.problem(entry.key, fmt::format("{} has no meaning with kind: exec; hand it on in options", entry.key));
    controller.program = read_program(fields, draft);
  } else {
    for (const char* key : {"command", "limit", "options"})
      if (fields.find(key, Need::optional) != nullptr) fields.problem(key, fmt::format("{} has no meaning without kind: exec", key));
  }
  const Need need = controller.kind == "local" ? Need::required : Need::optional;
  controller.directory = draft.absolute(fields.text("directory", need));
  controller.start = fields.texts("start", need);
  const std::filesystem::path directory = controller.directory.empty() ? draft.folder.string() : controller.directory;
  controller.env_file = Draft::absolute(directory, fields.text("env_file", need));
  controller.pid_file = Draft::absolute(directory, fields.text("pid_file", need));
  controller.log_file = Draft::absolute(directory, fields.text("log_file", need));
  controller.maintenance_file = draft.absolute(fields.text("maintenance_file", need));
  const auto web_url = [&](std::string_view key, Need url_need) {
    std::string url = fields.text(key, url_need);
    if (const std::string wrong = url.empty() ? "" : problem_of_web_url(url); !wrong.empty())
      fields.problem(key, fmt::format("{} {}", key, wrong));
    return url;
  };
  controller.health_url = web_url("health_url", need);
  controller.public_url = web_url("public_url", Need::optional);
  return controller;
}

Binding read_binding(const YamlNode& node, const std::string& what, const std::string& path, bool needs_variables,
                     Draft& draft) {
  const Fields fields(node, node, what, {"instance", "variables", "poolers"}, draft.problems);
  Binding binding;
  binding.instance = fields.text("instance", Need::required);
  const auto variables =
      fields.entries("variables", fields.is_map() && needs_variables ? Need::required : Need::optional);
  for (const Entry& variable : variables) {
    const std::string label = fmt::format("{}: variable {}", what, in_quotes(variable.key));
    if (!is_variable(variable.key))
      draft.problems.add(*variable.place,
                         label + ": a variable's name is made of letters, digits and _, no digit first");
    const std::string part = read_text(*variable.value, label, draft.problems);
    if (!part.empty() && !contains(kParts, part))
      draft.problems.add(*variable.value, fmt::format("{} holds {}; it must be one of {}{}", label, in_quotes(part),
                                                      listed(kParts), draft.problems.suggest(part, kParts)));
    binding.variables.emplace(variable.key, part);
    draft.remember(path + "/" + variable.key, variable.place);
  }
  if (needs_variables && variables.empty() && fields.find("variables", Need::optional) != nullptr)
    fields.problem("variables", "variables names none: nothing would lead the application to the new database");
  for (const Entry& pooler : fields.entries("poolers", Need::optional)) {
    binding.poolers.emplace(pooler.key, read_text(*pooler.value, fmt::format("{}: pooler {}", what, in_quotes(pooler.key)), draft.problems));
    draft.remember(path + "/poolers/" + pooler.key, pooler.place);
  }
  draft.remember(path, &node);
  draft.remember(path + "/instance", fields.find("instance", Need::optional));
  return binding;
}

}  // namespace

std::string read_word(const Fields& fields, std::string_view key, Need need, const std::vector<std::string_view>& words,
                      std::string otherwise, Draft& draft) {
  if (fields.find(key, need) == nullptr) return otherwise;
  std::string word = fields.text(key, Need::required);
  if (word.empty() || contains(words, word)) return word.empty() ? otherwise : word;
  fields.problem(key, fmt::format("{} is {}; it must be one of {}{}", key, in_quotes(word), listed(words),
                                  draft.problems.suggest(word, words)));
  return otherwise;
}

void read_environment(const YamlNode& place, const std::string& id, const YamlNode& value, Draft& draft) {
  const Fields fields(place, value, fmt::format("environment {}", in_quotes(id)),
                      {"region", "application", "stage", "downtime_budget", "controller", "bindings", "image", "labels", "windows"}, draft.problems);
  const std::string path = "environments/" + id;
  Environment environment;
  environment.id = id;
  environment.region = fields.text("region", Need::required);
  environment.application = fields.text("application", Need::required);
  environment.stage = read_word(fields, "stage", Need::optional, kStages, environment.stage, draft);
  if (const std::string text = fields.text("downtime_budget", Need::optional); !text.empty()) {
    environment.downtime_budget = parse_short_duration(text);
    if (!environment.downtime_budget)
      fields.problem("downtime_budget", fmt::format("{} is not a duration; write 90s, 5m or 1h30m", in_quotes(text)));
  }
  environment.image = fields.text("image", Need::optional);
  environment.windows = read_windows(fields);
  environment.labels = read_labels(fields, draft);
  if (const YamlNode* node = fields.map("controller", Need::optional))
    environment.controller = read_controller(*node, fields.what(), draft);
  if (const YamlNode* node = fields.list("bindings", Need::optional))
    for (const YamlNode* item : node->items) {
      const std::size_t number = environment.bindings.size();
      environment.bindings.push_back(read_binding(*item, fmt::format("{}: binding {}", fields.what(), number + 1),
                                                  fmt::format("{}/bindings/{}", path, number),
                                                  environment.controller.kind != "none", draft));
    }
  draft.remember(path, &place);
  draft.remember(path + "/region", fields.find("region", Need::optional));
  draft.fleet.environments.emplace(id, std::move(environment));
}

}  // namespace pgconvoy
