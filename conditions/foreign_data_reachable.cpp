#include "conditions/foreign_data_reachable.hpp"

#include <fmt/format.h>

#include "conditions/moves.hpp"
#include "engine/facts/foreign_data.hpp"

namespace pgconvoy {
namespace {

class ForeignDataReachable final : public Condition {
 public:
  std::string name() const override { return "foreign_data_reachable"; }
  std::string summary() const override {
    return "Foreign servers don't lead to where databases are moved away from, and files of foreign tables are on the target's host.";
  }
  std::vector<std::string> needs() const override { return {kForeignDataPart, kForeignPlacesPart}; }

  ConditionPage page() const override {
    ConditionPage page;
    page.why = "Options of a foreign server are restored as they are. One that leads to a database that is moved as well finds nothing "
               "there after its move; one without a host means the server that it is on, which is another by then. file_fdw reads files "
               "of the server's own host.";
    page.reads = "pg_foreign_server and pg_foreign_table; the addresses of the fleet's servers of the same service; whether the target "
                 "server finds the files. User mappings are the matter of dumper_can_read_everything.";
    page.silent = "Servers elsewhere are only told with -v: whether the target's host reaches them, and whether they let it in, isn't tried. "
                  "dblink with a connection in a function's body can't be seen.";
    page.remedies = "ALTER SERVER ... OPTIONS (SET host ...) when the other database has moved; copy the files.";
    page.sources = "Manual: postgres_fdw, file_fdw, dblink, CREATE SERVER.";
    return page;
  }

  std::vector<Finding> evaluate(const TargetFacts& facts, const json&) const override {
    std::vector<Finding> findings;
    for (const Move& move : moves_of(facts)) {
      const auto data = part<ForeignDataFact>(move.database.parts, kForeignDataPart);
      const auto places = part<ForeignPlacesFact>(move.database.parts, kForeignPlacesPart);
      if (!data || !places) {
        findings.push_back(not_known(name(), move, data ? kForeignPlacesPart : kForeignDataPart));
        continue;
      }
      for (const std::string& stale : places->stale) findings.push_back(leads_back(move, stale));
      for (const std::string& file : places->missing_files) findings.push_back(no_file(move, file));
      tell(move, *data, *places, findings);
    }
    return findings;
  }

 private:
  Finding leads_back(const Move& move, const std::string& stale) const {
    const std::string name_of_server = stale.substr(0, stale.find(": "));
    return {Severity::warn, name(), fmt::format("foreign {} in {}", shown_name(name_of_server), move.object()),
            fmt::format("it leads to {}", shown_name(stale.substr(name_of_server.size() + 2))),
            "its options are restored as they are, and databases of that server move: it would find nothing there, or the old state",
            fmt::format("on {} after the move: ALTER SERVER ... OPTIONS (SET host '...', SET port '...')", move.target.server), false};
  }

  Finding no_file(const Move& move, const std::string& file) const {
    const auto end = file.find(": ");
    return {Severity::warn, name(), fmt::format("foreign table {} in {}", shown_name(file.substr(0, end)), move.object()),
            fmt::format("it reads {}, and {} finds no such file", shown_name(file.substr(end + 2)), move.target.server),
            "file_fdw reads files of the server's host: the table is restored, and reading it fails (manual: file_fdw)",
            "copy the file to the target's host before the move, or drop the table", false};
  }

  void tell(const Move& move, const ForeignDataFact& data, const ForeignPlacesFact& places, std::vector<Finding>& findings) const {
    if (!places.files_unknown_because.empty())
      findings.push_back({Severity::warn, name(), move.object(),
                          fmt::format("{} foreign tables read files; whether {} has them can't be read: {}", data.files.size(), move.target.server,
                                      shown_name(places.files_unknown_because)),
                          "file_fdw reads files of the server's host", "look for them there, or check with a superuser in its url", false});
    std::vector<std::string> elsewhere;
    for (const ForeignServerFact& server : data.servers)
      if (server.wrapper != "file_fdw")
        elsewhere.push_back(fmt::format("{} ({}{}{})", shown_name(server.name), server.wrapper, server.host.empty() ? "" : ", ", shown_name(server.host)));
    if (!elsewhere.empty())
      findings.push_back({Severity::info, name(), move.object(), fmt::format("foreign servers: {}", shortened(elsewhere, 10)),
                          "from another host they may not be reachable, or not let it in", fmt::format("try them from the host of {}", move.target.server), false});
  }
};

}  // namespace

std::unique_ptr<Condition> make_foreign_data_reachable() { return std::make_unique<ForeignDataReachable>(); }

}  // namespace pgconvoy
