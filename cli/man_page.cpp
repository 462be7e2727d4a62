#include "cli/man_page.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace pgconvoy::cli {
namespace {

std::string name_of_page(const CommandPage& page) {
  std::string name = "pgconvoy";
  for (const std::string& word : page.path) name += "-" + word;
  return name;
}

// What roff would take for something else: backslashes, hyphens that are to be typed, lines that begin with a dot or a quote.
std::string roff(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    begins = c == '\n';
  }
  return out;
}

std::string synopsis(const CommandPage& page) {
  std::string text = ".B " + roff(page.spelled()) + "\n";
  if (!page.children.empty()) text += ".I COMMAND\n";
  text += "[\\fIOPTION\\fR]...\n";
  for (const CommandOption& option : page.options)
    if (option.positional) text += option.required ? ".I " + roff(option.names.front()) + "\n" : "[\\fI" + roff(option.names.front()) + "\\fR]\n";
  return text;
}

std::string option_lines(const CommandOption& option) {
  std::string text = ".TP\n";
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + ("\\fB" + roff(name) + "\\fR");
  text += names + (option.value.empty() ? "" : " \\fI" + roff(option.value) + "\\fR") + "\n" + roff(option.summary);
  const bool listed = option.summary.find(option.choices.empty() ? "" : option.choices.front()) != std::string::npos;
  if (!option.choices.empty() && !listed) {
    std::string choices;
    for (const std::string& choice : option.choices) choices += (choices.empty() ? "" : ", ") + choice;
    text += roff(": " + choices);
  }
  return text + (option.required && !option.positional ? " (must be given)" : "") + "\n";
}

}  // namespace

std::string man_file_name(const CommandPage& page) { return name_of_page(page) + ".1"; }

std::string man_page(const CommandPage& page, const std::vector<CommandPage>& pages) {
  std::string capital = name_of_page(page);
  std::transform(capital.begin(), capital.end(), capital.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string text = fmt::format(".TH {} 1 \"\" \"pgconvoy {}\" \"pgconvoy\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}", roff(capital), PGCONVOY_VERSION, roff(name_of_page(page)),
                                 roff(page.summary), synopsis(page));
  if (!page.children.empty()) {
    text += ".SH COMMANDS\n";
    for (const CommandPage& other : pages) {
      const bool is_child = other.path.size() == page.path.size() + 1 && std::equal(page.path.begin(), page.path.end(), other.path.begin());
      if (is_child) text += fmt::format(".TP\n.B {}\n{}\n", roff(other.path.back()), roff(other.summary));
    }
  }
  std::vector<std::string> groups;
  for (const CommandOption& option : page.options)
    if (!option.positional && std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  const bool has_arguments = std::any_of(page.options.begin(), page.options.end(), [](const CommandOption& option) { return option.positional; });
  if (has_arguments) text += ".SH ARGUMENTS\n";
  for (const CommandOption& option : page.options)
    if (option.positional) text += option_lines(option);
  text += ".SH OPTIONS\n";
  for (const std::string& group : groups) {
    if (group != "Options") text += ".SS " + roff(group) + "\n";
    for (const CommandOption& option : page.options)
      if (!option.positional && option.group == group) text += option_lines(option);
  }
  if (!page.footer.empty()) text += std::string(page.footer.starts_with("Examples") ? ".SH EXAMPLES\n" : ".SH NOTES\n") + ".nf\n" + roff(page.footer.starts_with("Examples:\n") ? page.footer.substr(10) : page.footer) + "\n.fi\n";
  text += ".SH EXIT STATUS\n0 success; 1 some targets failed; 2 bad input; 3 halted, paused or cancelled; 4 a precondition blocks; 130 interrupted.\n"
          ".SH ENVIRONMENT\n.TP\n.B PGCONVOY_JOURNAL\nThe journal, where --journal isn't given.\n.TP\n.B PGCONVOY_BACKUP_DIRECTORY\nWhere backups go.\n"
          ".TP\n.B NO_COLOR\nNo colours, when it isn't empty. PGPASSFILE and what else libpq knows count, too.\n.SH SEE ALSO\n";
  text += page.path.empty() ? "Each command's own page, such as\n.BR pgconvoy\\-run (1).\n" : ".BR pgconvoy (1)\n";
  return text;
}

}  // namespace pgconvoy::cli
