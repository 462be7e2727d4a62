#include "engine/facts/part.hpp"

#include <fmt/format.h>

#include "engine/facts/document.hpp"

namespace pgconvoy {
namespace {

Task<Result<json>> read_alone(Session& session, Part part) {
  std::string sql = "select " + part.sql(session.server_version());
  CO_TRY(Rows answer, co_await session.query(std::move(sql)));
  co_return decode_document<json>(std::string("facts ") + part.name, answer);
}

}  // namespace

Task<Result<Parts>> read_parts(Session& session, const std::vector<Part>& parts,
                                                     std::set<std::string> wanted) {
  Parts found;
  std::vector<Part> asked;
  std::string sql;
  for (const Part& part : parts)
    if (wanted.contains(part.name)) {
      sql += fmt::format("{}({})", asked.empty() ? "select " : ",\n", part.sql(session.server_version()));
      asked.push_back(part);
    }
  if (asked.empty()) co_return found;
  auto answer = co_await session.query(std::move(sql));
  if (answer) {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      json document = json::parse(answer->text(0, i), nullptr, false);
      if (document.is_discarded()) document = {{"unreadable_because", "the server's answer is no document"}};
      found[asked[i].name] = std::move(document);
    }
    co_return found;
  }
  for (const Part& part : asked) {
    if (!session.usable()) co_return answer.error();
    auto alone = co_await read_alone(session, part);
    if (alone)
      found[part.name] = *std::move(alone);
    else
      found[part.name] = json{{"unreadable_because", describe(alone.error())}};
  }
  co_return found;
}

std::string unreadable(const Parts& parts, const std::string& name) {
  const auto found = parts.find(name);
  if (found == parts.end()) return "it was not read";
  return found->second->is_object() ? found->second->value("unreadable_because", "") : "";
}

}  // namespace pgconvoy
