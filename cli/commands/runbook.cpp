#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/planning.hpp"
#include "cli/show_report.hpp"
#include "engine/report/operation_pages.hpp"
#include "engine/report/step_pages.hpp"
#include "engine/report/table.hpp"
#include "runbooks/catalogue.hpp"
#include "runbooks/validate.hpp"
#include "runbooks/yaml.hpp"

namespace pgconvoy::cli {
namespace {

int list_runbooks(const GlobalOptions& globals) {
  const std::vector<Runbook> all = builtin_runbooks();
  if (!globals.output.text()) {
    json document{{"version", 1}, {"kind", "runbooks"}};
    document["runbooks"] = json::array();
    for (const Runbook& runbook : all) document["runbooks"].push_back({{"name", runbook.name}, {"summary", runbook.summary}});
    write_json(globals.output, document);
    return kSuccess;
  }
  report::Table table({{"runbook"}, {"what it does"}});
  for (const Runbook& runbook : all) table.add({runbook.name, runbook.summary});
  write_out(table.text(globals.output.style(), 0));
  return kSuccess;
}

std::string arguments_text(const json& arguments) {
  std::string text;
  for (const auto& entry : arguments.items())
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", entry.key(),
                        entry.value().is_string() ? entry.value().get<std::string>() : entry.value().dump());
  return text.empty() ? "" : "  (" + report::shown(text) + ")";
}

void append_nodes(std::string& text, const std::vector<RunbookNode>& nodes, std::size_t indent, const Application& application,
                  const report::Style& style) {
  for (const RunbookNode& node : nodes) {
    std::string summary;
    if (const Operation* operation = application.operations().find(node.name)) summary = operation->summary();
    if (const Bracket* bracket = application.operations().find_bracket(node.name)) summary = bracket->summary;
    if (const Condition* condition = application.conditions().find(node.name)) summary = condition->summary();
    text += fmt::format("{}{}{}\n", std::string(indent, ' '), style.name(node.name), arguments_text(node.arguments));
    if (!summary.empty()) text += fmt::format("{}{}\n", std::string(indent + 4, ' '), style.dim(summary));
    append_nodes(text, node.children, indent + 2, application, style);
  }
}

int show(const GlobalOptions& globals, const std::string& name) {
  const Application application(globals.seams);
  auto runbook = read_runbook(application, name);
  if (!runbook) return fail(globals.output, runbook.error());
  if (globals.format == "yaml") {
    write_out(runbook_to_yaml(*runbook));
    return kSuccess;
  }
  if (!globals.output.text()) {
    json document = *runbook;
    document["version"] = 1;
    document["kind"] = "runbook";
    write_json(globals.output, document);
    return kSuccess;
  }
  const report::Style style = globals.output.style();
  std::string text = fmt::format("{}: {}\n", style.bold(runbook->name), report::shown(runbook->summary));
  if (!runbook->parameters.empty()) text += "\nparameters (--set name=value)\n";
  for (const Parameter& parameter : runbook->parameters)
    text += fmt::format("  {}  {}{}\n      {}\n", style.name(parameter.name), to_string(parameter.type),
                        parameter.fallback.is_null() ? ", must be given" : ", default " + parameter.fallback.dump(),
                        style.dim(parameter.summary));
  text += "\npreconditions\n";
  append_nodes(text, runbook->preconditions, 2, application, style);
  text += "\noperations\n";
  append_nodes(text, runbook->operations, 2, application, style);
  write_out(text);
  return kSuccess;
}

int explain_steps(const GlobalOptions& globals, const std::string& name) {
  const Application application(globals.seams);
  auto runbook = read_runbook(application, name);
  if (!runbook) return fail(globals.output, runbook.error());
  const auto pages = report::step_pages(*runbook, application.operations());
  if (globals.format == "markdown") {
    write_out(report::step_pages_markdown(*runbook, pages));
  } else if (globals.output.text()) {
    write_out(report::step_pages_text(*runbook, pages, globals.output.style(), text_width()));
  } else {
    json document{{"version", 1}, {"kind", "runbook_steps"}, {"runbook", runbook->name}, {"steps", json::array()}};
    for (const report::StepPage& page : pages)
      document["steps"].push_back({{"operation", page.operation}, {"bracket", page.bracket}, {"what", page.what}, {"state", page.now}, {"then", page.then},
                                   {"way_out", page.way_out}, {"ways", page.ways}});
    write_json(globals.output, document);
  }
  return kSuccess;
}

int list_operations(const GlobalOptions& globals) {
  const Application application(globals.seams);
  if (globals.format == "markdown") {
    write_out(report::operation_pages_markdown(application.operations()));
  } else if (globals.output.text()) {
    write_out(report::operation_pages_text(application.operations(), globals.output.style(), text_width()));
  } else {
    json document = report::operation_pages_json(application.operations());
    document["version"] = 1;
    document["kind"] = "operations";
    write_json(globals.output, document);
  }
  return kSuccess;
}

int validate_command(const GlobalOptions& globals, const std::string& name) {
  const Application application(globals.seams);
  auto parsed = parse_runbook_file(application, name);
  if (!parsed) return fail(globals.output, parsed.error());
  std::vector<FileProblem> problems = parsed->problems;
  const Runbook* runbook = &parsed->runbook;
  if (problems.empty()) {
    auto good = pgconvoy::validate(*runbook, application.operations(), application.conditions());
    if (!good && globals.output.text()) return fail(globals.output, good.error());
    if (!good) problems.push_back({0, 0, good.error().message});
  }
  if (!problems.empty() && globals.output.text())
    return fail(globals.output, Error(ErrorKind::usage, format_problems(name, problems), "pgconvoy runbook show NAME --output yaml shows a good one"));
  if (!problems.empty()) {
    json document{{"version", 1}, {"kind", "runbook_validate"}, {"valid", false}};
    document["problems"] = json::array();
    for (const FileProblem& problem : problems)
      document["problems"].push_back({{"line", problem.line}, {"column", problem.column}, {"message", problem.message}});
    write_json(globals.output, document);
    return kBadInput;
  }
  if (globals.output.text())
    write_out(fmt::format("runbook {} is good: {}, {} at the top\n", report::shown(runbook->name),
                          report::count(static_cast<std::int64_t>(runbook->preconditions.size()), "precondition"),
                          report::count(static_cast<std::int64_t>(runbook->operations.size()), "operation")));
  else
    write_json(globals.output, {{"version", 1}, {"kind", "runbook_validate"}, {"valid", true}, {"problems", json::array()}});
  return kSuccess;
}

}  // namespace

