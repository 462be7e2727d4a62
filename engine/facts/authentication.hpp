// Which way to log in the two servers ask of an application's roles.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"
#include "engine/postgres/auth_probe.hpp"

namespace pgconvoy {

inline constexpr const char* kAuthenticationPart = "authentication";

struct AskedServer {
  AuthAnswer answer;
  std::string not_asked_because;  // "": it was asked
};
struct AskedLogin {
  std::string role;
  AskedServer source;             // only asked where the role has a SCRAM verifier, or one that we may not read
  AskedServer target;             // under the name that the database will have
  bool by_passfile = false;       // its password is in a passfile: nobody here knows it in clear, but it is tried before the pause
};
PGCONVOY_JSON(AskedServer);
PGCONVOY_JSON(AskedLogin);

// Under which other roles and databases of the server may be known what this one would be asked for; "": it has to ask itself, since
// the server's rules, or the role, aren't known to be like others. Each question costs the server a process. Pure.
std::string shared_answer_key(const ServerFacts& server, const std::string& role);

// A list of AskedLogin: the instance's role and those that its bindings log in as, from this host and with the
// administrator's sslmode. No password is sent. Where a server's rules make no difference between roles and databases, one answer
// is that of all with the same kind of verifier.
Task<Result<json>> read_authentication(const InquiryContext& context);

}  // namespace pgconvoy
