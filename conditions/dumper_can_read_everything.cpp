#include "conditions/dumper_can_read_everything.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "conditions/moves.hpp"

namespace pgconvoy {
namespace {

// "table public.a (owner x)": what it is, its quoted name, whose.
struct Thing {
  std::string kind, name, owner;
};

Thing parsed(const std::string& line) {
  Thing thing;
  const std::string mark = " (owner ";
  const auto end = std::min(line.rfind(mark), line.size());
  if (end < line.size()) thing.owner = line.substr(end + mark.size(), line.size() - end - mark.size() - 1);
  std::string what = line.substr(0, end);
  for (const std::string kind : {"row security of table ", "table ", "sequence ", "schema "})
    if (what.starts_with(kind)) {
      thing.kind = kind.substr(0, kind.size() - 1);
      thing.name = what.substr(kind.size());
      return thing;
    }
  thing.kind = std::move(what);
  return thing;
}

class DumperCanReadEverything final : public Condition {
 public:
  std::string name() const override { return "dumper_can_read_everything"; }
  std::string summary() const override {
    return "Our administrator may read all that a dump must hold: tables, rows behind row security, large objects, options.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "pg_dump stops at the first table, sequence or large object that it may not read, and leaves "
                "user mappings out without a word.";
    page.reads = "Privileges of our administrator on every table, sequence and large object, row security that "
                  "applies to it, subscriptions and options of user mappings.";
    page.silent = "Superusers read all. Row security does not matter to a role with BYPASSRLS or to a table's "
                   "owner unless it is forced.";
    page.remedies = "GRANT SELECT or membership of the owner, BYPASSRLS, or a superuser in the url of the source "
                     "server.";
    page.sources = "Manual: pg_dump, Notes; row security policies; pg_user_mappings.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      if (!move.source_known() || move.source.superuser) continue;  // servers_reachable blocks; a superuser reads all
      if (!move.inside_known())
        findings.push_back(not_known(name(), move, "what our administrator may read"));
      else
        examine(move, findings);
    }
    return findings;
  }

 private:
  Finding block(const Move& move, std::string evidence, std::string why, std::string remedy) const {
    return {Severity::block, name(), move.object(), std::move(evidence), std::move(why), std::move(remedy), false};
  }

  void examine(const Move& move, std::vector<Finding>& findings) const {
    const std::string who = as_identifier(move.source.administrator);
    std::map<std::string, std::vector<std::string>> by_owner, hidden_by_owner;
    std::vector<std::string> left_out;
    for (const std::string& line : move.database.unreadable) {
      const Thing thing = parsed(line);
      if (line.starts_with("subscription "))
        left_out.push_back(line);
      else
        (thing.kind.starts_with("row security") ? hidden_by_owner : by_owner)[thing.owner].push_back(line);
    }
    for (const auto& [owner, lines] : by_owner)
      findings.push_back(block(move, fmt::format("{} may not read on {}: {}", who, move.source.server, shortened(lines)),
                               "pg_dump would stop at the first of them, with the app paused; nothing can be compared that "
                               "can't be read",
                               fmt::format("in {}, as {} or a superuser: {}", move.object(), as_identifier(owner),
                                           remedy_for(move, owner, lines))));
    for (const auto& [owner, lines] : hidden_by_owner)
      findings.push_back(block(move, fmt::format("rows are hidden from {} on {}: {}", who, move.source.server, shortened(lines)),
                               "a dump without them would lose them, so pg_dump refuses (row_security = off)",
                               hidden_remedy(move, owner, lines)));
    if (!left_out.empty())
      findings.push_back(block(move, fmt::format("pg_dump as {} on {} leaves out {}", who, move.source.server, shortened(left_out)),
                               "only a superuser may dump a subscription; for others pg_dump passes it over with a warning",
                               "use a superuser in the url of the source server; or DROP SUBSCRIPTION before the move and make it anew "
                               "after it"));
    if (!move.database.hidden_user_mappings.empty())
      findings.push_back(block(move, fmt::format("the options of user mappings are not shown to {} on {}: {}", who,
                                                 move.source.server, shortened(move.database.hidden_user_mappings)),
                               "pg_dump would leave them out without a word: they hold users and passwords of other servers",
                               "use a superuser in the url of the source server; or DROP USER MAPPING before the move and CREATE "
                               "USER MAPPING after it"));
  }

  static bool acts_as(const Move& move, const std::string& role) {
    const auto& roles = move.source.acts_as;
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  }
  static bool is_superuser(const Move& move, const std::string& role) {
    const auto found = move.source.roles.find(role);
    return found != move.source.roles.end() && found->second.superuser;
  }

  // Membership settles all of an owner's at once. Of a superuser nobody becomes a member, and an owner may have taken
  // rights from itself: then each is granted.
  static std::string remedy_for(const Move& move, const std::string& owner, const std::vector<std::string>& lines) {
    const std::string who = as_identifier(move.source.administrator);
    if (!is_superuser(move, owner) && !acts_as(move, owner)) return fmt::format("GRANT {} TO {}", as_identifier(owner), who);
    constexpr std::size_t kNamed = 10;
    std::string sql;
    for (std::size_t i = 0; i < lines.size() && i < kNamed; ++i) {
      const Thing thing = parsed(lines[i]);
      if (!sql.empty()) sql += "; ";
      if (thing.name.empty())
        sql += fmt::format("GRANT SELECT ON LARGE OBJECT each of its (pg_largeobject_metadata) TO {}", who);
      else if (thing.kind == "schema")
        sql += fmt::format("GRANT USAGE ON SCHEMA {} TO {}", thing.name, who);
      else
        sql += fmt::format("GRANT SELECT ON {} {} TO {}", thing.kind == "sequence" ? "SEQUENCE" : "TABLE", thing.name, who);
    }
    if (lines.size() > kNamed) sql += fmt::format("; and so on for {} more", lines.size() - kNamed);
    return sql;
  }

  static std::string hidden_remedy(const Move& move, const std::string& owner, const std::vector<std::string>& lines) {
    const std::string who = as_identifier(move.source.administrator);
    const std::string bypass = fmt::format("as a superuser on {}: ALTER ROLE {} BYPASSRLS", move.source.server, who);
    if (!is_superuser(move, owner) && !acts_as(move, owner))
      return fmt::format("GRANT {} TO {}, or {}", as_identifier(owner), who, bypass);
    return fmt::format("{}; or for the time of the move, where its rows need no guard from {}: ALTER TABLE {} NO FORCE ROW LEVEL "
                       "SECURITY",
                       bypass, as_identifier(owner), parsed(lines.front()).name);
  }
};

}  // namespace

std::unique_ptr<Condition> make_dumper_can_read_everything() { return std::make_unique<DumperCanReadEverything>(); }

}  // namespace pgconvoy
