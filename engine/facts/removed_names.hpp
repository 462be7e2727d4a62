// Names that one server knows and another doesn't: what the source of a routine can be searched for. Types are not
// known there, so only names that are gone altogether count.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "engine/facts/builtins.hpp"
#include "engine/facts/code.hpp"

namespace pgconvoy {

struct RemovedNames {
  std::set<std::string> functions;                      // no function of that name is left
  std::map<std::string, std::set<std::string>> columns;  // of a relation of the system that is still there, or isn't
  std::set<std::string> settings;
  std::set<std::string> infix, prefix, postfix;         // operators: none of that name on that side is left
  bool junk_after_numbers = false;  // 15 refuses "1and" (release notes of 15, Migration)
  bool numeric_extract = false;     // extract() is numeric from 14 on, it was double precision

  bool empty() const {
    return functions.empty() && columns.empty() && settings.empty() && infix.empty() && prefix.empty() && postfix.empty() &&
           !junk_after_numbers && !numeric_extract;
  }
};

// `from` and `to` are major versions. Names that the database or its extensions give to functions and operators of
// their own are left out.
RemovedNames removed_names(const std::shared_ptr<const Builtins>& source, const std::shared_ptr<const Builtins>& target, const CodeFacts& code, int from, int to);

// A regular expression of PostgreSQL's that every source with one of these in it matches, without regard to case.
std::string pattern_of(const RemovedNames& removed);

}  // namespace pgconvoy
