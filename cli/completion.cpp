#include "cli/completion.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

namespace pgconvoy::cli {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// In single quotes, for any of the three shells.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string quoted_for_fish(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "\\'" : c == '\\' ? "\\\\" : std::string(1, c);
  return out + "'";
}

std::string path_of(const CommandPage& page) { return joined(page.path, " "); }

bool takes_file(const CommandOption& option) { return option.value.find("FILE") != std::string::npos || option.value == "DIR"; }

// " fleet| fleet show|...": what is a command, spelled with a blank before each word.
std::string patterns_of_paths(const std::vector<CommandPage>& pages, const char* between) {
  std::vector<std::string> patterns;
  for (const CommandPage& page : pages)
    if (!page.path.empty()) patterns.push_back("'" + path_of(page) + "'");
  return joined(patterns, between);
}

// What a shell does behind an option that takes a value.
struct ValueWords {
  const char* opening;     // before the patterns: "(" of zsh
  const char* between;     // of them
  std::function<std::string(const std::vector<std::string>& choices)> one_of;
  std::string file;
  std::function<std::string(const std::string& value)> any;
};

// The branches of a `case "PATH BEFORE" in` for every option that takes a value.
std::string branches_of_values(const std::vector<CommandPage>& pages, const ValueWords& words) {
  std::string text;
  for (const CommandPage& page : pages)
    for (const CommandOption& option : page.options) {
      if (option.positional || option.value.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back("'" + path_of(page) + " " + name + "'");
      const std::string statement = !option.choices.empty() ? words.one_of(option.choices) : takes_file(option) ? words.file : words.any(option.value);
      text += fmt::format("    {}{}) {}; return ;;\n", words.opening, joined(patterns, words.between), statement);
    }
  return text;
}

std::string words_after(const CommandPage& page) {
  std::vector<std::string> words = page.children;
  for (const CommandOption& option : page.options)
    if (!option.positional)
      for (const std::string& name : option.names)
        if (name.starts_with("--")) words.push_back(name);
  // What a command takes as its argument, when it is one of a few words.
  for (const CommandOption& option : page.options)
    if (option.positional) words.insert(words.end(), option.choices.begin(), option.choices.end());
  return joined(words, " ");
}

}  // namespace

std::string bash_completion(const std::vector<CommandPage>& pages) {
  std::string text =
      "# Completion of pgconvoy for bash; written by `pgconvoy completion bash`.\n"
      "_pgconvoy() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' word i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    word=\"$path${path:+ }${COMP_WORDS[i]}\"\n"
      "    case $word in\n";
  text += "      " + patterns_of_paths(pages, " | ") + ") path=$word ;;\n    esac\n  done\n";
  text += "  case \"$path $before\" in\n";
  const ValueWords values{"", " | ",
                          [](const std::vector<std::string>& choices) { return fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$current\")", quoted(joined(choices, " "))); },
                          "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")", [](const std::string&) { return std::string("COMPREPLY=()"); }};
  text += branches_of_values(pages, values);
  text += "  esac\n  case $path in\n";
  for (const CommandPage& page : pages) text += fmt::format("    '{}') word={} ;;\n", path_of(page), quoted(words_after(page)));
  return text +
         "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$word\" -- \"$current\")\n}\n"
         "complete -o filenames -F _pgconvoy pgconvoy\n";
}

std::string zsh_completion(const std::vector<CommandPage>& pages) {
  const auto described = [](const std::string& name, const std::string& summary) {
    std::string escaped;
    for (const char c : name) escaped += c == ':' ? "\\:" : std::string(1, c);
    return quoted(escaped + ":" + summary);
  };
  std::string text =
      "#compdef pgconvoy\n# Completion of pgconvoy for zsh; written by `pgconvoy completion zsh`.\n"
      "_pgconvoy() {\n  local path_='' word before=${words[CURRENT-1]}\n  local -a items\n"
      "  for word in ${words[2,CURRENT-1]}; do\n    case \"$path_${path_:+ }$word\" in\n";
  text += "      (" + patterns_of_paths(pages, "|") + ") path_=\"$path_${path_:+ }$word\" ;;\n    esac\n  done\n  case \"$path_ $before\" in\n";
  const ValueWords values{"(", "|", [](const std::vector<std::string>& choices) { return "compadd -- " + joined(choices, " "); }, "_files",
                          [](const std::string& value) { return "_message " + quoted(value); }};
  text += branches_of_values(pages, values);
  text += "  esac\n  case \"$path_\" in\n";
  std::map<std::string, std::string> summaries;
  for (const CommandPage& page : pages) summaries[path_of(page)] = page.summary;
  for (const CommandPage& page : pages) {
    text += fmt::format("    ('{}') items=(", path_of(page));
    for (const std::string& child : page.children)
      text += "\n      " + described(child, summaries[page.path.empty() ? child : path_of(page) + " " + child]);
    for (const CommandOption& option : page.options) {
      if (option.positional)
        for (const std::string& choice : option.choices) text += "\n      " + described(choice, "");
      else
        for (const std::string& name : option.names)
          if (name.starts_with("--")) text += "\n      " + described(name, option.summary);
    }
    text += ") ;;\n";
  }
  return text + "  esac\n  _describe -o pgconvoy items\n}\n_pgconvoy \"$@\"\n";
}

std::string fish_completion(const std::vector<CommandPage>& pages) {
  std::string text =
      "# Completion of pgconvoy for fish; written by `pgconvoy completion fish`.\n"
      "function __pgconvoy_at\n  set -l path ''\n  for word in (commandline -opc)[2..-1]\n    set -l next (string trim \"$path $word\")\n"
      "    if contains -- $next " + patterns_of_paths(pages, " ") + "\n      set path $next\n    end\n  end\n  test \"$path\" = \"$argv\"\nend\n"
      "complete -c pgconvoy -f\n";
  std::map<std::string, std::string> summaries;
  for (const CommandPage& page : pages) summaries[path_of(page)] = page.summary;
  for (const CommandPage& page : pages) {
    const std::string here = fmt::format("complete -c pgconvoy -n \"__pgconvoy_at {}\"", path_of(page));
    for (const std::string& child : page.children)
      text += fmt::format("{} -a {} -d {}\n", here, child, quoted_for_fish(summaries[page.path.empty() ? child : path_of(page) + " " + child]));
    for (const CommandOption& option : page.options) {
      if (option.positional) {
        if (!option.choices.empty()) text += fmt::format("{} -a {}\n", here, quoted_for_fish(joined(option.choices, " ")));
        continue;
      }
      std::string names;
      for (const std::string& name : option.names) names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      std::string value;
      if (!option.choices.empty())
        value = " -x -a " + quoted_for_fish(joined(option.choices, " "));
      else if (takes_file(option))
        value = " -r -F";
      else if (!option.value.empty())
        value = " -x";
      text += fmt::format("{}{}{} -d {}\n", here, names, value, quoted_for_fish(option.summary));
    }
  }
  return text;
}

}  // namespace pgconvoy::cli
