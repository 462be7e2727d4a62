#include "operations/restore_backup_to_reprovisioned_services.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <set>

#include "engine/postgres/archive_list.hpp"
#include "operations/backup_archive.hpp"
#include "operations/client_call.hpp"
#include "operations/handles.hpp"
#include "operations/lent_rights.hpp"
#include "operations/private_files.hpp"
#include "operations/rehearsal.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {
namespace {

struct RestoreIntent {
  std::string server, system_identifier, name, owner, file;
  std::int64_t oid = 0;
  BackupPlace again;  // where the backup is decrypted, fetched or taken again to, if it must be
};
struct RestoreOutcome {
  int entries = 0;
  int passes = 0;
  std::vector<std::string> owners;  // of what was restored, superusers left out
  std::string archive;              // what was restored from, and why
  json backup;                      // a BackupFile when it was taken again: the journal catalogues it; else null
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RestoreIntent, server, system_identifier, name, owner, file, oid, again)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RestoreOutcome, entries, passes, owners, archive, backup)

// One call of pg_restore.
struct Portion {
  Pass pass;
  std::string title;
  std::set<std::string> owners;  // whose rights it runs with; empty: the administrator's
  std::string lines;
  std::set<std::string> given_to;  // who gets what is made in it
  bool alone = false;              // never one call with what follows
};

bool as_tenant(Pass pass) {
  return pass == Pass::define_as_tenant || pass == Pass::attach || pass == Pass::load || pass == Pass::attach_indexes ||
         pass == Pass::link || pass == Pass::refresh;
}

// The archive in the order in which it is restored. A tenant's portion holds what belongs to one owner, so that none
// gets at another's data; where the order matters (definitions, materialized views) as many portions as owners change.
class Portions {
 public:
  // `parents`: owners of partitioned tables whose partitions are another's.
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

class Restore final : public TypedOperation<RestoreIntent, RestoreOutcome> {
 public:
  std::string name() const override { return "restore_backup_to_reprovisioned_services"; }
  std::string summary() const override {
    return "Restores the backup; COPY, constraints and indexes run in a tenant's session, never in a superuser's.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"jobs", Parameter::Type::number, 1, "Parallel jobs of pg_restore for data and indexes."}};
  }
  std::vector<std::string> rests_on() const override { return {"reprovision_collected_instances"}; }
  Estimate estimate(const EstimateInput& input) const override {
    const auto found = input.facts.databases.find(input.subject);
    if (found == input.facts.databases.end()) return {0.8, false};
    return {0.4 + found->second.relations * 0.002 + static_cast<double>(found->second.table_bytes) / 50e6 +
                static_cast<double>(found->second.index_bytes) / 80e6,
            false};
  }

  Task<Result<RestoreIntent>> plan_effect(StepContext& context) override {
    const std::string id = context.instance().id;
    auto fresh = context.intent<ReprovisionIntent>("reprovision_collected_instances", id);
    auto made = context.outcome<ReprovisionOutcome>("reprovision_collected_instances", id);
    auto backup = context.outcome<BackupOutcome>("backup_collected_services", id);
    if (!fresh || !made || !backup)
      co_return Error(ErrorKind::internal, "a restore needs a new database and a backup of instance " + id);
    RestoreIntent intent;
    intent.server = fresh->server;
    intent.system_identifier = fresh->system_identifier;
    intent.name = fresh->temporary_name;
    intent.owner = fresh->owner;
    intent.file = backup->backup.file;
    intent.oid = made->oid;
    CO_TRY(intent.again, choose_backup_place(context, fmt::format("-a{}", context.attempt)));
    co_return intent;
  }

