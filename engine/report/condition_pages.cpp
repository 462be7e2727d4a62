#include <fmt/format.h>

#include "engine/report/check_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::report {
namespace {

struct PagePart {
  const char* title;
  std::string text;
};

std::vector<PagePart> parts_of(const Condition& condition) {
  const ConditionPage page = condition.page();
  return {{"Why", page.why},
          {"What is read", page.reads},
          {"What stays silent", page.silent},
          {"Remedies", page.remedies},
          {"Sources", page.sources}};
}

std::string matters_to(const Condition& condition) {
  const int since = condition.page().since;
  return since == 0 ? "every move" : fmt::format("moves from a version before {0} to {0} or a newer one", since);
}

}  // namespace

std::string condition_page(const Condition& condition, const Style& style, std::size_t width) {
  const std::size_t limit = width == 0 ? 100000 : width;
  std::string text = fmt::format("{}\n{}\n", style.bold(condition.name()), wrapped(condition.summary(), limit, 0));
  text += style.dim(fmt::format("Matters to {}.", matters_to(condition))) + "\n";
  for (const PagePart& part : parts_of(condition))
    if (!part.text.empty()) text += fmt::format("\n{}\n  {}\n", style.bold(part.title), wrapped(part.text, limit, 2));
  if (const auto parameters = condition.parameters(); !parameters.empty()) {
    text += "\n" + style.bold("Arguments in a runbook") + "\n";
    for (const Parameter& parameter : parameters)
      text += fmt::format("  {}  {}{}\n      {}\n", style.name(parameter.name), to_string(parameter.type),
                          parameter.fallback.is_null() ? ", must be given" : ", default " + parameter.fallback.dump(),
                          wrapped(parameter.summary, limit, 6));
  }
  return text;
}

std::string conditions_markdown(const std::vector<const Condition*>& conditions) {
  std::string text =
      "# Conditions\n\nWhat `pgconvoy check` looks at before anything is touched. This page is written by\n"
      "`pgconvoy check --explain all --output markdown`; `pgconvoy check --explain NAME` shows one of them.\n";
  for (const Condition* condition : conditions) {
    text += fmt::format("\n## {}\n\n{} Matters to {}.\n", condition->name(), condition->summary(), matters_to(*condition));
    for (const PagePart& part : parts_of(*condition))
      if (!part.text.empty()) text += fmt::format("\n**{}** {}\n", part.title, wrapped(part.text, 116, 0));
    for (const Parameter& parameter : condition->parameters())
      text += fmt::format("\n`{}` ({}{}): {}\n", parameter.name, to_string(parameter.type),
                          parameter.fallback.is_null() ? ", must be given" : ", default " + parameter.fallback.dump(), parameter.summary);
  }
  return text;
}

}  // namespace pgconvoy::report
