#include "conditions/routines_work_on_target.hpp"

#include <fmt/format.h>

#include "conditions/code_of_move.hpp"
#include "conditions/routine_faults.hpp"

namespace pgconvoy {
namespace {

class RoutinesWorkOnTarget final : public Condition {
 public:
  std::string name() const override { return "routines_work_on_target"; }
  std::string summary() const override { return "The sources of functions and procedures use only what the target server still has."; }
  std::vector<std::string> needs() const override { return code_needs(); }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "A restore takes the source of a routine as text and doesn't look into it. One that calls a function, "
               "operator, setting or column of the system that is gone is there afterwards and fails when the app calls it. "
               "When an index, a constraint, a generated column or a materialized view calls it, the restore itself fails. "
               "From 15 on a letter right behind a number (1and) is an error; from 14 on extract() is numeric, and RETURN "
               "QUERY refuses it where double precision is declared.";
    page.reads = "The sources (pg_proc.prosrc) of all routines, of long ones only those in which a removed name occurs, "
                 "token by token: against the functions, operators, columns and settings of both servers.";
    page.silent = "Comments, literals, names in other schemas, variables and columns that are only named alike; functions and "
                  "operators of the same name that the database or an extension has. What EXECUTE runs is read from the "
                  "literals of the routine, other ways to put SQL together can't be seen; nor can the types of operands, "
                  "so only operators count that are gone for all types. In other languages than SQL and PL/pgSQL only calls are found.";
    page.remedies = "Write the routine anew, before the move where that works on both versions. Accept the finding in the fleet "
                    "file when nobody calls it.";
    page.sources = "Release notes of PostgreSQL 14 and 15, \"Migration\"; manual: check_function_bodies.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto known = code_of(name(), move, findings);
      if (!known || known->code->routines == 0) continue;
      const RemovedNames removed = removed_names(known->source, known->target, *known->code, major_of(move.source), major_of(move.target));
      if (removed.empty()) continue;
      for (const RoutineFact& routine : known->code->sources_read ? known->code->sources : known->removed->sources)
        if (const auto faults = routine_faults(routine, removed); !faults.empty()) findings.push_back(finding_of(move, routine, faults));
      if (!known->code->sources_read && known->removed->more_sources > 0) findings.push_back(not_looked_at(name(), move, fmt::format("{} more routines hold a name that is gone, and were not read", known->removed->more_sources),
                                         "mend what is reported, then check again"));
    }
    return findings;
  }

 private:
  Finding finding_of(const Move& move, const RoutineFact& routine, const std::vector<std::string>& faults) const {
    std::string advice;
    for (const std::string& fault : faults)
      if (const std::string other = fault.starts_with("calls ") ? replacement_of("function " + fault.substr(6, fault.size() - 8)) : ""; !other.empty())
        advice += fmt::format("{}in place of {}: {}", advice.empty() ? " (" : "; ", fault.substr(6), other);
    Finding finding;
    finding.severity = routine.evaluated_by.empty() ? Severity::warn : Severity::block;
    finding.condition = name();
    finding.object = fmt::format("function {} in {}", shown_name(routine.name), move.object());
    finding.evidence = shortened(faults, 8) + (routine.evaluated_by.empty() ? "" : "; called by " + shown_name(routine.evaluated_by));
    finding.why = routine.evaluated_by.empty()
                      ? fmt::format("the restore doesn't look into it, and each call fails on PostgreSQL {} (release notes of 14 and 15, Migration)", major_of(move.target))
                      : fmt::format("it is called while the data and indexes are restored, and fails on PostgreSQL {} (release notes of 14 and 15, Migration)",
                                    major_of(move.target));
    finding.remedy = "CREATE OR REPLACE it without that, or accept the finding when nobody calls it" + advice + (advice.empty() ? "" : ")");
    finding.cause = faults.front();
    return finding;
  }
};

}  // namespace

std::unique_ptr<Condition> make_routines_work_on_target() { return std::make_unique<RoutinesWorkOnTarget>(); }

}  // namespace pgconvoy
