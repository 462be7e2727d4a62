#include "operations/reprovision_collected_instances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/facts/authentication_policy.hpp"
#include "engine/facts/needed_roles.hpp"
#include "engine/postgres/auth_probe.hpp"
#include "engine/postgres/md5_verifier.hpp"
#include "engine/run/step_context.hpp"
#include "operations/adopted_database.hpp"
#include "operations/handles.hpp"
#include "operations/made_roles.hpp"
#include "operations/memberships.hpp"
#include "operations/rehearsal.hpp"
#include "operations/remove_new_database.hpp"

namespace pgconvoy {
namespace {

// Name -> stored verifier (SCRAM or md5), read right now from the source and kept nowhere.
Task<Result<std::map<std::string, Secret>>> read_verifiers(Session& source, std::vector<std::string> names) {
  json wanted = names;
  std::vector<Value> parameters{wanted.dump()};
  CO_TRY(Rows rows, co_await source.query("select rolname, rolpassword from pg_authid where rolpassword is not null and "
                                          "rolname in (select json_array_elements_text($1::json))",
                                          parameters));
  std::map<std::string, Secret> verifiers;
  for (std::size_t i = 0; i < rows.size(); ++i) verifiers[rows.text(i, 0)] = Secret(rows.text(i, 1));
  co_return verifiers;
}

// Name -> settings as stored, read right now: of some the facts hold no values.
Task<Result<std::map<std::string, std::vector<std::string>>>> read_settings(Session& source, std::vector<std::string> names) {
  json wanted = names;
  std::vector<Value> parameters{wanted.dump()};
  CO_TRY(Rows rows, co_await source.query(
                        "select r.rolname, c.setting from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, "
                        "unnest(s.setconfig) with ordinality c(setting, place) where s.setdatabase = 0 and "
                        "r.rolname in (select json_array_elements_text($1::json)) order by 1, c.place",
                        parameters));
  std::map<std::string, std::vector<std::string>> settings;
  for (std::size_t i = 0; i < rows.size(); ++i) settings[rows.text(i, 0)].push_back(rows.text(i, 1));
  co_return settings;
}

// The app's own way to secure the connection goes with it to the new server, as far as its files are on this host.
void verify_as(ConnectionSpec& attempt, const ConnectionSpec& app) {
  for (const char* file : {"sslrootcert", "sslcert", "sslkey", "sslcrl"})
    if (const auto named = app.keywords.find(file); named != app.keywords.end() && !std::filesystem::exists(named->second)) return;
  for (const char* keyword : {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding"}) {
    attempt.keywords.erase(keyword);
    if (const auto held = app.keywords.find(keyword); held != app.keywords.end()) attempt.keywords[keyword] = held->second;
  }
}

// A login with every role and password that the app has, before anybody is paused. A server that refuses only the
// database has accepted the password.
Task<Result<void>> try_credentials(StepContext& context, ReprovisionIntent intent) {
  CO_TRY(auto logins, co_await context.app_connections(context.instance().id));
  CO_TRY(ConnectionSpec place, co_await context.administrator(intent.server, intent.temporary_name));
  for (ConnectionSpec& app : logins) {
    ConnectionSpec attempt = place.with_user(app.keywords["user"], app.password);
    if (const auto passfile = app.keywords.find("passfile"); passfile != app.keywords.end())
      attempt.keywords["passfile"] = passfile->second;
    if (!app.password.empty()) verify_as(attempt, app);
    SessionOptions options;
    options.application_name = context.application_name();
    auto session = co_await context.services.sessions.open(attempt, options);
    if (session || session.error().sqlstate == "42501") continue;
    Error error = session.error();
    error.retryable = false;
    co_return std::move(error).within(
        fmt::format("the app's own role \"{}\" can't log in to the target server with the password that its binding holds",
                    app.keywords["user"]));
  }
  co_return Result<void>();
}

// An md5 verifier is of use only where pg_hba.conf says md5; then the server asks for it, otherwise for SCRAM. For roles
// whose password nobody knows this is the only look there is.
Task<Result<void>> try_md5(StepContext& context, ReprovisionIntent intent, std::vector<std::string> names) {
  for (const std::string& name : names) {
    AuthQuestion question;
    CO_TRY(question.place, co_await context.administrator(intent.server, intent.temporary_name));
    question.role = name;
    question.database = intent.temporary_name;
    CO_TRY(const AuthAnswer answer, co_await ask_for_authentication(std::move(question)));
    if (answer.asks != "scram-sha-256") continue;
    co_return Error(ErrorKind::refused, fmt::format("role \"{}\" keeps an md5 verifier, but pg_hba.conf asks it for scram-sha-256: nobody could log in as it", name),
                    "md5 instead of scram-sha-256 in the line of pg_hba.conf that it meets, then SELECT pg_reload_conf(); or --set authentication=block")
        .on(intent.server);
  }
  co_return Result<void>();
}

class Reprovision final : public TypedOperation<ReprovisionIntent, ReprovisionOutcome> {
 public:
  std::string name() const override { return "reprovision_collected_instances"; }
  std::string summary() const override {
    return "Makes roles and an empty database on the target server, or adopts one, and tries the app's credentials there.";
  }
  Subject subject() const override { return Subject::instance; }
  std::vector<Parameter> parameters() const override {
    return {{"to", Parameter::Type::text, nullptr, "The service to move to, such as postgresql-database-15."},
            {"copy_runtime_options", Parameter::Type::boolean, true,
             "Carry settings, connection limit and privileges of the database over."},
            {"adopt_empty", Parameter::Type::boolean, false,
             "Take a database that was made beforehand under the same name, when it is empty and has the right owner and "
             "locale."},
            authentication_parameter()};
  }
  void require(Requirements& requirements, const json& arguments) const override {
    requirements.target_service = arguments.value("to", "");
  }
  Estimate estimate(const EstimateInput&) const override { return {0.4, false}; }

  Task<Result<ReprovisionIntent>> plan_effect(StepContext& context) override {
    const Instance& instance = context.instance();
    const DatabaseFacts& facts = context.database_facts(instance.id);
    ReprovisionIntent intent;
    intent.server = context.target_server(instance.id).id;
    intent.temporary_name = context.created_database_name(instance.id);
    intent.final_name = instance.database;
    intent.owner = facts.owner;
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<std::string> names;
    for (const RoleFact& role : roles(context)) names.push_back(role.name);
    json wanted = names;
    std::vector<Value> parameters{intent.final_name, wanted.dump()};
    CO_TRY(Rows rows, co_await maintenance->query(
                          "select (select system_identifier::text from pg_control_system()), "
                          "exists (select 1 from pg_database where datname = $1), "
                          "(select coalesce(json_agg(n), '[]') from json_array_elements_text($2::json) n "
                          " where n not in (select rolname from pg_roles))",
                          parameters));
    // A rehearsal leaves what is there alone: its database has another name.
    const bool in_the_way = rows.truth(0, 1) && !rehearses(context);
    if (in_the_way && context.arguments().value("adopt_empty", false)) {
      CO_TRY(const DatabaseFacts there, co_await find_adoptable(context, intent.server));
      intent.adopted_oid = there.oid;
      intent.adopted = there;
    } else if (in_the_way) {
      co_return Error(ErrorKind::refused, fmt::format("the target server already has a database \"{}\"", intent.final_name),
                      "nothing was changed; rename or drop it there, or take the instance out of the run")
          .on(intent.server);
    }
    intent.system_identifier = rows.text(0, 0);
    intent.missing_roles = json::parse(rows.text(0, 2)).get<std::vector<std::string>>();
    intent.roles = std::move(names);
    intent.made_before = made_before(context.work.record, context.step.path);
    CO_TRY(intent.memberships, co_await memberships_lacking(*maintenance, owning_roles(context)));
    co_return intent;
  }

  Task<Result<ReprovisionOutcome>> effect(StepContext& context, ReprovisionIntent intent) override {
    const Instance& instance = context.instance();
    const DatabaseFacts& facts = context.database_facts(instance.id);
    ReprovisionOutcome outcome;
    CO_TRY(auto orders, co_await role_orders(context, intent, outcome.md5_roles));
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    if (!orders.empty()) {
      CO_TRY(outcome.created_roles,
             co_await context.provisioner(intent.server).create_roles(context.identity(), *maintenance, orders));
      CO_TRY(outcome.role_oids, co_await oids_of(*maintenance, outcome.created_roles));
    }
    CO_TRY_VOID(co_await take_memberships(*maintenance, owning_roles(context)));
    if (intent.adopted_oid != 0) {
      CO_TRY_VOID(co_await adopt_database(context, intent));
      outcome.oid = intent.adopted_oid;
    } else {
      DatabaseOrder order;
      order.name = intent.temporary_name;
      order.owner = intent.owner;
      order.encoding = facts.encoding;
      order.collate = facts.collate;
      order.ctype = facts.ctype;
      order.locale_provider = facts.locale_provider;
      order.provider_locale = facts.provider_locale;
      order.comment = rehearses(context) ? rehearsal_comment(context) : facts.comment;
      auto made = co_await context.provisioner(intent.server).create_database(context.identity(), *maintenance, order);
      if (!made) co_return again_if_a_role_went(std::move(made).error());
      outcome.oid = *made;
    }
    if (auto held = co_await hold_roles(context, *maintenance, intent); !held)
      co_return again_if_a_role_went(std::move(held).error());
    CO_TRY_VOID(co_await try_credentials(context, intent));
    CO_TRY_VOID(co_await try_md5(context, intent, outcome.md5_roles));
    co_return outcome;
  }

  Task<Result<Seen>> look(StepContext& context, ReprovisionIntent intent) override {
    CO_TRY(Session * maintenance, co_await context.maintenance(intent.server));
    std::vector<Value> parameters{intent.temporary_name};
    CO_TRY(Rows rows, co_await maintenance->query("select oid::bigint from pg_database where datname = $1", parameters));
    Seen seen;
    // Roles come before the database and may be there already; taking all of it back and doing it again is cheap.
    seen.verdict = Probe::Verdict::partial;
    seen.detail = rows.empty() ? "the new database is not there" : "the new database is there";
    co_return seen;
  }

  Task<Result<std::string>> take_back(StepContext& context, ReprovisionIntent intent,
                                      std::optional<ReprovisionOutcome> outcome) override {
    return remove_new_database(context, std::move(intent), std::move(outcome));
  }

 private:
  // Another target's undo dropped a role between our look and our claim to it: from the beginning, and it is made.
  static Error again_if_a_role_went(Error error) {
    if (error.sqlstate == "42704") error.retryable = true;
    return error;
  }

  // A privilege that is of no use without CONNECT makes the new database depend on each role: another target that goes
  // back can't drop one that we share until the restore has made lasting ties. enable sets the real privileges.
  static Task<Result<void>> hold_roles(StepContext& context, Session& maintenance, ReprovisionIntent intent) {
    std::string names;
    for (const RoleFact& role : roles(context)) names += (names.empty() ? "" : ", ") + maintenance.quote_identifier(role.name);
    if (names.empty()) co_return Result<void>();
    auto held = co_await maintenance.script(fmt::format("grant temporary on database {} to {}",
                                                        maintenance.quote_identifier(intent.temporary_name), names));
    if (!held) co_return held.error();
    co_return Result<void>();
  }

  static std::vector<RoleFact> roles(StepContext& context) {
    std::vector<RoleFact> found;
    for (const NeededRole& needed : needed_roles(context.work.facts, context.instance().id))
      if (needed.role) found.push_back(*needed.role);
    return found;
  }

  // The owner and all that may own something inside.
  static std::vector<std::string> owning_roles(StepContext& context) {
    const DatabaseFacts& facts = context.database_facts(context.instance().id);
    std::vector<std::string> names{facts.owner};
    names.insert(names.end(), facts.roles.begin(), facts.roles.end());
    return names;
  }

  // The roles that are missing, each with the verifier that the policy gives it. `md5` becomes the names of those that get
  // an md5 one.
  static Task<Result<std::vector<RoleOrder>>> role_orders(StepContext& context, ReprovisionIntent intent, std::vector<std::string>& md5) {
    std::vector<RoleOrder> orders;
    std::vector<std::string> names;
    const auto policy = authentication_policy(context.arguments());
    if (!policy)
      co_return Error(ErrorKind::usage, "authentication is " + context.arguments().at("authentication").dump(), "--set authentication=block, md5 or carry");
    for (const RoleFact& role : roles(context)) {
      if (std::find(intent.missing_roles.begin(), intent.missing_roles.end(), role.name) == intent.missing_roles.end())
        continue;
      RoleOrder order;
      order.attributes = role;
      orders.push_back(std::move(order));
      names.push_back(role.name);
    }
    if (orders.empty()) co_return orders;
    CO_TRY(Session * source, co_await context.maintenance(context.source_server(context.instance().id).id));
    CO_TRY(auto settings, co_await read_settings(*source, names));
    for (RoleOrder& order : orders) order.attributes.settings = settings[order.attributes.name];
    std::map<std::string, Secret> stored;
    auto read = co_await read_verifiers(*source, names);
    if (read)
      stored = *std::move(read);
    else if (read.error().sqlstate != "42501")
      co_return read.error();
    CO_TRY(auto logins, co_await context.app_connections(context.instance().id));
    std::map<std::string, Secret> clear;
    for (ConnectionSpec& app : logins)
      if (!app.password.empty()) clear[app.keywords["user"]] = app.password;
    for (RoleOrder& order : orders) {
      const std::string& name = order.attributes.name;
      // As it is now: the facts may be older than a change of the password.
      RoleFact now = order.attributes;
      if (read) now.verifier = !stored.contains(name) ? "none" : stored[name].reveal().starts_with("SCRAM-SHA-256$") ? "scram-sha-256" : "md5";
      const NewVerifier verifier = new_verifier(*policy, now, clear.contains(name));
      if (is_md5(verifier) && now.login) md5.push_back(name);
      switch (verifier) {
        case NewVerifier::none:  // it may log in by another method there and with the app's password here
          if (clear.contains(name)) {
            CO_TRY(order.verifier, source->encrypt_password(clear[name], name));
          }
          break;
        case NewVerifier::scram_as_stored:
        case NewVerifier::md5_as_stored:
          order.verifier = stored[name];
          break;
        case NewVerifier::scram_from_clear: {
          CO_TRY(order.verifier, source->encrypt_password(clear[name], name));
          break;
        }
        case NewVerifier::md5_from_clear: {
          CO_TRY(order.verifier, md5_verifier(clear[name], name));
          break;
        }
        case NewVerifier::unknown:
          co_return Error(ErrorKind::refused,
                          now.verifier == "md5" ? fmt::format("role \"{}\" has an md5 password that nobody knows in clear; it can't log in to the "
                                                              "target server",
                                                              name)
                                                : fmt::format("the password of role \"{}\" can't be read, so it can't be carried over", name),
                          "give the password in the fleet file, or set it anew on the source with password_encryption = "
                          "'scram-sha-256'")
              .on(source->server());
      }
    }
    co_return orders;
  }
};

}  // namespace

std::unique_ptr<Operation> make_reprovision_collected_instances() { return std::make_unique<Reprovision>(); }

}  // namespace pgconvoy
