#include "engine/facts/facts.hpp"

namespace pgconvoy {

PGCONVOY_JSON_FIELDS(RoleFact, name, superuser, login, create_database, create_role, inherit, replication,
                     bypass_row_security, connection_limit, valid_until, verifier, settings, member_of, admin_of,
                     comment)
PGCONVOY_JSON_FIELDS(ExtensionFact, name, version, schema)
PGCONVOY_JSON_FIELDS(ServerFacts, server, service, reachable, unreachable_because, version_number, version,
                     system_identifier, timeline, in_recovery, administrator, superuser, can_create_database, can_create_role,
                     max_connections, max_locks_per_transaction, data_directory, free_bytes, settings, extensions,
                     extensions_unreadable_because, roles, databases, locales, acts_as, can_end_sessions, sessions,
                     database_bytes, tls, parts)
PGCONVOY_JSON_FIELDS(DatabaseFacts, instance, server, database, state, exists, unreachable_because, oid, owner, encoding,
                     collate, ctype, comment, tablespace, locale_provider, provider_locale, allows_connections,
                     is_template, connection_limit, acl, settings, role_settings, bytes, table_bytes, index_bytes,
                     large_object_bytes, tables, indexes, sequences, large_objects, relations, extensions, roles, evaluating_tables,
                     prepared_transactions, subscriptions, logical_slots, sessions, superuser_sessions, unreadable,
                     superuser_only, hidden_user_mappings, objects, parts)
PGCONVOY_JSON_FIELDS(PoolerFacts, pooler, kind, alias, instance, environment, address, unreadable_because, known, paused,
                     leads_to, database, pool_mode)
PGCONVOY_JSON_FIELDS(ApplicationFacts, environment, controller, running, healthy, page_is_on, detail, bound_to)
PGCONVOY_JSON_FIELDS(BindingFact, environment, instance, role, address, database, has_password, unreadable_because, places)
PGCONVOY_JSON_FIELDS(HostFacts, backup_directory, backup_free_bytes, backup_unusable_because, programs, program_majors, name,
                     missing_programs, backup_encrypted)
PGCONVOY_JSON_FIELDS(TargetFacts, target, databases, servers, source_server, target_server, role_of,
                     clear_password_known, bindings, applications, poolers, in_the_way, host, refused_logins, pause)
PGCONVOY_JSON_FIELDS(PauseFact, seconds, p90, budget, environment, made_of, remedies)

}  // namespace pgconvoy
