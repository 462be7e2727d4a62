// Whether an empty database that was made on the target server beforehand can be taken for the new one. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/facts.hpp"

namespace pgconvoy {

// What `there`, the target server's database of the same name, would have to have to stand in for a new one of
// `source`: each with what is and what must be, for people: "its owner is "ops", not "shop"". Empty: it can be adopted.
//
// It must be empty (`objects` 0; extensions only that the source has, in the same schema), have the source's owner,
// encoding and locale, be open, without sessions and no template. Settings whose names have a dot may be secrets, which
// no journal holds for the way back: they are in the way too.
std::vector<std::string> obstacles_to_adoption(const DatabaseFacts& source, const DatabaseFacts& there);

// The collation or ctype as it is compared: "en_US.utf8" is "en_US.UTF-8".
std::string same_spelling(std::string locale);

}  // namespace pgconvoy
