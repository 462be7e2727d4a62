// A site's own platform: controllers, poolers and provisioners that are programs, called as docs/platform.md says.
#pragma once

#include <memory>

#include "engine/facts/care.hpp"
#include "engine/platform/exec_call.hpp"
#include "engine/platform/platform.hpp"

namespace pgconvoy {

// All are used on the loop's thread; `launcher` outlives them. `log` (may be empty) is told what programs write to
// stderr. Errors: those of call_program.
std::unique_ptr<AppController> make_exec_controller(ProcessLauncher& launcher, ProgramLog log);
std::unique_ptr<PoolerController> make_exec_pooler(ProcessLauncher& launcher, ProgramLog log);
// What the program says it made is looked at through the administrator's session: a database that isn't there under
// the oid it answered is an Error of kind process.
std::unique_ptr<Provisioner> make_exec_provisioner(ProcessLauncher& launcher, Server server, ProgramLog log);

// The requests that they make, for those who test a program. `document` holds what the verb is about.
ProgramRequest request_for(const Environment& environment, const std::string& verb);
ProgramRequest request_for(const Pooler& pooler, const std::string& alias, const std::string& verb);
ProgramRequest request_for(const Server& server, const std::string& verb);

// Whether the site backs a server up and watches it. Reads only; at most kCareLimit. REQUIRES: server.care has a command.
inline constexpr Seconds kCareLimit{10};
Task<Result<SiteCareFact>> ask_care(ProcessLauncher& launcher, Server server, ProgramLog log);
ProgramRequest request_for_care(const Server& server, const std::string& verb);

// The verbs of each, `describe` aside.
const std::vector<std::string>& controller_verbs();
const std::vector<std::string>& pooler_verbs();
const std::vector<std::string>& provisioner_verbs();
const std::vector<std::string>& care_verbs();

}  // namespace pgconvoy
