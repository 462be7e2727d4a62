#include "engine/fleet/file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "engine/fleet/references.hpp"
#include "engine/fleet/schema.hpp"
#include "engine/fleet/utf8.hpp"
#include "engine/fleet/yaml_tree.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kLargestFile = 64u << 20;

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

LoadedFleet refused(std::string message) {
  LoadedFleet loaded;
  loaded.problems.push_back({0, 0, std::move(message)});
  return loaded;
}

std::filesystem::path absolute_folder(const std::filesystem::path& folder) {
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(folder.empty() ? "." : folder, ignored);
  return (absolute.empty() ? folder : absolute).lexically_normal();
}

}  // namespace

std::string format_problems(const std::filesystem::path& file, const std::vector<FileProblem>& problems) {
  std::string text;
  for (const FileProblem& problem : problems)
    text += problem.line > 0
                ? fmt::format("{}:{}:{}: {}\n", file.string(), problem.line, problem.column, problem.message)
                : fmt::format("{}: {}\n", file.string(), problem.message);
  return text;
}

LoadedFleet parse_fleet(const std::string& yaml, const std::filesystem::path& folder) {
  LoadedFleet loaded;
  YamlTree tree = parse_yaml(yaml);
  if (tree.root == nullptr && tree.problems.empty())
    return refused("the file is empty; a fleet file begins with `pgconvoy: 1`");
  if (tree.root == nullptr) {
    loaded.problems = std::move(tree.problems);
  } else {
    Draft draft;
    draft.folder = absolute_folder(folder);
    read_fleet(*tree.root, draft);
    check_references(draft);
    loaded.problems = draft.problems.sorted();
    loaded.fleet = std::move(draft.fleet);
  }
  columns_in_characters(without_byte_order_mark(yaml), loaded.problems);
  return loaded;
}

LoadedFleet load_fleet(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return refused("is a directory, not a fleet file");
  const std::unique_ptr<std::FILE, Closer> in(std::fopen(file.c_str(), "rbe"));
  if (!in) return refused(fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string text;
  std::string block(1 << 16, '\0');
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), in.get())) {
    text.append(block, 0, count);
    if (text.size() > kLargestFile) return refused("is larger than 64 MiB, which no fleet file is");
  }
  if (std::ferror(in.get())) return refused(fmt::format("cannot be read: {}", std::strerror(errno)));
  return parse_fleet(text, file.parent_path());
}

}  // namespace pgconvoy
