#include "conditions/no_hidden_load_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "conditions/moves.hpp"
#include "conditions/reads_of_function.hpp"
#include "engine/facts/code.hpp"
#include "engine/facts/load_order.hpp"

namespace pgconvoy {
namespace {

// What is read on the way from an object: by which function, and whether the object only holds when there are rows.
struct DistantRead {
  const ReachedFunction* function;
  const NamedRelation* relation;
  bool wants_rows;
};

// A dump's data goes by schema and name, byte by byte.
bool arrives_later(const LoadedRelation& one, const LoadedRelation& other) {
  return std::tie(one.schema, one.name) > std::tie(other.schema, other.name);
}

bool is_same_relation(const LoadedRelation& one, const LoadedRelation& other) {
  return std::tie(one.schema, one.name) == std::tie(other.schema, other.name);
}

// Why rows of `read` are not there while those of `table` are restored; "" when they are.
std::string absence_of(const LoadedRelation& read, const LoadedRelation& table) {
  if (read.materialized) return fmt::format("materialized view {} is filled after all tables", shown_name(read.shown));
  if (!read.has_rows) return "";
  if (is_same_relation(read, table)) return fmt::format("rows of {} don't see each other while they are restored", shown_name(table.shown));
  if (read.owner != table.owner)
    return fmt::format("{} belongs to another role than {}: the owners' tables are restored one owner after the other, rights on each other's come later",
                       shown_name(read.shown), shown_name(table.shown));
  if (arrives_later(read, table)) return fmt::format("rows of {} are restored after those of {}", shown_name(read.shown), shown_name(table.shown));
  return "";
}

class ReadsOfDatabase {
 public:
  explicit ReadsOfDatabase(const LoadOrderFacts& facts) {
    for (const ReachedFunction& function : facts.functions) {
      functions_[function.oid] = &function;
      reads_[function.oid] = reads_of_function(function, facts.functions);
    }
  }

  std::vector<DistantRead> of(const EvaluatedObject& object) const {
    std::vector<DistantRead> found;
    for (const std::string& oid : object.functions) {
      const auto first = functions_.find(oid);
      if (first == functions_.end()) continue;
      const bool turned = is_turned_around(object.expression, first->second->name);
      std::set<std::string> seen;
      std::vector<std::string> left{oid};
      while (!left.empty()) {
        const std::string next = std::move(left.back());
        left.pop_back();
        const auto reads = reads_.find(next);
        if (reads == reads_.end() || !seen.insert(next).second) continue;
        for (const RelationRead& read : reads->second.relations)
          found.push_back({functions_.at(next), read.relation, read.decides && read.turned == turned});
        left.insert(left.end(), reads->second.calls.begin(), reads->second.calls.end());
      }
    }
    return found;
  }

  bool may_be_inlined(const EvaluatedObject& object) const {
    return std::any_of(object.functions.begin(), object.functions.end(), [this](const std::string& oid) {
      const auto found = functions_.find(oid);
      return found != functions_.end() && found->second->may_be_inlined;
    });
  }

