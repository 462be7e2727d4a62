// Who is connected to a database at the moment, and which transactions are open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kClientsPart = "clients";
inline constexpr const char* kObservedClientsPart = "observed_clients";
inline constexpr const char* kTransactionsPart = "open_transactions";

// Sessions of one role, application and address. Ours are left out.
struct ClientFact {
  std::string role, application, address;  // "" when not known, or not shown to us; "local" is a socket
  std::string kind;                        // "client backend" | walsender
  int sessions = 0;
  bool superuser = false;
};
PGCONVOY_JSON(ClientFact);

// Of a database: a list of ClientFact, at most 100, the most sessions first. pg_stat_activity.
std::string clients_sql(int version);

// The same over the duration `observe` of the condition's arguments, in seconds, one look a second: who was seen at any
// of them. An empty list, and no session, when it is 0.
Task<Result<json>> read_observed_clients(const InquiryContext& context);

struct OpenTransactionFact {
  int pid = 0;
  std::string role, application, address;
  std::string state;             // active | idle in transaction ...; "" when it isn't shown to us
  std::int64_t seconds = 0;      // since it began
  int exclusive_locks = 0;       // on relations of the database, in modes that a dump waits for
  std::string locked;            // one of them, qualified
};
PGCONVOY_JSON(OpenTransactionFact);

// Of a database: a list of OpenTransactionFact, at most 20, the oldest first: those open for two seconds or more. Of sessions
// that aren't shown to us nothing is known but their locks.
std::string open_transactions_sql(int version);

}  // namespace pgconvoy
