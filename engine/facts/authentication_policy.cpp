#include "engine/facts/authentication_policy.hpp"

namespace pgconvoy {

Parameter authentication_parameter() {
  return {"authentication", Parameter::Type::text, "block",
          "How roles keep their passwords: block (SCRAM; clients that can't speak it block), md5 (md5 stays md5, for old clients), "
          "carry (every verifier as it is stored)"};
}

std::optional<AuthenticationPolicy> authentication_policy(const json& arguments) {
  const std::string word = arguments.value("authentication", "block");
  if (word == "block") return AuthenticationPolicy::block;
  if (word == "md5") return AuthenticationPolicy::md5;
  if (word == "carry") return AuthenticationPolicy::carry;
  return std::nullopt;
}

NewVerifier new_verifier(AuthenticationPolicy policy, const RoleFact& role, bool clear_text_known) {
  if (role.verifier == "scram-sha-256") return NewVerifier::scram_as_stored;
  if (role.verifier == "md5") {
    if (policy != AuthenticationPolicy::block) return NewVerifier::md5_as_stored;
    if (clear_text_known) return NewVerifier::scram_from_clear;
    return role.login ? NewVerifier::unknown : NewVerifier::md5_as_stored;
  }
  if (role.verifier != "unreadable") return NewVerifier::none;
  if (policy == AuthenticationPolicy::carry || !clear_text_known) return role.login ? NewVerifier::unknown : NewVerifier::none;
  return policy == AuthenticationPolicy::md5 ? NewVerifier::md5_from_clear : NewVerifier::scram_from_clear;
}

bool is_md5(NewVerifier verifier) { return verifier == NewVerifier::md5_as_stored || verifier == NewVerifier::md5_from_clear; }

}  // namespace pgconvoy
