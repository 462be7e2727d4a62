// Parts: facts that some conditions need beyond what every target needs. A part is one SQL expression; all that are
// wanted of a database go to it in one message. Read-only, loop's thread, repeatable.
//
// Whoever writes a condition adds a file with the part's struct, its SQL and its name, and a line in parts.cpp.
#pragma once

#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/json.hpp"
#include "engine/core/task.hpp"
#include "engine/facts/facts.hpp"
#include "engine/postgres/session.hpp"

namespace pgconvoy {

struct Part {
  const char* name;
  // A scalar expression of type json for a server of that version (server_version_num). It may call nothing of a
  // tenant's and wait for no lock of one; search_path is empty.
  std::string (*sql)(int version);
  // What most databases have none of isn't even asked for there, since planning its expression costs more than reading it:
  // a cheap boolean expression that is true where there may be some, and the document otherwise. Several parts may have the
  // same. null: always asked for.
  const char* present = nullptr;
  const char* absent = nullptr;
  // Nothing but a restart of the server changes it: read once for each start, and known to the process from then on.
  bool until_restart = false;
  // More members of the same document, an object, for an expression that would be too much to plan in one piece. Not with
  // until_restart.
  std::string (*further)(int version) = nullptr;
};

const std::vector<Part>& database_parts();  // read inside the source database, as the administrator
const std::vector<Part>& server_parts();    // read in the maintenance database of every server of the target

// Which of them there may be some of, as one expression of type json, for a statement that is sent before; and what its value
// says: those there are none of, with their documents, which needn't be read any more.
std::string presence_sql(const std::vector<Part>& parts, const std::set<std::string>& wanted);
Parts absent_parts(const std::vector<Part>& parts, const std::set<std::string>& wanted, const json& presence);

// Reads those of `parts` that are `wanted`, in one round trip. What is known until the server's restart is asked for again
// only when its start is another one, which the statement finds out. When one of them fails, each is read alone, and one
// that fails again is {"unreadable_because": "..."}. Error only when the session is of no use any more.
Task<Result<Parts>> read_parts(Session& session, const std::vector<Part>& parts,
                                                     std::set<std::string> wanted);

// What was read, decoded; none when it was not read, could not be (unreadable() says why), or is not of that form: one
// part's mistake is one condition that knows nothing, not the end of a check of 7,000 databases.
template <class T>
std::optional<T> part(const Parts& parts, const std::string& name) {
  const auto found = parts.find(name);
  if (found == parts.end() || (found->second->is_object() && found->second->contains("unreadable_because")))
    return std::nullopt;
  try {
    return found->second->get<T>();
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

// What was made of a document, for as long as that is among the last few: many conditions look at one database's, and all
// databases of a server at one of the server's, which may be half a megabyte. Any thread.
template <class T>
class MadeOfDocuments {
 public:
  // What `make` makes of the part, or made of it before; none where it makes nothing.
  template <class Make>
  std::shared_ptr<const T> get(const Parts& parts, const std::string& name, Make make) {
    const auto found = parts.find(name);
    if (found == parts.end() || found->second->is_null()) return nullptr;
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      for (auto each = made_.begin(); each != made_.end(); ++each)
        if (each->first.is_same_as(found->second)) {
          made_.splice(made_.begin(), made_, each);
          return each->second;
        }
    }
    std::shared_ptr<const T> fresh = make();
    const std::lock_guard<std::mutex> guard(mutex_);
    if (fresh) made_.emplace_front(found->second, fresh);
    if (made_.size() > kMost) made_.pop_back();
    return fresh;
  }

 private:
  static constexpr std::size_t kMost = 8;
  std::mutex mutex_;
  std::list<std::pair<Shared<json>, std::shared_ptr<const T>>> made_;  // a document that is held here can't become another one
};

// part(), decoded once for all that ask for it one after the other.
template <class T>
std::shared_ptr<const T> shared_part(const Parts& parts, const std::string& name) {
  static MadeOfDocuments<T> made;
  return made.get(parts, name, [&]() -> std::shared_ptr<const T> {
    auto value = part<T>(parts, name);
    return value ? std::make_shared<const T>(std::move(*value)) : nullptr;
  });
}

// Why a part has no facts; "" when it has.
std::string unreadable(const Parts& parts, const std::string& name);

}  // namespace pgconvoy