  Task<Result<RestoreOutcome>> effect(StepContext& context, RestoreIntent intent) override {
    const std::string id = context.instance().id;
    const int major = context.work.facts.servers.at(intent.server).version_number / 10000;
    CO_TRY(const Archive archive, co_await archive_to_restore(context, id, intent.again));
    intent.file = archive.file;
    context.progress(Progress{0, 0, archive.because});
    ClientCall listing;
    listing.program = "pg_restore";
    listing.major = major;
    listing.connects = false;
    listing.arguments = {"--list", intent.file};
    CO_TRY(const std::string list, co_await call_client(context, std::move(listing)));
    CO_TRY(auto entries, co_await classify(context, intent, list));

    RestoreOutcome outcome;
    outcome.archive = archive.because;
    if (archive.made) outcome.backup = *archive.made;
    outcome.entries = static_cast<int>(entries.size());
    std::set<std::string> owners;
    const bool superuser = context.work.facts.servers.at(intent.server).superuser;
    CO_TRY(std::set<std::string> parents, co_await owners_of_parents(context, id));
    Portions split(entries, intent.owner, std::move(parents));
    const std::vector<Portion> portions = superuser ? split.make() : split.make_without_superuser();
    for (const Portion& portion : portions) owners.insert(portion.owners.begin(), portion.owners.end());
    outcome.owners.assign(owners.begin(), owners.end());

    std::error_code problem;
    const std::string path = std::filesystem::weakly_canonical(intent.file, problem).string();
    const auto total = static_cast<std::int64_t>(std::filesystem::file_size(intent.file, problem));
    CO_TRY(const ConnectionSpec administrator, co_await context.administrator(intent.server, intent.name));
    TenantLogins tenants(context, intent.server, intent.name);
    for (const Portion& portion : portions) {
      if (portion.pass == Pass::last) CO_TRY_VOID(co_await tenants.release());
      auto list_file = NamelessFile::make(std::filesystem::temp_directory_path().string());
      if (!list_file) co_return std::move(list_file).error().within("the list of what to restore can't be written");
      CO_TRY_VOID(list_file->write(portion.lines));
      ClientCall call;
      call.program = "pg_restore";
      call.major = major;
      call.connection = administrator;
      if (!portion.owners.empty()) {
        CO_TRY(call.connection, co_await tenants.of(portion.owners, true));
      }
      call.server_options = "-c synchronous_commit=off";
      call.arguments = {"--exit-on-error", "--no-password", "--use-list=" + list_file->path(), intent.file};
      // As the owner's own refresh does, where row level security is forced on the owner: pg_restore would refuse.
      if (portion.pass == Pass::link || portion.pass == Pass::refresh) call.arguments.insert(call.arguments.begin(), "--enable-row-security");
      const double jobs = context.arguments().value("jobs", 1.0);
      if (jobs > 1 && (portion.pass == Pass::load || portion.pass == Pass::refresh))
        call.arguments.insert(call.arguments.begin(), fmt::format("--jobs={}", static_cast<int>(jobs)));
      const std::string text = "pg_restore: " + portion.title;
      if (!problem)
        call.look = [&context, path, total, text](int pid) { context.progress(Progress{bytes_read_of(pid, path), total, text}); };
      context.progress(Progress{0, problem ? 0 : total, text});
      std::vector<std::string> lent;
      if (portion.pass == Pass::define_as_tenant) {
        CO_TRY(lent, co_await tenants.lend_schemas(*portion.owners.begin()));
      }
      LentRights rights(context, intent.server, intent.name);
      if (!superuser && portion.owners.empty() && portion.pass != Pass::privileges) CO_TRY_VOID(co_await rights.lend(portion.given_to));
      auto restored = co_await call_client(context, std::move(call));
      if (restored) CO_TRY_VOID(co_await rights.take_back());
      if (restored && !lent.empty()) CO_TRY_VOID(co_await tenants.take_back_schemas(*portion.owners.begin(), lent));
      if (!restored)
        co_return std::move(restored).error().within(
            fmt::format("the restore of \"{}\" failed in pass \"{}\"", context.instance().database, portion.title));
      ++outcome.passes;
    }
    if (portions.empty() || portions.back().pass != Pass::last) CO_TRY_VOID(co_await tenants.release());
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, RestoreIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;  // how far it came is not worth finding out: another empty database is quickly made
    co_return seen;
  }

  // Ends what is still restoring. The database itself goes with the step that made it, on which this one rests.
  Task<Result<std::string>> take_back(StepContext& context, RestoreIntent intent, std::optional<RestoreOutcome> outcome) override {
    std::string left;
    if (outcome && outcome->backup.is_object()) {
      if (outcome->backup.value("encrypted", false)) CO_TRY_VOID(remove_file(intent.again.working_file));
    } else if (std::error_code problem; std::filesystem::exists(intent.again.file, problem)) {
      CO_TRY(left, co_await discard_backup(context, intent.again));
      if (!left.empty()) left = "; " + left;
    } else {
      CO_TRY_VOID(co_await discard_backup(context, intent.again));  // most restores take nothing again
    }
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<Value> parameters{intent.name};
    CO_TRY(Rows rows, co_await maintenance->query("select oid::bigint from pg_database where datname = $1", parameters));
    const bool discards_database = true;
    CO_TRY_VOID(co_await drop_tenant_logins(context, intent.server, intent.name, discards_database));
    if (rows.empty()) co_return "the new database is gone already" + left;
    co_return "nothing restores any more; the new database goes with its own step" + left;
  }

 private:
  // Who attaches a partition must own both, and the archive doesn't say whose the parent is: the source does.
  static Task<Result<std::set<std::string>>> owners_of_parents(StepContext& context, std::string id) {
    std::set<std::string> owners;
    const auto fence = context.intent<FenceIntent>("fence_source", id);
    if (!fence && !rehearses(context)) co_return owners;
    SessionOptions options;
    options.application_name = context.application_name();
    const std::string server = fence ? fence->server : context.source_server(id).id;
    const std::string name = fence ? fence->fenced_name : context.instance().database;
    CO_TRY(auto source, co_await context.open(server, name, options));
    CO_TRY(Rows rows, co_await source->query("select distinct r.rolname from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid "
                                             "join pg_roles r on r.oid = p.relowner where p.relkind = 'p' and p.relowner <> c.relowner and not r.rolsuper"));
    for (std::size_t i = 0; i < rows.size(); ++i) owners.insert(rows.text(i, 0));
    co_return owners;
  }

  static Task<Result<std::vector<ArchiveEntry>>> classify(StepContext& context, RestoreIntent intent, std::string list) {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(Rows rows, co_await maintenance->query("select rolname, rolsuper from pg_roles where rolname !~ '^pg_'"));
    std::set<std::string> roles, superusers;
    for (std::size_t i = 0; i < rows.size(); ++i)
      (rows.truth(i, 1) ? superusers : roles).insert(rows.text(i, 0));
    const auto& evaluating = context.database_facts(context.instance().id).evaluating_tables;
    const std::set<std::int64_t> tables(evaluating.begin(), evaluating.end());
    co_return split_archive_list(list, roles, superusers, tables);
  }
};

}  // namespace

std::unique_ptr<Operation> make_restore_backup_to_reprovisioned_services() { return std::make_unique<Restore>(); }

}  // namespace pgconvoy
