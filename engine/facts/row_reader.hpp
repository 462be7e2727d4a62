// Reads rows of a source database for inquiries: within a budget of time, never with more rights than
// what it evaluates may have. Loop's thread; writes nothing.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "engine/facts/inquiry.hpp"

namespace pgconvoy {

// Something that was not looked at, and the reason.
struct NotChecked {
  std::string object;   // qualified name: "constraint positive of public.orders"
  std::string because;
  bool for_time = false;  // the budget ran out
};
PGCONVOY_JSON(NotChecked);

class RowReader {
 public:
  enum class As {
    administrator,  // reads everything; only for tables whose plans call nothing that a tenant wrote
    tenant,         // logged in as the owner or a member of it
  };

  // `context` must outlive it. Sessions are opened when they are needed first. `past_indexes`: rows are read from the
  // tables alone, never through an index.
  RowReader(const InquiryContext& context, Seconds budget, bool past_indexes);

  Seconds left() const;
  // Whether there is, or can be opened, a session of that kind. Where the server lets nobody in any more, not.
  Task<bool> opens(As who);

  // Of the catalogues, as the administrator; not limited by the budget. PostgreSQL locks a table to show an expression of
  // it: REQUIRES that `sql` leaves those out that are in `held` of tenants_code_sql().
  Task<Result<Rows>> read_catalogue(std::string sql);

  // A read-only statement with search_path '', within what is left of the budget. A lock that a tenant holds isn't
  // waited for longer than a moment. Error of kind timeout when the budget ran out, refused when no login is known or the
  // budget is 0.
  Task<Result<Rows>> read(As who, std::string sql);

  // A SELECT in portions of `batch` rows, until `take` says no. Errors as of read().
  Task<Result<void>> read_in_portions(As who, std::string select, int batch, std::function<bool(const Rows&)> take);

  // Tables that a session held exclusively when the catalogues were read.
  const std::vector<NotChecked>& held() const { return held_; }

  // Why the thing was not checked, in words; the session is thrown away when the error broke it.
  NotChecked not_checked(std::string object, const Error& error) const;

 private:
  Task<Result<Session*>> session(As who);
  Task<Result<SessionPtr>> open(As who);

  const InquiryContext& context_;
  Seconds budget_;
  bool past_indexes_;
  SteadyTime deadline_;
  std::map<As, SessionPtr> sessions_;
  std::map<As, Error> refused_;
  std::vector<NotChecked> held_;
};

// The expression or the statement was evaluated and that failed by what stands in it, not for rights, locks, time,
// memory or a lost connection.
bool fails_by_itself(const Error& error);

// For WITH RECURSIVE: `held (oid)` is every table that somebody has locked exclusively; `tenants_code (classid, objid, objsubid)` is every object with an expression that calls a function
// which is not written in C, directly, by an operator or by a domain's constraint; `unsafe (table_oid)` every table that makes the
// planner look at such an expression, which it computes in advance when it can, and the parents of those tables: a superuser must
// not plan a query over them.
std::string tenants_code_sql();

}  // namespace pgconvoy
