// Logins with passwords that are known in clear, to servers that have the role already: a role that other databases of a
// server use is left as it is, so a password that differs there must be found before anybody is paused.
#pragma once

#include <map>
#include <string>

#include "engine/fleet/target.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/run/step_context.hpp"

namespace pgconvoy {

// What the bindings hold and the fleet knows of the target's databases, one after the other; the same login may come
// twice. What can't be read is left out.
Task<std::vector<KnownLogin>> known_logins(Services services, const Fleet& fleet, Target target);

// "instance/role" -> why the target server refused the password. Read-only but for the attempts themselves, which the
// server may log; one for each role and server of the target. A server that refuses only the database, or that can't be
// asked, has not refused. REQUIRES: `facts` holds the servers and databases of the target. Loop's thread only.
Task<std::map<std::string, std::string>> try_logins(Services services, const Fleet& fleet, Target target, TargetFacts facts);

}  // namespace pgconvoy
