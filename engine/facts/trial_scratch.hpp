// The scratch database of a trial on the target server, and the role that owns it. They carry one name,
// pgconvoy_trial_ and ten characters, under an advisory lock in the maintenance database: a name whose lock is free is
// what a killed process left.
#pragma once

#include <string>
#include <vector>

#include "engine/core/secret.hpp"
#include "engine/facts/facts.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct Scratch {
  std::string name;
  Secret password;  // of its role, known to this process only
};
Scratch name_scratch();

// REQUIRES of all: `maintenance` is the administrator's, in the server's maintenance database. Loop's thread.

// Databases and roles that killed trials left are dropped; those of trials that run are not. May be repeated.
Task<Result<void>> remove_trial_leftovers(Session& maintenance);

// Names of what killed trials left there, in order. Changes nothing but an advisory lock of its own for a moment.
Task<Result<std::vector<std::string>>> trial_leftovers(Session& maintenance);

// The lock, the role (a login without any rights, of a name that nobody else has) and an empty database that it owns,
// with encoding and locale of `like`. What it made before an error, remove_scratch() takes away.
Task<Result<void>> make_scratch(Session& maintenance, Scratch scratch, DatabaseFacts like);

// Ends sessions in the database and drops it, then the role, then frees the lock. Tolerates that none is there; may be
// repeated, with another session too.
Task<Result<void>> remove_scratch(Session& maintenance, std::string name);

// Gives the role what the administrator made in the scratch database: schemas and relations, without members of
// extensions. `inside` is the administrator's session in it.
Task<Result<void>> hand_over(Session& inside, std::string role);

}  // namespace pgconvoy
