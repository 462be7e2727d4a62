#include <fmt/format.h>

#include <algorithm>

#include "engine/fleet/fields.hpp"
#include "engine/fleet/nearest.hpp"
#include "engine/fleet/utf8.hpp"
#include "runbooks/references.hpp"
#include "runbooks/yaml.hpp"
#include "runbooks/yaml_values.hpp"

namespace pgconvoy {
namespace {

template <class Things>
std::vector<std::string> names_of(const Things& things) {
  std::vector<std::string> names;
  for (const auto* thing : things) {
    if constexpr (requires { thing->name(); })
      names.push_back(thing->name());
    else
      names.push_back(thing->name);
  }
  return names;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

class Reader {
 public:
  Reader(const OperationRegistry& operations, const ConditionRegistry& conditions)
      : operations_(operations), conditions_(conditions) {}

  ParsedRunbook read(const YamlNode& root) {
    const Fields fields(root, root, "runbook", {"runbook", "summary", "parameters", "preconditions", "operations"},
                        problems_);
    if (fields.is_map()) {
      runbook_.name = fields.text("runbook", Need::required);
      if (!runbook_.name.empty() && !is_name(runbook_.name, '-'))
        fields.problem("runbook", "a runbook's name is made of a-z, 0-9 and -, and begins with a letter");
      if (fields.find("summary", Need::optional)) runbook_.summary = fields.text("summary", Need::optional);
      for (const Entry& entry : fields.entries("parameters", Need::optional)) read_parameter(entry);
      if (const YamlNode* list = fields.list("preconditions", Need::optional))
        for (const YamlNode* item : list->items) read_item(*item, Part::preconditions, runbook_.preconditions);
      if (const YamlNode* list = fields.list("operations", Need::required))
        for (const YamlNode* item : list->items) read_item(*item, Part::operations, runbook_.operations);
    }
    return {std::move(runbook_), problems_.sorted()};
  }

 private:
  enum class Part { preconditions, operations };

  void read_parameter(const Entry& entry) {
    const std::string what = fmt::format("parameter {}", in_quotes(entry.key));
    if (!is_name(entry.key, '_'))
      problems_.add(*entry.place, what + ": a parameter's name is made of a-z, 0-9 and _, and begins with a letter");
    Parameter parameter;
    parameter.name = entry.key;
    const Fields fields(*entry.place, *entry.value, what, {"type", "default", "summary"}, problems_);
    if (const YamlNode* type = fields.find("type", Need::required)) read_type(*type, what, parameter);
    if (fields.find("summary", Need::optional)) parameter.summary = fields.text("summary", Need::optional);
    if (const YamlNode* fallback = fields.find("default", Need::optional)) {
      parameter.fallback = read_value(*fallback, what + ": default", parameter.type);
      if (parameter.fallback.is_string() && parameter.fallback.get<std::string>().find("${") != std::string::npos)
        problems_.add(*fallback, what + ": a default may not refer to parameters");
    }
    runbook_.parameters.push_back(std::move(parameter));
  }

  void read_type(const YamlNode& node, const std::string& what, Parameter& parameter) {
    const std::string text = read_text(node, what + ": type", problems_);
    std::vector<std::string_view> names;
    for (Parameter::Type type :
         {Parameter::Type::text, Parameter::Type::number, Parameter::Type::boolean, Parameter::Type::duration}) {
      names.emplace_back(to_string(type));
      if (text != names.back()) continue;
      parameter.type = type;
      return;
    }
    if (!text.empty())
      problems_.add(node, fmt::format("{}: type must be text, number, boolean or duration, not {}{}", what,
                                      in_quotes(text), problems_.suggest(text, names)));
  }

  // null when it isn't of the type; the problem was added.
  json read_value(const YamlNode& node, const std::string& what, Parameter::Type type) {
    if (node.kind == YamlNode::Kind::scalar) {
      if (node.text.find('\0') != std::string::npos) {
        problems_.add(node, fmt::format("{} must not contain a zero byte", what));
        return nullptr;
      }
      json value = value_of(node, type);
      if (fits(value, type)) return value;
      problems_.add(node, fmt::format("{} must be {}, not {}{}", what, wanted(type), in_quotes(node.text),
                                      node.quoted ? " in quotes" : ""));
    } else {
      problems_.add(node, fmt::format("{} must be {}, not {}", what, wanted(type), describe(node.kind)));
    }
    return nullptr;
  }

  void read_item(const YamlNode& item, Part part, std::vector<RunbookNode>& into) {
    const char* const kind = part == Part::operations ? "operation" : "condition";
    if (item.kind == YamlNode::Kind::scalar && !item.text.empty()) return read_node(item, nullptr, part, into);
    if (item.kind == YamlNode::Kind::map && item.entries.size() == 1) {
      const auto [key, value] = item.entries.front();
      if (key->kind == YamlNode::Kind::scalar && !key->text.empty())
        return read_node(*key, value->kind == YamlNode::Kind::null ? nullptr : value, part, into);
    }
    problems_.add(item,
                  item.kind == YamlNode::Kind::map && item.entries.size() > 1
                      ? fmt::format("one {0} an item: put \"- \" before each, and indent what belongs to it", kind)
                      : fmt::format("{}expected the name of {} {}",
                                    item.kind == YamlNode::Kind::null ? "an item that ends here is empty: " : "",
                                    part == Part::operations ? "an" : "a", kind));
  }

  // `arguments` is null when there are none.
  void read_node(const YamlNode& name, const YamlNode* arguments, Part part, std::vector<RunbookNode>& into) {
    RunbookNode node;
    node.name = name.text;
    if (part == Part::preconditions) {
      if (const Condition* condition = conditions_.find(node.name))
        read_arguments(name, arguments, condition->parameters(), false, node);
      else
        unknown(name, "condition", names_of(conditions_.all()),
                operations_.find(node.name) || operations_.find_bracket(node.name) ? "operations" : "");
    } else if (const Bracket* bracket = operations_.find_bracket(node.name)) {
      read_arguments(name, arguments, bracket->parameters, true, node);
    } else if (const Operation* operation = operations_.find(node.name)) {
      read_arguments(name, arguments, operation->parameters(), false, node);
    } else {
      std::vector<std::string> known = names_of(operations_.all());
      for (std::string& bracket_name : names_of(operations_.brackets())) known.push_back(std::move(bracket_name));
      unknown(name, "operation", known, conditions_.find(node.name) ? "preconditions" : "");
    }
    into.push_back(std::move(node));
  }

  void unknown(const YamlNode& name, const char* kind, const std::vector<std::string>& known, const char* belongs_to) {
    const std::string where =
        *belongs_to ? fmt::format(" (it belongs to {})", belongs_to) : problems_.suggest(name.text, views(known));
    problems_.add(name, fmt::format("unknown {} {}{}", kind, in_quotes(name.text), where));
  }

  void read_arguments(const YamlNode& name, const YamlNode* map, const std::vector<Parameter>& parameters,
                      bool is_bracket, RunbookNode& node) {
    bool has_operations = false;
    std::vector<Entry> entries;
    if (map && map->kind != YamlNode::Kind::map)
      problems_.add(*map, fmt::format("{}: its arguments must be a mapping, not {}", node.name, describe(map->kind)));
    else if (map)
      entries = read_entries(*map, node.name, problems_);
    for (const Entry& entry : entries) {
      if (entry.key == "operations") {
        has_operations = true;
        read_children(entry, is_bracket, node);
      } else {
        read_argument(entry, parameters, is_bracket, node);
      }
    }
    for (const Parameter& parameter : parameters) {
      const bool is_there =
          std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == parameter.name; });
      if (parameter.fallback.is_null() && !is_there)
        problems_.add(name,
                      fmt::format("{}: missing parameter \"{}\" ({})", node.name, parameter.name, parameter.summary));
    }
    if (is_bracket && !has_operations)
      problems_.add(name,
                    fmt::format("{}: it goes around other operations: give them under \"operations\"", node.name));
  }

