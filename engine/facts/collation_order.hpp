// Do strings sort alike on both servers? There is no version of a libc collation to compare on 13 (pg_collation.collversion
// is of ICU there), and a version says nothing about whether an order changed: so one list of strings is sorted on both.
#pragma once

#include <string>
#include <vector>

#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

inline constexpr const char* kUsedCollationsPart = "used_collations";
inline constexpr const char* kCollationOrderPart = "collation_order";

// A collation that columns, indexes or partition keys of the database sort by; C and POSIX, which sort by bytes, left out.
struct UsedCollation {
  std::string name;                      // as it stands in SQL: public.german; "" is the database's default
  std::string provider;                  // c (libc) | i (ICU) | b (built in); of the default as well
  std::string locale;                    // "de_DE.UTF-8", "de-u-co-phonebk"
  bool deterministic = true;
  std::vector<std::string> partitioned;  // tables that are partitioned by range over it, at most 20
  std::vector<std::string> exclusions;   // exclusion constraints over it, at most 20
  std::vector<std::string> bounds;       // texts in the bounds of their partitions, at most 200
  int indexes = 0;
};
PGCONVOY_JSON(UsedCollation);

// A list of at most 30 UsedCollation.
std::string used_collations_sql(int version);

struct CollationOrder {
  UsedCollation collation;
  std::string compared_with;             // the collation of the target server's maintenance database
  std::string not_compared_because;      // "": it was compared
  int strings = 0, apart = 0;            // how many, and how many neighbours of the source's order are the other way round
  std::string first, second;             // one such pair, in the order of the source; "" when there is none
  bool bounds_reordered = false;         // two bounds of partitions are the other way round
  bool bounds_crossed = false;           // a string is on the other side of a bound
};
PGCONVOY_JSON(CollationOrder);

// A list of CollationOrder, of what `used_collations` says. An order of a server is asked for once in a process; only
// where partitions have text in their bounds, for each database. Sorting reads no table and runs nothing of a tenant's.
Task<Result<json>> read_collation_order(const InquiryContext& context);

// What differs between two orders of the same strings (places in `strings`, of which the last `bounds` are bounds). Pure.
void compare_orders(CollationOrder& order, const std::vector<std::string>& strings, std::size_t bounds, const std::vector<int>& source,
                    const std::vector<int>& target);

}  // namespace pgconvoy
