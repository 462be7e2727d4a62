#include "operations/restore_backup_to_reprovisioned_services.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "operations/archive_list.hpp"
#include "operations/client_call.hpp"
#include "operations/handles.hpp"
#include "operations/tenant_login.hpp"

namespace pgconvoy {
namespace {

struct RestoreIntent {
  std::string server, system_identifier, name, owner, file;
  std::int64_t oid = 0;
};
struct RestoreOutcome {
  int entries = 0;
  int passes = 0;
  std::vector<std::string> owners;  // of what was restored, superusers left out
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RestoreIntent, server, system_identifier, name, owner, file, oid)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RestoreOutcome, entries, passes, owners)

constexpr std::array<std::pair<Pass, const char*>, 6> kPasses{{{Pass::define, "define"},
                                                               {Pass::administrator, "administrator's data"},
                                                               {Pass::load, "load"},
                                                               {Pass::finish, "finish"},
                                                               {Pass::refresh, "refresh"},
                                                               {Pass::last, "last"}}};

bool as_tenant(Pass pass) { return pass == Pass::load || pass == Pass::refresh; }

// A file that only we can read, gone with its object.
class TemporaryList {
 public:
  explicit TemporaryList(const std::string& content) {
    std::string pattern = (std::filesystem::temp_directory_path() / "pgconvoy-list-XXXXXX").string();
    const int descriptor = mkstemp(pattern.data());
    path_ = pattern;
    if (descriptor < 0) return;
    good_ = write(descriptor, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    close(descriptor);
  }
  ~TemporaryList() { unlink(path_.c_str()); }
  TemporaryList(const TemporaryList&) = delete;
  TemporaryList& operator=(const TemporaryList&) = delete;
  bool good() const { return good_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool good_ = false;
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
    co_return intent;
  }

  Task<Result<RestoreOutcome>> effect(StepContext& context, RestoreIntent intent) override {
    const std::string id = context.instance().id;
    const int major = context.work.facts.servers.at(intent.server).version_number / 10000;
    ClientCall listing;
    listing.program = "pg_restore";
    listing.major = major;
    listing.connects = false;
    listing.arguments = {"--list", intent.file};
    CO_TRY(const std::string list, co_await call_client(context, std::move(listing)));
    CO_TRY(auto entries, co_await classify(context, intent, list));

    RestoreOutcome outcome;
    outcome.entries = static_cast<int>(entries.size());
    std::set<std::string> owners;
    for (const ArchiveEntry& entry : entries)
      if ((entry.pass == Pass::load || entry.pass == Pass::refresh) && !entry.owner.empty()) owners.insert(entry.owner);
    outcome.owners.assign(owners.begin(), owners.end());

    CO_TRY(const ConnectionSpec administrator, co_await context.administrator(intent.server, intent.name));
    ConnectionSpec tenant;
    for (const auto& [pass, title] : kPasses) {
      const std::string lines = list_of_pass(entries, pass);
      if (lines.empty()) continue;
      if (as_tenant(pass) && tenant.keywords.empty()) {
        CO_TRY(tenant, co_await ensure_tenant_login(context, intent.server, intent.name, owners));
      }
      const TemporaryList file(lines);
      if (!file.good()) co_return Error(ErrorKind::io, "the list of what to restore can't be written to the temporary directory");
      ClientCall call;
      call.program = "pg_restore";
      call.major = major;
      call.connection = as_tenant(pass) ? tenant : administrator;
      call.server_options = "-c synchronous_commit=off";
      call.arguments = {"--exit-on-error", "--no-password", "--use-list=" + file.path(), intent.file};
      const double jobs = context.arguments().value("jobs", 1.0);
      if (jobs > 1 && as_tenant(pass)) call.arguments.insert(call.arguments.begin(), fmt::format("--jobs={}", static_cast<int>(jobs)));
      std::error_code problem;
      const auto total = static_cast<std::int64_t>(std::filesystem::file_size(intent.file, problem));
      const std::string text = fmt::format("pg_restore: {}", title);
      if (!problem)
        call.look = [&context, path = std::filesystem::weakly_canonical(intent.file, problem).string(), total, text](int pid) {
          context.progress(Progress{bytes_read_of(pid, path), total, text});
        };
      context.progress(Progress{0, problem ? 0 : total, text});
      auto restored = co_await call_client(context, std::move(call));
      if (!restored)
        co_return std::move(restored).error().within(
            fmt::format("the restore of \"{}\" failed in pass \"{}\"", context.instance().database, title));
      ++outcome.passes;
    }
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext&, RestoreIntent) override {
    Seen seen;
    seen.verdict = Probe::Verdict::partial;  // how far it came is not worth finding out: another empty database is quickly made
    co_return seen;
  }

  // Ends what is still restoring. The database itself goes with the step that made it, on which this one rests.
  Task<Result<std::string>> take_back(StepContext& context, RestoreIntent intent, std::optional<RestoreOutcome>) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<Value> parameters{intent.name};
    CO_TRY(Rows rows, co_await maintenance->query("select oid::bigint from pg_database where datname = $1", parameters));
    CO_TRY_VOID(co_await drop_tenant_login(context, intent.server, intent.name, tenant_role(intent.name)));
    if (rows.empty()) co_return std::string("the new database is gone already");
    co_return std::string("nothing restores any more; the new database goes with its own step");
  }

 private:
  static Task<Result<std::vector<ArchiveEntry>>> classify(StepContext& context, RestoreIntent intent, std::string list) {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    CO_TRY(Rows rows, co_await maintenance->query("select rolname, rolsuper from pg_roles where rolname !~ '^pg_'"));
    std::set<std::string> roles, superusers;
    for (std::size_t i = 0; i < rows.size(); ++i)
      (rows.truth(i, 1) ? superusers : roles).insert(rows.text(i, 0));
    co_return split_archive_list(list, roles, superusers);
  }
};

}  // namespace

std::unique_ptr<Operation> make_restore_backup_to_reprovisioned_services() { return std::make_unique<Restore>(); }

}  // namespace pgconvoy
