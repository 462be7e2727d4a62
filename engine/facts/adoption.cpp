#include "engine/facts/adoption.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace pgconvoy {
namespace {

bool has_dot(const std::string& setting) { return setting.substr(0, setting.find('=')).find('.') != std::string::npos; }

void compare_texts(std::vector<std::string>& obstacles, const char* what, const std::string& is, const std::string& wanted) {
  if (is != wanted) obstacles.push_back(fmt::format("its {} is \"{}\", not \"{}\"", what, is, wanted));
}

void compare_extensions(std::vector<std::string>& obstacles, const DatabaseFacts& source, const DatabaseFacts& there) {
  for (const ExtensionFact& extension : there.extensions) {
    if (extension.name == "plpgsql") continue;
    const auto same = std::find_if(source.extensions.begin(), source.extensions.end(),
                                   [&](const ExtensionFact& other) { return other.name == extension.name; });
    if (same == source.extensions.end())
      obstacles.push_back(fmt::format("it has extension {}, the source has not", extension.name));
    else if (same->schema != extension.schema)
      obstacles.push_back(fmt::format("its extension {} is in schema \"{}\", not in \"{}\"", extension.name, extension.schema,
                                      same->schema));
  }
}

}  // namespace

std::string same_spelling(std::string locale) {
  std::string lower = locale;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* ending : {".utf8", ".utf-8"})
    if (lower.ends_with(ending)) return locale.substr(0, locale.size() - std::string(ending).size()) + ".UTF-8";
  return locale;
}

std::vector<std::string> obstacles_to_adoption(const DatabaseFacts& source, const DatabaseFacts& there) {
  std::vector<std::string> obstacles;
  compare_texts(obstacles, "owner", there.owner, source.owner);
  compare_texts(obstacles, "encoding", there.encoding, source.encoding);
  compare_texts(obstacles, "locale provider", there.locale_provider, source.locale_provider);
  compare_texts(obstacles, "collation", same_spelling(there.collate), same_spelling(source.collate));
  compare_texts(obstacles, "character type", same_spelling(there.ctype), same_spelling(source.ctype));
  if (source.locale_provider != "libc") compare_texts(obstacles, "locale", there.provider_locale, source.provider_locale);
  if (!there.tablespace.empty() && there.tablespace != "pg_default")
    obstacles.push_back(fmt::format("it is in tablespace \"{}\", where the way back could not put it again", there.tablespace));
  if (there.is_template) obstacles.push_back("it is a template");
  if (!there.allows_connections) {
    obstacles.push_back("it allows no connections");
    return obstacles;
  }
  if (!there.unreachable_because.empty())
    obstacles.push_back("it can't be looked into: " + there.unreachable_because);
  else if (there.objects < 0)
    obstacles.push_back("it was not looked into");
  else if (there.objects > 0)
    obstacles.push_back(fmt::format("it is not empty: {} object{}, or rights that a new database has not", there.objects,
                                    there.objects == 1 ? "" : "s"));
  compare_extensions(obstacles, source, there);
  if (there.sessions > 0)
    obstacles.push_back(fmt::format("{} session{} in it", there.sessions, there.sessions == 1 ? " is" : "s are"));
  if (!there.prepared_transactions.empty()) obstacles.push_back("a prepared transaction is in it");
  if (!there.logical_slots.empty()) obstacles.push_back("a logical replication slot is in it");
  const bool secret = std::any_of(there.settings.begin(), there.settings.end(), has_dot) ||
                      std::any_of(there.role_settings.begin(), there.role_settings.end(), [](const auto& role) {
                        return std::any_of(role.second.begin(), role.second.end(), has_dot);
                      });
  if (secret) obstacles.push_back("it has a setting with a dot in its name, which may be a secret and can't be kept for the way back");
  return obstacles;
}

}  // namespace pgconvoy
