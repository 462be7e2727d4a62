#include "engine/clients/client_scan.hpp"

#include <algorithm>

namespace pgconvoy {

const char* to_string(SpeaksScram scram) {
  switch (scram) {
    case SpeaksScram::no:
      return "no";
    case SpeaksScram::yes:
      return "yes";
    default:
      return "unknown";
  }
}

SpeaksScram speaks_scram_from_string(const std::string& text) {
  return text == "no" ? SpeaksScram::no : text == "yes" ? SpeaksScram::yes : SpeaksScram::unknown;
}

SpeaksScram ClientScan::verdict() const {
  if (clients.empty()) return SpeaksScram::unknown;
  SpeaksScram worst = SpeaksScram::yes;
  for (const FoundClient& client : clients) worst = std::min(worst, client.scram);
  return worst;
}

void to_json(json& target, SpeaksScram scram) { target = to_string(scram); }
void from_json(const json& source, SpeaksScram& scram) { scram = speaks_scram_from_string(source.get<std::string>()); }

PGCONVOY_JSON_FIELDS(FoundClient, kind, version, path, scram, because, layer)
PGCONVOY_JSON_FIELDS(ClientScan, source, kind, image, clients, notes, layers, files, bytes)

}  // namespace pgconvoy
