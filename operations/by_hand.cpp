#include "operations/by_hand.hpp"

#include <fmt/format.h>

#include <map>

namespace pgconvoy {
namespace {

// What stands in the way of a word; "" where nothing does.
struct Objections {
  std::string done;         // when it has no outcome
  std::string skip;         // on the way forward
  std::string skip_undo;    // on the way back
  std::string after_pivot;  // "absent", once the app may have run on the new database
  bool empty_outcome = false;  // later steps only ask whether there is one
};

constexpr const char* kAgain = "pgconvoy retry does it again, pgconvoy rollback goes back";
constexpr const char* kByHand = "bring it about by hand and say --as done (on the way back: --as absent)";

const std::map<std::string, Objections>& all_objections() {
  static const std::map<std::string, Objections> known = [] {
    std::map<std::string, Objections> made;
    const std::string database = "every later step works on the database that it makes";
    Objections& backup = made["backup_collected_services"];
    backup.done = "the restore and the pivot need the backup's file, size and sha256, which only the step itself writes down";
    backup.skip = "nothing goes live without a backup";
    Objections& reprovision = made["reprovision_collected_instances"];
    reprovision.done = "later steps need the oid of the database that it makes, which only the step itself writes down";
    reprovision.skip = database;
    made["restore_backup_to_reprovisioned_services"].skip = "the new database would stay empty";
    made["prepare_reprovisioned_services"].skip = database;
    made["prepare_reprovisioned_services"].done = "the transfer needs what it writes down of the schema that it found";
    made["transfer_to_prepared_services"].skip = "the new database would stay empty";
    made["transfer_to_prepared_services"].done = "that every row came is for pgconvoy to see: nothing goes live on a word";
    made["back_up_after_pivot"].done = backup.done;
    made["back_up_after_pivot"].skip = "the old database may be dropped one day: there would be no backup";
    Objections& verify = made["verify_restored_services"];
    verify.done = "that nothing was lost is for pgconvoy to see: nothing goes live on a word";
    verify.skip = "nothing goes live that wasn't verified";
    Objections& late = made["verify_after_pivot"];
    late.done = "pgconvoy accept says that what was found, or wasn't compared, stays";
    late.skip = late.after_pivot = late.done;
    Objections& analyze = made["analyze_restored_services"];
    analyze.empty_outcome = true;
    analyze.skip = "the pivot asks for statistics: analyse it by hand and say --as done";
    made["collect_service_instances"].skip = "every later step works on what it collects";
    Objections& fence = made["fence_source"];
    fence.skip = "the old database would still take writes while its copy goes live";
    fence.skip_undo = "the application is bound to the old database: it must be reachable when the target is rolled back";
    Objections& enable = made["enable_reprovisioned_services"];
    enable.skip = "the application would stay bound to the fenced database";
    enable.skip_undo = "the application would stay bound to a database that is given up";
    enable.after_pivot = "the application may have run on the new database: whether that received anything is to be compared";
    Objections& redeploy = made["redeploy"];
    redeploy.skip = "the application would not run";
    redeploy.skip_undo = "whether the new database received anything would not be compared";
    redeploy.after_pivot = enable.after_pivot;
    made["pause_poolers"].skip = "the poolers would go on leading clients to a database that is being fenced";
    made["pause_poolers"].skip_undo = "the poolers would hold their clients for ever";
    made["page_on"].skip_undo = "the page would stay on";
    made["page_off"].skip = "the page would stay on";
    made["page_off"].skip_undo = "the application would be seen while it is undone";
    made["stop_app"].skip_undo = "the application would stay stopped";
    return made;
  }();
  return known;
}

Error objection(const StepRecord& step, const std::string& as, const std::string& why, const std::string& instead) {
  return Error(ErrorKind::refused, fmt::format("{} can't be resolved as {}: {}; nothing was changed", step.path, as, why), instead);
}

}  // namespace

Result<json> resolve_by_hand(const TargetRecord& target, const StepRecord& step, const std::string& operation, ByHand as) {
  static const Objections none;
  const auto known = all_objections().find(operation);
  const Objections& objections = known == all_objections().end() ? none : known->second;
  const bool undoing = step.status == StepStatus::undo_started || step.status == StepStatus::undo_failed;
  const std::string name = "r" + std::to_string(target.run) + " " + target.id;
  switch (as) {
    case ByHand::done:
      if (!step.outcome.is_null()) return json();
      if (objections.empty_outcome) return json::object();
      if (!objections.done.empty()) return objection(step, "done", objections.done, kAgain);
      return json();
    case ByHand::absent:
      if (target.pivoted && !objections.after_pivot.empty())
        return objection(step, "absent", objections.after_pivot,
                         fmt::format("pgconvoy retry {0} goes forward; pgconvoy rollback {0} compares, and with --accept-data-loss gives it up", name));
      return json();
    case ByHand::skip:
      break;
  }
  const std::string& why = undoing ? objections.skip_undo : objections.skip;
  if (!why.empty()) return objection(step, "skip", why, kByHand);
  return json();
}

}  // namespace pgconvoy
