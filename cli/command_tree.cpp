#include "cli/command_tree.hpp"

namespace pgconvoy::cli {
namespace {

// CLI11 keeps what a value may be inside of its check; what the check says of a value that nobody takes names them.
std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> choices;
  for (int index = 0;; ++index) {
    const CLI::Validator* check = nullptr;
    try {
      check = const_cast<CLI::Option&>(option).get_validator(index);  // it only looks
    } catch (const CLI::OptionNotFound&) {
      return choices;
    }
    if (check == nullptr) return choices;
    std::string nobody = "\x01";
    const std::string said = (*check)(nobody);
    const std::size_t begin = said.find(" not in {");
    if (begin == std::string::npos || said.back() != '}') continue;
    std::string word;
    for (const char c : said.substr(begin + 9)) {
      if (c != ',' && c != '}') {
        word += c;
        continue;
      }
      if (!word.empty()) choices.push_back(std::move(word));
      word.clear();
    }
  }
}

CommandOption option_of(const CLI::Option& option) {
  CommandOption known;
  known.positional = option.get_positional() && option.get_snames().empty() && option.get_lnames().empty();
  for (const std::string& name : option.get_snames()) known.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) known.names.push_back("--" + name);
  if (known.positional) known.names.push_back(option.get_name(true));
  const bool takes_value = option.get_items_expected_max() > 0;
  if (takes_value && !known.positional) known.value = option.get_type_name().empty() ? "TEXT" : option.get_type_name();
  known.summary = option.get_description();
  known.group = option.get_group();
  known.required = option.get_required();
  known.choices = choices_of(option);
  return known;
}

void append_pages(const CLI::App& command, std::vector<std::string> path, std::vector<CommandPage>& pages) {
  CommandPage page;
  page.path = path;
  page.summary = command.get_description();
  page.footer = command.get_footer();
  for (const CLI::Option* option : command.get_options())
    if (!option->get_group().empty()) page.options.push_back(option_of(*option));
  const auto children = command.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
  for (const CLI::App* child : children) page.children.push_back(child->get_name());
  pages.push_back(std::move(page));
  for (const CLI::App* child : children) {
    std::vector<std::string> below = path;
    below.push_back(child->get_name());
    append_pages(*child, std::move(below), pages);
  }
}

}  // namespace

std::string CommandPage::spelled() const {
  std::string text = "pgconvoy";
  for (const std::string& word : path) text += " " + word;
  return text;
}

std::vector<CommandPage> command_pages(const CLI::App& app) {
  std::vector<CommandPage> pages;
  append_pages(app, {}, pages);
  return pages;
}

}  // namespace pgconvoy::cli
