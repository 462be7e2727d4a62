// What this host holds of applications that pgconvoy starts itself (controller kind local): can they be started again,
// and do variables lead to the database past the binding.
#pragma once

#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kApplicationHostPart = "application_host";

struct HardWiredVariable {
  std::string variable;
  std::string what;  // "the address 10.0.0.5:5432", "the host db.internal": never the rest of the value
};
PGCONVOY_JSON(HardWiredVariable);

struct ApplicationHostFact {
  std::string environment;
  std::vector<std::string> obstacles;         // to a start, or to writing the binding: whole sentences
  std::vector<HardWiredVariable> hard_wired;  // variables that no binding of the environment names
  std::string unreadable_because;             // of the env file; ""
};
PGCONVOY_JSON(ApplicationHostFact);

// A list of ApplicationHostFact: of the environments that are bound to the instance and have a local controller. Reads
// directories and env files, on the pool; writes nothing.
Task<Result<json>> read_application_host(const InquiryContext& context);

// The variables of an env file that hold the address of a server, of which `bound` don't count. An address counts wherever
// it stands in a value; a host alone when it is no loopback and the whole value; a port alone when the variable is
// named like a database's. Pure.
std::vector<HardWiredVariable> hard_wired_variables(const std::string& env_file, const std::vector<std::string>& bound,
                                                    const std::string& host, const std::string& port);

}  // namespace pgconvoy
