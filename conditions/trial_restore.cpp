#include "conditions/trial_restore.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "conditions/moves.hpp"
#include "engine/facts/trial_restore.hpp"

namespace pgconvoy {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

class TrialRestore final : public Condition {
 public:
  std::string name() const override { return "trial_restore"; }
  std::string summary() const override { return "The schema could be restored into a scratch database on the target server (check --trial)."; }
  std::vector<std::string> needs() const override { return {kTrialPart}; }
  std::vector<Parameter> parameters() const override {
    return {{"limit", Parameter::Type::duration, "5m", "How long one trial may take; what it made is removed then, too"}};
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "What no other check knows of is found by trying: definitions that the target server refuses.";
    page.reads = "pg_dump --schema-only of the database, restored with the target's pg_restore into a scratch database on the target server, "
                 "pgconvoy_trial_ and ten characters, owned by a role of the same name. Both are removed at the end, after an error and after Ctrl-C too; "
                 "what a killed check left is removed by the next trial on that server. It is the only check that writes, and only when it is asked for: "
                 "check --trial. Definitions are restored by the administrator; whatever evaluates code of the database's owner by the scratch role, "
                 "which has no rights outside.";
    page.silent = "There are no rows in a trial: what fails because of them (index entries that are too large, constraints, functions that are called) is the "
                  "matter of other conditions. Owners, privileges, users' mappings and subscriptions are not tried, and what names a role that is not there yet.";
    page.remedies = "Change or drop the object on the source; what depends on it comes with it.";
    page.sources = "Manual: pg_dump, pg_restore.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto trial = part<TrialFacts>(move.database.parts, kTrialPart);
      if (!trial) {
        Finding missing = not_known(name(), move, kTrialPart);
        missing.severity = Severity::warn;  // it was asked for by name
        findings.push_back(std::move(missing));
        continue;
      }
      judge(move, *trial, findings);
    }
    return findings;
  }

 private:
  Finding finding(Severity severity, std::string object, std::string evidence, std::string why, std::string remedy) const {
    Finding made;
    made.severity = severity;
    made.condition = name();
    made.object = std::move(object);
    made.evidence = std::move(evidence);
    made.why = std::move(why);
    made.remedy = std::move(remedy);
    return made;
  }

  void judge(const Move& move, const TrialFacts& trial, std::vector<Finding>& findings) const {
    const std::string where = fmt::format("scratch database {} on {}", trial.database, trial.server);
    for (const TrialError& error : trial.errors) {
      Finding failed = finding(Severity::block,
                               error.name.empty() ? move.object() : fmt::format("{} {} in {}", lower(error.type), shown_name(error.name), move.object()),
                               fmt::format("{}: {}", where, error.message), "the target server refuses its definition: the restore would stop at it",
                               "change or drop it on the source, then try again");
      failed.cause = error.message;
      findings.push_back(std::move(failed));
    }
    if (trial.more > 0)
      findings.push_back(finding(Severity::block, move.object(), fmt::format("{}: {} more objects were refused", where, trial.more),
                                 "the restore would stop at them", "mend what stands above, then try again"));
    if (!trial.unfinished_because.empty())
      findings.push_back(finding(Severity::warn, move.object(), fmt::format("{}: the trial came to no end: {}", where, trial.unfinished_because),
                                 "what was not tried is not known", "mend that, or give it more time (limit of trial_restore), then try again"));
    if (!trial.left_behind.empty())
      findings.push_back(finding(Severity::warn, fmt::format("scratch database {}", as_identifier(trial.database)),
                                 fmt::format("it could not be removed from {}: {}", trial.server, trial.left_behind),
                                 "it takes up room there; the next trial on that server removes it", 
                                 fmt::format("DROP DATABASE {0} WITH (FORCE); DROP ROLE {0}", as_identifier(trial.database))));
    if (trial.errors.empty() && trial.unfinished_because.empty() && trial.left_behind.empty())
      findings.push_back(finding(Severity::info, move.object(),
                                 fmt::format("the schema was restored into {} and removed again, in {:.1f} s{}", where, trial.seconds,
                                             trial.left_out.empty() ? "" : "; not tried: " + shortened(trial.left_out)),
                                 "the target server takes its definitions", "nothing to do"));
    else if (trial.consequences > 0)
      findings.push_back(finding(Severity::info, move.object(), fmt::format("{} more objects failed because of those", trial.consequences),
                                 "they depend on what was refused", "mend what stands above, then try again"));
  }
};

}  // namespace

std::unique_ptr<Condition> make_trial_restore() { return std::make_unique<TrialRestore>(); }

}  // namespace pgconvoy
