#include "operations/archive_portions.hpp"

#include <map>

namespace pgconvoy {
namespace {

bool as_tenant(Pass pass) {
  return pass == Pass::define_as_tenant || pass == Pass::attach || pass == Pass::load || pass == Pass::attach_indexes ||
         pass == Pass::link || pass == Pass::refresh;
}

class Portions {
 public:
  Portions(std::vector<ArchiveEntry> entries, std::string database_owner, std::set<std::string> parents)
      : entries_(std::move(entries)), database_owner_(std::move(database_owner)), parents_(std::move(parents)) {}

  // Who is no superuser gives objects away only to those who may make such themselves: schemas come first, so that rights
  // on them can be lent, and privileges by themselves, so that what was lent isn't taken for what was granted.
  std::vector<Portion> make_without_superuser() {
    for (ArchiveEntry& entry : entries_)
      if (entry.type == "SCHEMA") entry.pass = Pass::schemas;
    // The built-in one belongs to whom the server gives it to.
    std::erase_if(entries_, [](const ArchiveEntry& entry) { return entry.line.find(" 2615 2200 SCHEMA - public ") != std::string::npos; });
    in_order({Pass::schemas}, "schemas");
    return make();
  }

  std::vector<Portion> make() {
    in_order({Pass::define, Pass::define_as_tenant}, "define");
    in_order({Pass::administrator}, "administrator's data");
    together(Pass::attach, "attach");
    by_owner(Pass::load, "load");
    together(Pass::attach_indexes, "attach indexes");
    in_order({Pass::privileges}, "privileges");
    if (!portions_.empty() && portions_.back().pass == Pass::privileges) portions_.back().alone = true;
    by_owner(Pass::link, "link");
    in_order({Pass::finish}, "finish");
    in_order({Pass::refresh, Pass::refresh_superusers}, "refresh");
    in_order({Pass::last}, "last");
    return merged();
  }

 private:
  std::set<std::string> rights_for(const ArchiveEntry& entry) const {
    if (!as_tenant(entry.pass)) return {};
    return {entry.owner.empty() ? database_owner_ : entry.owner};
  }
  void in_order(std::set<Pass> passes, const std::string& title) {
    bool fresh = true;
    for (const ArchiveEntry& entry : entries_) {
      if (!passes.contains(entry.pass)) continue;
      if (fresh || portions_.back().owners != rights_for(entry)) portions_.push_back({entry.pass, title, rights_for(entry), "", {}, false});
      portions_.back().lines += entry.line + "\n";
      if (!entry.owner.empty()) portions_.back().given_to.insert(entry.owner);
      portions_.back().alone |= entry.pass == Pass::schemas;
      fresh = false;
    }
  }
  void by_owner(Pass pass, const std::string& title) {
    std::map<std::set<std::string>, std::string> lines;
    for (const ArchiveEntry& entry : entries_)
      if (entry.pass == pass) lines[rights_for(entry)] += entry.line + "\n";
    for (auto& [owners, text] : lines) portions_.push_back({pass, title, owners, std::move(text), {}, false});
  }
  void together(Pass pass, const std::string& title) {
    Portion all{pass, title, {}, "", {}, false};
    for (const ArchiveEntry& entry : entries_) {
      if (entry.pass != pass) continue;
      all.lines += entry.line + "\n";
      all.owners.merge(rights_for(entry));
    }
    if (all.lines.empty()) return;
    all.owners.insert(parents_.begin(), parents_.end());
    portions_.push_back(std::move(all));
  }

  // What follows each other with the same rights is one call: most databases have one owner.
  std::vector<Portion> merged() {
    std::vector<Portion> calls;
    for (Portion& portion : portions_) {
      if (calls.empty() || calls.back().owners != portion.owners || portion.pass == Pass::last || calls.back().alone || portion.alone) {
        calls.push_back(std::move(portion));
        continue;
      }
      Portion& call = calls.back();
      if (call.title != portion.title) call.title += " and " + portion.title;
      if (portion.pass == Pass::load) call.pass = portion.pass;
      call.lines += portion.lines;
      call.given_to.merge(portion.given_to);
    }
    return calls;
  }

  std::vector<ArchiveEntry> entries_;
  std::string database_owner_;
  std::set<std::string> parents_;
  std::vector<Portion> portions_;
};

}  // namespace

std::vector<Portion> portions_of(PortionsOf what) {
  Portions portions(std::move(what.entries), std::move(what.database_owner), std::move(what.parents));
  return what.superuser ? portions.make() : portions.make_without_superuser();
}

}  // namespace pgconvoy
