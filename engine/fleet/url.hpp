// What may stand in a URL of a fleet.
#pragma once

#include <string>

namespace pgconvoy {

// "{env: NAME}, {file: PATH}, {passfile: PATH} or {command: [PROGRAM, ...]}"
std::string ways_to_give_a_password();

// Why a server's `url` can't be used, or "". Never repeats what may be a password.
std::string problem_of_server_url(const std::string& server, const std::string& url);

// The same for an application's http(s) address.
std::string problem_of_web_url(const std::string& url);

}  // namespace pgconvoy
