#include "engine/postgres/md5_verifier.hpp"

#include <libpq-fe.h>

namespace pgconvoy {

Result<Secret> md5_verifier(const Secret& clear, const std::string& role) {
  char* made = PQencryptPassword(clear.reveal().c_str(), role.c_str());
  if (made == nullptr) return Error(ErrorKind::internal, "an md5 verifier can't be made");
  Secret verifier{std::string(made)};
  PQfreemem(made);
  return verifier;
}

}  // namespace pgconvoy
