#include "engine/facts/part.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/facts/document.hpp"

namespace pgconvoy {
namespace {

Task<Result<json>> read_alone(Session& session, Part part) {
  std::string sql = "select " + part.sql(session.server_version());
  CO_TRY(Rows answer, co_await session.query(std::move(sql)));
  auto document = decode_document<json>(std::string("facts ") + part.name, answer);
  if (!document || part.further == nullptr) co_return document;
  std::string more = "select " + part.further(session.server_version());
  CO_TRY(Rows rest, co_await session.query(std::move(more)));
  CO_TRY(const json members, decode_document<json>(std::string("facts ") + part.name, rest));
  if (document->is_object() && members.is_object()) document->update(members);
  co_return document;
}

}  // namespace

namespace {

// Each once, in order.
std::vector<std::string> presences(const std::vector<Part>& parts, const std::set<std::string>& wanted) {
  std::vector<std::string> found;
  for (const Part& part : parts)
    if (part.present && wanted.contains(part.name) && std::find(found.begin(), found.end(), part.present) == found.end())
      found.emplace_back(part.present);
  return found;
}

}  // namespace

std::string presence_sql(const std::vector<Part>& parts, const std::set<std::string>& wanted) {
  return fmt::format("json_build_array({})", fmt::join(presences(parts, wanted), ",\n"));
}

Parts absent_parts(const std::vector<Part>& parts, const std::set<std::string>& wanted, const json& presence) {
  const std::vector<std::string> asked = presences(parts, wanted);
  Parts absent;
  for (const Part& part : parts) {
    if (!part.present || !wanted.contains(part.name)) continue;
    const auto at = static_cast<std::size_t>(std::find(asked.begin(), asked.end(), part.present) - asked.begin());
    if (presence.is_array() && at < presence.size() && presence[at] == json(false)) absent[part.name] = json::parse(part.absent);
  }
  return absent;
}

namespace {

constexpr const char* kStart = "pg_postmaster_start_time()::text";

// By server and name. Only the loop's thread comes here.
struct KnownUntilRestart {
  std::string start;
  Shared<json> document;
};
std::map<std::pair<std::string, std::string>, KnownUntilRestart>& known_until_restart() {
  static std::map<std::pair<std::string, std::string>, KnownUntilRestart> known;
  return known;
}

// One document for all servers that say the same: what is made of it is made once for them, too.
Shared<json> shared_with_others(const std::string& name, json document) {
  for (const auto& [place, known] : known_until_restart())
    if (place.second == name && *known.document == document) return known.document;
  return document;
}

std::string sql_of(const Session& session, const Part& part) {
  const std::string sql = part.sql(session.server_version());
  if (!part.until_restart) return sql;
  const auto known = known_until_restart().find({session.server(), part.name});
  return known == known_until_restart().end() ? sql : fmt::format("case when {} = {} then null else {} end", kStart, quote_literal(known->second.start), sql);
}

json document_of(const std::string& text) {
  json document = json::parse(text, nullptr, false);
  return document.is_discarded() ? json{{"unreadable_because", "the server's answer is no document"}} : document;
}

}  // namespace

Task<Result<Parts>> read_parts(Session& session, const std::vector<Part>& parts, std::set<std::string> wanted) {
  Parts found;
  std::vector<Part> asked;
  std::string sql;
  std::size_t statements = 0;
  // A statement each, in one message: one statement with all of them is planned in one piece, for which the server takes more
  // memory than all of them one after the other, and that is much of its time.
  for (const Part& part : parts)
    if (wanted.contains(part.name)) {
      sql += fmt::format("select ({}){};\n", sql_of(session, part), part.until_restart ? std::string(", ") + kStart : "");
      if (part.further != nullptr) sql += fmt::format("select ({});\n", part.further(session.server_version()));
      statements += part.further != nullptr ? 2 : 1;
      asked.push_back(part);
    }
  if (asked.empty()) co_return found;
  auto answers = co_await session.script(std::move(sql));
  if (answers && answers->size() == statements) {
    auto answer = answers->begin();
    for (const Part& part : asked) {
      const Value& value = answer->rows.at(0).at(0);
      json document = document_of(value.value_or(""));
      if (part.further != nullptr) {
        ++answer;
        const json members = document_of(answer->text(0, 0));
        if (document.is_object() && members.is_object()) document.update(members);
      }
      if (part.until_restart) {
        KnownUntilRestart& known = known_until_restart()[{session.server(), part.name}];
        if (value) known = {answer->text(0, 1), shared_with_others(part.name, std::move(document))};
        found[part.name] = known.document;
      } else {
        found[part.name] = std::move(document);
      }
      ++answer;
    }
    co_return found;
  }
  for (const Part& part : asked) {
    if (!session.usable()) co_return answers ? Error(ErrorKind::unreachable, "the session ended").on(session.server()) : answers.error();
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
