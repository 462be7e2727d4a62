#include "operations/new_url.hpp"

#include <set>

namespace pgconvoy {

Task<Result<std::string>> new_url_of(StepContext& context, std::string instance) {
  const Instance& moved = context.fleet().instances.at(instance);
  CO_TRY(ConnectionSpec place, co_await context.administrator(context.target_server(instance).id, moved.database));
  ConnectionSpec shown = place.with_user(moved.role, Secret());
  static const std::set<std::string> told{"host", "port", "dbname", "user", "sslmode"};
  std::erase_if(shown.keywords, [](const auto& entry) { return !told.contains(entry.first); });
  co_return make_url(shown).reveal();  // it holds no password
}

}  // namespace pgconvoy
