// What an application's image holds that speaks PostgreSQL's protocol: the result of a scan, plain data.
//
// PostgreSQL 14 made scram-sha-256 the default of password_encryption (release notes of 14, "Migration to Version 14");
// a client that can't speak it is refused by the new server, however healthy the move was. A scan says which clients
// an image has and whether each can. How they are found: engine/clients/scan.hpp; what is known of each: drivers.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/json.hpp"

namespace pgconvoy {

enum class SpeaksScram { no, unknown, yes };

// "no", "unknown", "yes", as they stand in JSON. From text: anything else is unknown.
const char* to_string(SpeaksScram scram);
SpeaksScram speaks_scram_from_string(const std::string& text);

struct FoundClient {
  std::string kind;     // "libpq", "node-postgres", "pgjdbc" ...: the names of drivers.hpp
  std::string version;  // "9.6.24", "14 or 15" when only that can be told, "" when nothing can
  std::string path;     // where in the image, from its root: "/usr/lib/x86_64-linux-gnu/libpq.so.5.15"
  SpeaksScram scram = SpeaksScram::unknown;
  std::string because;  // what was read, for people: "the file contains SCRAM-SHA-256"
  std::string layer;    // digest, or name in the archive, of the layer that it is from; "" where there are no layers

  bool operator==(const FoundClient&) const = default;
};

struct ClientScan {
  std::string source;  // as it was given; a source with a password in it is refused before
  std::string kind;    // "docker-archive", "oci-archive", "oci-layout", "archive", "directory", "registry" or "process"
  std::string image;   // the image's name or digest inside the source, "" when it has none
  std::vector<FoundClient> clients;  // ordered by path
  std::vector<std::string> notes;    // what was not looked at, and why: files that may not be read ...
  std::uint64_t layers = 0, files = 0;
  std::uint64_t bytes = 0;  // of files, unpacked

  // Whether the application can log in where only SCRAM is accepted, as far as the image tells: `no` when one client
  // can't (nothing says which of several it uses), `yes` when all can, `unknown` otherwise and when there is none.
  SpeaksScram verdict() const;
};

void to_json(json& target, SpeaksScram scram);
void from_json(const json& source, SpeaksScram& scram);
PGCONVOY_JSON(FoundClient);
PGCONVOY_JSON(ClientScan);

}  // namespace pgconvoy
