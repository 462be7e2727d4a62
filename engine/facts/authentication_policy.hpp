// How roles keep their passwords when they move: the runbook's parameter `authentication`. Pure; the conditions judge by
// it what reprovision_collected_instances then makes.
#pragma once

#include <optional>
#include <string>

#include "engine/core/parameters.hpp"
#include "engine/facts/facts.hpp"

namespace pgconvoy {

// block  SCRAM: carried, or made from the clear text. Clients that can't speak it block.
// md5    a role whose verifier isn't SCRAM logs in with md5 on the target too: for old clients, until they are renewed.
// carry  every verifier moves as it is stored; nobody needs to know a password. The administrator must be able to read it.
enum class AuthenticationPolicy { block, md5, carry };

// The parameter of all who go by it.
Parameter authentication_parameter();
// Of complete arguments; none for a word that isn't one. Without the argument: block.
std::optional<AuthenticationPolicy> authentication_policy(const json& arguments);

enum class NewVerifier {
  none,              // the role has no password
  scram_as_stored,
  scram_from_clear,  // made from the clear text that a binding or the fleet holds
  md5_as_stored,
  md5_from_clear,
  unknown,           // nobody knows the clear text, or the stored one can't be read: nothing can be made
};

// What a role that is missing on the target gets there. `role` is as the source has it. A role that can't log in needs no
// password that works: what it has is carried.
NewVerifier new_verifier(AuthenticationPolicy policy, const RoleFact& role, bool clear_text_known);
bool is_md5(NewVerifier verifier);

}  // namespace pgconvoy