  void read_children(const Entry& entry, bool is_bracket, RunbookNode& node) {
    if (!is_bracket) {
      problems_.add(*entry.place, fmt::format("{}: no operations can stand inside of this one", node.name));
    } else if (entry.value->kind != YamlNode::Kind::sequence || entry.value->items.empty()) {
      problems_.add(
          *entry.value,
          fmt::format("{}: operations must be a list with at least one, not {}", node.name,
                      entry.value->kind == YamlNode::Kind::sequence ? "an empty one" : describe(entry.value->kind)));
    } else {
      for (const YamlNode* item : entry.value->items) read_item(*item, Part::operations, node.children);
    }
  }

  void read_argument(const Entry& entry, const std::vector<Parameter>& parameters, bool is_bracket, RunbookNode& node) {
    const auto parameter = std::find_if(parameters.begin(), parameters.end(),
                                        [&](const Parameter& known) { return known.name == entry.key; });
    if (parameter == parameters.end()) {
      std::vector<std::string_view> names;
      for (const Parameter& known : parameters) names.push_back(known.name);
      if (is_bracket) names.push_back("operations");
      problems_.add(*entry.place, fmt::format("{}: unknown parameter {}{}", node.name, in_quotes(entry.key),
                                              problems_.suggest(entry.key, names)));
      return;
    }
    const std::string what = fmt::format("{}: {}", node.name, entry.key);
    if (entry.value->kind == YamlNode::Kind::scalar && entry.value->text.find("${") != std::string::npos) {
      check_references(*entry.value, what, parameter->type);
      node.arguments[entry.key] = entry.value->text;
      return;
    }
    json value = read_value(*entry.value, what, parameter->type);
    if (!value.is_null()) node.arguments[entry.key] = std::move(value);
  }

