// Every part and inquiry there is. A new one is a file of its own and a line here.
#include "engine/facts/operators.hpp"
#include "engine/facts/part.hpp"
#include "engine/facts/inquiry.hpp"
#include "engine/facts/libraries.hpp"
#include "engine/facts/settings.hpp"

namespace pgconvoy {

const std::vector<Part>& database_parts() {
  static const std::vector<Part> parts{
      {kFunctionSettingsPart, function_settings_sql},
      {kLibrariesPart, libraries_sql},
      {kOperatorsPart, operators_sql},
  };
  return parts;
}

const std::vector<Part>& server_parts() {
  static const std::vector<Part> parts{
      {kSettingCatalogPart, setting_catalog_sql},
  };
  return parts;
}

const std::vector<Inquiry>& database_inquiries() {
  static const std::vector<Inquiry> inquiries{
      {kRefusedSettingsPart, read_refused_settings},
      {kTargetLibrariesPart, read_target_libraries},
  };
  return inquiries;
}

}  // namespace pgconvoy