void add_runbook_commands(CLI::App& app, Invocation& invocation) {
  CLI::App* group = app.add_subcommand("runbook", "Runbooks: list, show, explain, validate, and the operations that they may name");
  group->require_subcommand(1);

  CLI::App* listing = group->add_subcommand("list", "The runbooks that come with pgconvoy");
  add_globals(*listing, invocation.globals);
  listing->callback([&invocation] { invocation.action = [&invocation] { return list_runbooks(invocation.globals); }; });

  CLI::App* showing = group->add_subcommand("show", "Parameters, preconditions and operations of a runbook");
  auto shown = std::make_shared<std::string>();
  showing->add_option("NAME", *shown, "Name of a runbook, or a file")->type_name("")->required();
  add_globals(*showing, invocation.globals, {"text", "yaml", "json", "jsonl"});
  showing->footer(
      "Examples:\n"
      "  pgconvoy runbook show postgres-13-to-15\n"
      "  pgconvoy runbook show postgres-13-to-15 --output yaml > own.yaml    (then: run --runbook ./own.yaml)");
  showing->callback([&invocation, shown] { invocation.action = [&invocation, shown] { return show(invocation.globals, *shown); }; });

  CLI::App* explaining = group->add_subcommand("explain", "For each step: what state a failure leaves, what happens then, and the way out");
  auto explained = std::make_shared<std::string>();
  explaining->add_option("NAME", *explained, "Name of a runbook, or a file")->type_name("")->required();
  add_globals(*explaining, invocation.globals, {"text", "markdown", "json", "jsonl"});
  explaining->footer("Examples:\n  pgconvoy runbook explain postgres-13-to-15\n  pgconvoy runbook explain postgres-13-to-15 --output markdown > docs/steps.md");
  explaining->callback([&invocation, explained] { invocation.action = [&invocation, explained] { return explain_steps(invocation.globals, *explained); }; });

  CLI::App* reference = group->add_subcommand("operations", "What a runbook may name: operations and brackets with their parameters");
  add_globals(*reference, invocation.globals, {"text", "markdown", "json", "jsonl"});
  reference->footer("Examples:\n  pgconvoy runbook operations\n  pgconvoy runbook operations --output markdown > docs/operations.md");
  reference->callback([&invocation] { invocation.action = [&invocation] { return list_operations(invocation.globals); }; });

  CLI::App* validation = group->add_subcommand("validate", "Every problem of a runbook file, with line and column");
  auto file = std::make_shared<std::string>();
  validation->add_option("FILE", *file, "A file, or the name of a runbook")->type_name("")->required();
  add_globals(*validation, invocation.globals);
  validation->callback(
      [&invocation, file] { invocation.action = [&invocation, file] { return validate_command(invocation.globals, *file); }; });
}

}  // namespace pgconvoy::cli
