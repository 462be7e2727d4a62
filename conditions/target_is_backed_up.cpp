#include "conditions/target_is_backed_up.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conditions/moves.hpp"
#include "engine/facts/care.hpp"

namespace pgconvoy {
namespace {

class TargetIsBackedUp final : public Condition {
 public:
  std::string name() const override { return "target_is_backed_up"; }
  std::string summary() const override { return "The target server is archived, replicated and watched as the source server is."; }
  std::vector<std::string> needs() const override { return {kCarePart, kSiteCarePart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Backup and monitoring are part of a database. A new server that nobody archives or watches works well until the day on "
               "which it is needed.";
    page.reads = "On both servers: archive_mode and its command, pg_stat_archiver, physical receivers in pg_stat_replication, and roles "
                 "that may read statistics of others. What the target server's `care` program answers, when the fleet file names one.";
    page.silent = "A target that has all that the source has, or more. Backups that are made from outside with a dump, and monitoring by "
                  "superusers, can't be seen: that is what `care` is for.";
    page.remedies = "Set up on the target what the source has, or accept the finding with a reason where something else does it.";
    page.sources = "Manual: Continuous Archiving, pg_stat_archiver, pg_stat_replication; Predefined Roles.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    std::set<std::string> said;
    for (const Move& move : moves_of(facts)) {
      if (!said.insert(move.source.server + "\n" + move.target.server).second) continue;
      const auto here = part<CareFact>(move.source.parts, kCarePart), there = part<CareFact>(move.target.parts, kCarePart);
      if (here && there) examine(move, *here, *there, findings);
      const auto site = part<SiteCareFact>(move.target.parts, kSiteCarePart);
      if (site) hear(move, *site, findings);
    }
    return findings;
  }

 private:
  void add(std::vector<Finding>& findings, const Move& move, std::string evidence, std::string why, std::string remedy) const {
    findings.push_back({Severity::warn, name(), "server " + move.target.server, std::move(evidence), std::move(why), std::move(remedy), false});
  }

  // The site's own word about the target server.
  void hear(const Move& move, const SiteCareFact& site, std::vector<Finding>& findings) const {
    const std::string detail = site.detail.empty() ? "" : fmt::format(": {}", shown_name(site.detail));
    if (!site.unknown_because.empty()) {
      add(findings, move, fmt::format("its care program failed: {}", shown_name(site.unknown_because)), "nobody has said that it is backed up and monitored",
          "pgconvoy doctor --platform");
      return;
    }
    if (!site.backed_up)
      add(findings, move, "the site's program says that it isn't backed up" + detail, "there would be no way back after a loss of its disks",
          fmt::format("take {} into the backup", move.target.server));
    if (!site.monitored)
      add(findings, move, "the site's program says that it isn't monitored" + detail, "nobody would be told when something is wrong",
          fmt::format("take {} into the monitoring", move.target.server));
  }

  void examine(const Move& move, const CareFact& here, const CareFact& there, std::vector<Finding>& findings) const {
    if (here.archives && !there.archives)
      add(findings, move, fmt::format("it archives no WAL (archive_mode, archive_command); {} does", move.source.server),
          "there would be no way back to a moment between two backups", fmt::format("set up archiving on {} as on {}", move.target.server, move.source.server));
    if (there.archives && there.failed_ago >= 0)
      add(findings, move, fmt::format("its archiver fails: {} s ago, and nothing was archived since", there.failed_ago),
          "WAL that can't be archived is kept, until the disk is full",
          fmt::format("look at archive_command and the log of {}", move.target.server));
    if (!here.standbys.empty() && there.standbys.empty())
      add(findings, move, fmt::format("it has no standby; {} has {}", move.source.server, shown_name(shortened(here.standbys))),
          "if it fails, nothing takes over", fmt::format("make a standby of {}", move.target.server));
    std::vector<std::string> lacking;
    for (const std::string& monitor : here.monitors)
      if (std::find(there.monitors.begin(), there.monitors.end(), monitor) == there.monitors.end()) lacking.push_back(as_identifier(monitor));
    if (!lacking.empty())
      add(findings, move, fmt::format("roles that watch {} don't exist there, or may not read its statistics: {}", move.source.server, shortened(lacking)),
          "nobody would be told when something is wrong", fmt::format("on {}: make the role and GRANT pg_monitor TO {}", move.target.server, shortened(lacking, 20)));
  }
};

}  // namespace

std::unique_ptr<Condition> make_target_is_backed_up() { return std::make_unique<TargetIsBackedUp>(); }

}  // namespace pgconvoy
