#include "conditions/application_healthy_now.hpp"

#include <fmt/format.h>

namespace pgconvoy {
namespace {

class ApplicationHealthyNow final : public Condition {
 public:
  std::string name() const override { return "application_healthy_now"; }
  std::string summary() const override {
    return "The applications run and are healthy now, with no maintenance page up.";
  }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Whether an app works after the move is told by its health check. One that is down or behind a "
                "page beforehand can't tell, and a failed check after the pivot would undo everything after a "
                "pause for nothing.";
    page.reads = "Each environment's controller: is it running, what does its health URL answer, is the "
                  "maintenance page on.";
    page.silent = "Environments without a controller (kind none), and databases that no environment binds.";
    page.remedies = "Start or mend the app, take the page down when the work is done, or set controller kind none.";
    page.sources = "docs/fleet.md, controller.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const auto& [id, application] : facts.applications) {
      if (application.controller == "none") continue;  // nobody can ask it
      const std::string object = "environment " + id;
      const std::string detail = application.detail.empty() ? "" : ": " + application.detail;
      if (application.page_is_on)
        findings.push_back(
            {Severity::block, name(), object, "its maintenance page is on already" + detail,
             "somebody works on it, or another run left it behind its page; taking the page down at the end would undo "
             "what they want",
             "see pgconvoy status for a run that holds it; otherwise take the page down by hand when the work is done",
             false});
      if (!application.running)
        findings.push_back({Severity::block, name(), object, "it is not running" + detail,
                            "an app that does not run before can't show that it works after: a failure of the move "
                            "could not be told from one that was there",
                            "start it, or set controller kind none for it in the fleet file if it is meant to be off",
                            false});
      else if (!application.healthy)
        findings.push_back({Severity::block, name(), object, "it runs and is not healthy" + detail,
                            "the run waits for it to be healthy on the new database and would undo everything after a "
                            "pause for nothing",
                            application.controller == "exec"
                                ? "mend it first; if it is well, its program answers `health` wrongly: pgconvoy doctor --platform"
                                : "mend it first, or correct health_url of its controller in the fleet file",
                            false});
    }
    return findings;
  }
};

}  // namespace

std::unique_ptr<Condition> make_application_healthy_now() { return std::make_unique<ApplicationHealthyNow>(); }

}  // namespace pgconvoy
