#include "operations/restore_portions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "operations/client_call.hpp"
#include "operations/handles.hpp"
#include "operations/lent_rights.hpp"
#include "operations/private_files.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {
namespace {

int major_of_target(const StepContext& context, const RestoreJob& job) {
  return context.work.facts.servers.at(job.server).version_number / 10000;
}

// Who attaches a partition must own both, and the archive doesn't say whose the parent is: the source does.
Task<Result<std::set<std::string>>> owners_of_parents(StepContext& context, std::string id) {
  std::set<std::string> owners;
  std::string server = context.source_server(id).id, name = context.instance().database;
  if (const auto fence = context.intent<FenceIntent>("fence_source", id)) name = fence->fenced_name;
  SessionOptions options;
  options.application_name = context.application_name();
  CO_TRY(auto source, co_await context.open(std::move(server), std::move(name), options));
  CO_TRY(Rows rows, co_await source->query("select distinct r.rolname from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid "
                                           "join pg_roles r on r.oid = p.relowner where p.relkind = 'p' and p.relowner <> c.relowner and not r.rolsuper"));
  for (std::size_t i = 0; i < rows.size(); ++i) owners.insert(rows.text(i, 0));
  co_return owners;
}

// How far pg_restore has read the file, for whoever watches.
struct Reading {
  std::string path;
  std::int64_t total = 0;
};

class PortionRestore {
 public:
  PortionRestore(StepContext& context, RestoreJob job, bool superuser)
      : context_(context), job_(std::move(job)), superuser_(superuser), tenants_(context, job_.server, job_.name) {
    std::error_code problem;
    reading_.path = std::filesystem::weakly_canonical(job_.file, problem).string();
    const auto size = std::filesystem::file_size(job_.file, problem);
    if (!problem) reading_.total = static_cast<std::int64_t>(size);
  }

  Task<Result<void>> restore(Portion portion) {
    if (portion.pass == Pass::last) CO_TRY_VOID(co_await tenants_.release());
    auto list_file = NamelessFile::make(std::filesystem::temp_directory_path().string());
    if (!list_file) co_return std::move(list_file).error().within("the list of what to restore can't be written");
    CO_TRY_VOID(list_file->write(portion.lines));
    CO_TRY(ClientCall call, co_await call_of(portion, list_file->path()));
    std::vector<std::string> lent;
    if (portion.pass == Pass::define_as_tenant) {
      CO_TRY(lent, co_await tenants_.lend_schemas(*portion.owners.begin()));
    }
    LentRights rights(context_, job_.server, job_.name);
    if (!superuser_ && portion.owners.empty() && portion.pass != Pass::privileges) CO_TRY_VOID(co_await rights.lend(portion.given_to));
    auto restored = co_await call_client(context_, std::move(call));
    if (restored) CO_TRY_VOID(co_await rights.take_back());
    if (restored && !lent.empty()) CO_TRY_VOID(co_await tenants_.take_back_schemas(*portion.owners.begin(), lent));
    if (restored) co_return Result<void>();
    co_return std::move(restored).error().within(
        fmt::format("the restore of \"{}\" failed in pass \"{}\"", context_.instance().database, portion.title));
  }

  Task<Result<void>> end(bool released) {
    if (!released) CO_TRY_VOID(co_await tenants_.release());
    co_return co_await drop_tenant_logins(context_, job_.server, job_.name);
  }

 private:
  Task<Result<ClientCall>> call_of(Portion portion, std::string list) {
    ClientCall call;
    call.program = "pg_restore";
    call.major = major_of_target(context_, job_);
    CO_TRY(call.connection, co_await context_.administrator(job_.server, job_.name));
    if (!portion.owners.empty()) {
      CO_TRY(call.connection, co_await tenants_.of(portion.owners, true));
    }
    call.server_options = "-c synchronous_commit=off";
    if (job_.share) call.server_options += ' ' + server_options_of(job_.share);
    call.arguments = {"--exit-on-error", "--no-password", "--use-list=" + list, job_.file};
    // As the owner's own refresh does, where row level security is forced on the owner: pg_restore would refuse.
    if (portion.pass == Pass::link || portion.pass == Pass::refresh) call.arguments.insert(call.arguments.begin(), "--enable-row-security");
    if (job_.jobs > 1 && (portion.pass == Pass::load || portion.pass == Pass::refresh))
      call.arguments.insert(call.arguments.begin(), fmt::format("--jobs={}", job_.jobs));
    const std::string text = "pg_restore: " + portion.title;
    if (reading_.total > 0)
      call.look = [this, text](int pid) { context_.progress(Progress{bytes_read_of(pid, reading_.path), reading_.total, text}); };
    context_.progress(Progress{0, reading_.total, text});
    co_return std::move(call);
  }

  StepContext& context_;
  RestoreJob job_;
  bool superuser_;
  TenantLogins tenants_;
  Reading reading_;
};

}  // namespace

Task<Result<std::vector<ArchiveEntry>>> entries_of(StepContext& context, RestoreJob job) {
  ClientCall listing;
  listing.program = "pg_restore";
  listing.major = major_of_target(context, job);
  listing.connects = false;
  listing.arguments = {"--list", job.file};
  CO_TRY(const std::string list, co_await call_client(context, std::move(listing)));
  CO_TRY(Session * maintenance, co_await context.maintenance(job.server));
  CO_TRY(Rows rows, co_await maintenance->query("select rolname, rolsuper from pg_roles where rolname !~ '^pg_'"));
  std::set<std::string> roles, superusers;
  for (std::size_t i = 0; i < rows.size(); ++i)
    (rows.truth(i, 1) ? superusers : roles).insert(rows.text(i, 0));
  const auto& evaluating = context.database_facts(job.instance).evaluating_tables;
  const std::set<std::int64_t> tables(evaluating.begin(), evaluating.end());
  co_return split_archive_list(list, roles, superusers, tables);
}

Task<Result<RestoredPortions>> restore_entries(StepContext& context, RestoreJob job, std::vector<ArchiveEntry> entries) {
  PortionsOf what;
  what.entries = std::move(entries);
  what.database_owner = job.owner;
  what.superuser = context.work.facts.servers.at(job.server).superuser;
  const bool attaches = std::any_of(what.entries.begin(), what.entries.end(), [](const ArchiveEntry& entry) {
    return entry.pass == Pass::attach || entry.pass == Pass::attach_indexes;
  });
  if (attaches) {
    CO_TRY(what.parents, co_await owners_of_parents(context, job.instance));
  }
  const bool superuser = what.superuser;
  const std::vector<Portion> portions = portions_of(std::move(what));
  std::set<std::string> owners;
  for (const Portion& portion : portions) owners.insert(portion.owners.begin(), portion.owners.end());
  RestoredPortions restored;
  restored.owners.assign(owners.begin(), owners.end());
  PortionRestore restore(context, std::move(job), superuser);
  for (const Portion& portion : portions) {
    CO_TRY_VOID(co_await restore.restore(portion));
    ++restored.passes;
  }
  const bool released = !portions.empty() && portions.back().pass == Pass::last;
  CO_TRY_VOID(co_await restore.end(released));
  co_return restored;
}

}  // namespace pgconvoy