  void check_references(const YamlNode& node, const std::string& what, Parameter::Type wanted_type) {
    const References references = references_in(node.text);
    if (references.unclosed) return problems_.add(node, fmt::format("{}: \"${{\" without \"}}\"", what));
    for (const std::string& name : references.names) {
      const Parameter* parameter = own_parameter(name);
      if (!parameter) {
        std::vector<std::string_view> names;
        for (const Parameter& known : runbook_.parameters) names.push_back(known.name);
        problems_.add(node, fmt::format("{}: the runbook has no parameter {}{}", what, in_quotes(name),
                                        problems_.suggest(name, names)));
      } else if (references.whole && parameter->type != wanted_type &&
                 !(parameter->type == Parameter::Type::number && wanted_type == Parameter::Type::duration)) {
        problems_.add(node, fmt::format("{} must be {}; parameter \"{}\" is of type {}", what, wanted(wanted_type),
                                        name, to_string(parameter->type)));
      }
    }
    if (!references.whole && wanted_type != Parameter::Type::text)
      problems_.add(node, fmt::format("{} must be {}: one reference alone, or a value", what, wanted(wanted_type)));
  }

  const Parameter* own_parameter(const std::string& name) const {
    for (const Parameter& parameter : runbook_.parameters)
      if (parameter.name == name) return &parameter;
    return nullptr;
  }

  const OperationRegistry& operations_;
  const ConditionRegistry& conditions_;
  Problems problems_;
  Runbook runbook_;
};

}  // namespace

ParsedRunbook parse_runbook(const std::string& yaml, const OperationRegistry& operations,
                            const ConditionRegistry& conditions) {
  ParsedRunbook parsed;
  YamlTree tree = parse_yaml(yaml);
  if (tree.root)
    parsed = Reader(operations, conditions).read(*tree.root);
  else if (tree.problems.empty())
    parsed.problems.push_back({0, 0, "the file is empty; a runbook begins with `runbook: NAME`"});
  else
    parsed.problems = std::move(tree.problems);
  columns_in_characters(without_byte_order_mark(yaml), parsed.problems);
  return parsed;
}

}  // namespace pgconvoy