 private:
  std::map<std::string, const ReachedFunction*> functions_;
  std::map<std::string, FunctionReads> reads_;
};

// Why the restore fails; none when it doesn't.
std::optional<std::string> failure_of_order(const EvaluatedObject& object, const std::vector<DistantRead>& reads, bool may_be_inlined) {
  for (const DistantRead& read : reads)
    for (const LoadedRelation& table : object.tables) {
      if (object.kind == "materialized view") {
        for (const LoadedRelation& held : read.relation->holds)
          if (held.materialized && arrives_later(held, table))
            return fmt::format("materialized view {} is filled after {}", shown_name(held.shown), shown_name(table.shown));
        continue;
      }
      if (object.kind == "generated" && may_be_inlined &&
          (read.relation->is_view || (!is_same_relation(read.relation->itself, table) && arrives_later(read.relation->itself, table))))
        return fmt::format("{} is made after {}, whose definition looks into the function", shown_name(read.relation->shown), shown_name(table.shown));
      if (!table.has_rows || (object.kind != "generated" && !read.wants_rows)) continue;
      for (const LoadedRelation& held : read.relation->holds)
        if (const std::string because = absence_of(held, table); !because.empty()) return because;
    }
  return std::nullopt;
}

class NoHiddenLoadOrder final : public Condition {
 public:
  std::string name() const override { return "no_hidden_load_order"; }
  std::string summary() const override {
    return "Constraints, domains, generated columns and materialized views don't read, through functions, what a restore brings later.";
  }
  std::vector<std::string> needs() const override { return {kCodePart, kLoadOrderInquiry}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "PostgreSQL takes it for granted that a CHECK constraint looks at its own row only. One whose function reads "
               "another table holds on the source and fails in the restore, where the rows of one table arrive before those of "
               "the other, since nothing tells that they belong together. So do constraints of domains, generated columns, and a "
               "materialized view whose function reads another one.";
    page.reads = "Constraints (without those that are NOT VALID), generated columns and materialized views that call functions of "
                 "the database, the sources of these and of what they call, and which relations stand behind FROM and JOIN "
                 "there. Then the order in which a dump's tables are restored: by schema and name, one owner after the other.";
    page.silent = "Functions that read nothing, that only name a relation for a type (%ROWTYPE), in a comment or a literal; "
                  "NOT VALID constraints, which a restore doesn't evaluate. What only holds while no row is found (NOT EXISTS), or gives "
                  "NULL without one, and tables that are restored earlier or are empty, are a warning: it works by luck. Languages "
                  "other than SQL and PL/pgSQL can't be read.";
    page.remedies = "Replace it by a foreign key or a trigger; or make the constraint anew as NOT VALID before the move, which "
                    "checks new rows all the same, and validate it afterwards.";
    page.sources = "Manual: CREATE TABLE and Constraints (5.4.1, note on CHECK constraints and other rows), pg_dump.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto known = part<LoadOrderFacts>(move.database.parts, kLoadOrderInquiry);
      if (!known) {
        findings.push_back(not_known(name(), move, kLoadOrderInquiry));
        continue;
      }
      const ReadsOfDatabase database(*known);
      for (const EvaluatedObject& object : known->evaluated) {
        const std::vector<DistantRead> reads = database.of(object);
        if (reads.empty()) continue;
        const auto failing = failure_of_order(object, reads, database.may_be_inlined(object));
        if (failing || object.kind != "materialized view") findings.push_back(finding_of(move, object, reads, failing));
      }
      if (known->more > 0) findings.push_back(not_looked_at(name(), move, fmt::format("{} more constraints, columns and views call functions, and were not looked at", known->more),
                                          "look at them, or restore a copy of the database"));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const EvaluatedObject& object, const std::vector<DistantRead>& reads,
                     const std::optional<std::string>& failing) const {
    std::vector<std::string> shown;
    for (const DistantRead& read : reads) {
      const std::string text = fmt::format("function {} reads {}", shown_name(read.function->shown), shown_name(read.relation->shown));
      if (std::find(shown.begin(), shown.end(), text) == shown.end()) shown.push_back(text);
    }
    Finding finding;
    finding.severity = failing ? Severity::block : Severity::warn;
    finding.condition = name();
    finding.object = fmt::format("{} in {}", shown_name(object.object), move.object());
    finding.evidence = shortened(shown) + (failing ? "; " + *failing : "");
    finding.why = failing ? "the restore fails: a dump doesn't know that one needs the rows of the other (manual: Constraints, pg_dump)"
                          : "it is evaluated again in the restore, and holds there only by the order in which tables arrive (manual: Constraints)";
    finding.remedy = remedy_for(object.kind);
    finding.cause = fmt::format("{} that reads other rows", object.kind == "check" ? "CHECK constraint" : object.kind == "domain" ? "constraint of a domain"
                                : object.kind == "generated" ? "generated column" : "materialized view");
    return finding;
  }

  static std::string remedy_for(const std::string& kind) {
    if (kind == "generated") return "make it an ordinary column that a trigger fills (ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION)";
    if (kind == "materialized view") return "write the query of the other one into it, so that a dump knows the order; or drop it and make it after the move";
    return fmt::format("ALTER {} ... DROP CONSTRAINT ...; and ADD CONSTRAINT ... CHECK (...) NOT VALID before the move, VALIDATE CONSTRAINT after it; or a "
                       "foreign key or a trigger in its place", kind == "domain" ? "DOMAIN" : "TABLE");
  }
};

}  // namespace

std::unique_ptr<Condition> make_no_hidden_load_order() { return std::make_unique<NoHiddenLoadOrder>(); }

}  // namespace pgconvoy
