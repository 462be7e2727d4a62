// What a login will meet on the target server, and whether its client can take it: what is known of both, joined. Pure.
#pragma once

#include <string>
#include <vector>

#include "conditions/moves.hpp"
#include "engine/facts/access_rules.hpp"
#include "engine/facts/authentication.hpp"
#include "engine/facts/authentication_policy.hpp"
#include "engine/facts/client_sessions.hpp"
#include "engine/facts/image_clients.hpp"

namespace pgconvoy {

struct LoginOutlook {
  enum class Asks {
    unknown,     // nobody answered
    refused,     // pg_hba.conf lets the login in by no way
    no_scram,    // something that every client can: nothing, a password in clear, md5; or something else than a password
    scram,
    in_vain,     // SCRAM, of a role that will have an md5 verifier: no client gets in
    perhaps_in_vain,  // likewise, unless pg_hba.conf says md5, which could not be read
  } asks = Asks::unknown;
  bool md5 = false;           // it will log in with an md5 verifier that the move makes
  bool as_before = false;     // the source asks for SCRAM already
  bool md5_possible = false;  // pg_hba.conf says md5 for it
  std::string evidence;       // what was read, for people
};

// `login` was asked for the move's database. REQUIRES: its role is on the source server.
LoginOutlook outlook_of(const Move& move, const AskedLogin& login, AuthenticationPolicy policy, bool clear_text_known);

struct ClientOutlook {
  enum class Scram { no, unknown, yes } scram = Scram::unknown;
  bool old = false;      // not known, but something says that it is old
  std::string evidence;
  std::string cause;     // "libpq 9.6.24", of clients that can't
};

// Of an environment that logs in as `role`; "" is whoever else does.
ClientOutlook client_of(const Move& move, const std::string& environment, const std::string& role, bool behind_pooler);

// Somebody who may be the application is logged in as the role now: people's programs and poolers left out. Where the
// source asks for SCRAM, its client speaks it.
bool seen_logged_in(const Move& move, const std::string& role);

}  // namespace pgconvoy
