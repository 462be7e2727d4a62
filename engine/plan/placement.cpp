#include "engine/plan/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "engine/core/bytes.hpp"
#include "engine/plan/in_place.hpp"

namespace pgconvoy {
namespace {

constexpr const char* kRoomRemedy =
    "raise its caps in the fleet file, add a server that offers the service, or leave targets out with --exclude";

bool offers_same(const Fleet& fleet, const std::string& instance, const std::vector<const Server*>& servers) {
  return servers.size() == 1 && fleet.instances.at(instance).server == servers.front()->id;
}

// Those that a tenant has; the server's own three are there from the start.
std::int64_t count_databases(const ServerFacts& facts) {
  return std::count_if(facts.databases.begin(), facts.databases.end(), [](const auto& entry) {
    return entry.first != "template0" && entry.first != "template1" && entry.first != "postgres";
  });
}

std::int64_t number_in(const std::map<std::string, std::string>& settings, const char* name) {
  const auto found = settings.find(name);
  std::int64_t number = 0;
  if (found != settings.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::string host_key(const Server& server) { return server.host.empty() ? "server " + server.id : "host " + server.host; }

double part_left(std::int64_t limit, std::int64_t used) {
  return limit <= 0 ? 0 : std::max(0.0, static_cast<double>(limit - used) / static_cast<double>(limit));
}

}  // namespace

Result<std::vector<const Server*>> candidates(const Fleet& fleet, const Target& target, const Requirements& requirements) {
  const std::vector<std::string> instances = collected_instances(fleet, target, requirements);
  if (instances.empty()) return std::vector<const Server*>();
  if (is_in_place(requirements)) {
    std::vector<const Server*> own;
    for (const std::string& id : instances)
      if (const Server* server = &fleet.servers.at(fleet.instances.at(id).server); std::find(own.begin(), own.end(), server) == own.end()) own.push_back(server);
    std::sort(own.begin(), own.end(), [](const Server* left, const Server* right) { return left->id < right->id; });
    return own;
  }
  auto servers = fleet.servers_offering(target.region, requirements.target_service);
  if (servers.empty())
    return Error(ErrorKind::usage,
                 fmt::format("target {}: no server of region {} offers service {}", target.id, target.region,
                             requirements.target_service),
                 "the fleet must name a server in each region for the service that databases are moved to");
  for (const std::string& id : instances)
    if (offers_same(fleet, id, servers))
      return Error(ErrorKind::usage, fmt::format("target {}: server {} would be source and target of instance {}", target.id,
                                                 servers.front()->id, id));
  return servers;
}

class Placer::Rooms {
 public:
  explicit Rooms(PlacementInput input);
  Result<std::map<std::string, Placement>> place(const Target& target);
  std::map<std::string, std::string> left_out(const std::string& region) const;

 private:
  // What a server has, and what was given away of it.
  struct Room {
    const Server* server = nullptr;
    std::string unusable_because;  // "": it may be chosen
    std::int64_t bytes = 0, databases = 0, connections = 0;  // taken, what was placed included
    std::int64_t max_connections = 0;                        // without the reserved ones; 0: not known
    std::map<std::string, std::string> names;                // of databases that are there -> owner
    std::map<std::string, std::string> placed;               // database -> instance
    std::map<std::string, int> neighbours;                   // source server -> databases that came from there
    std::map<std::string, std::map<std::string, int>> applications;  // -> stage -> databases
  };

  struct Demand {
    std::string instance, database, owner, source;
    std::int64_t bytes = 0, connections = 1;
    std::vector<std::pair<std::string, std::string>> uses;  // application, stage
  };

  // The least is taken.
  struct Choice {
    int name = 0, same_application = 0;
    double load = 0;
    int host_neighbours = 0;
    double used = 0;
    auto key() const { return std::tie(name, same_application, load, host_neighbours, used); }
  };

  static Room room_of(const Server& server, const std::map<std::string, ServerFacts>& servers);
  Demand demand_of(const std::string& instance) const;
  // What is taken of a server's room, or of its host's.
  struct Taken {
    std::int64_t bytes = 0, databases = 0, connections = 0;
  };
  static std::string over(const Caps& caps, const Taken& taken, const Demand& demand, int more, const std::string& whose);
  Caps host_caps(const Room& room) const;
  std::string why_not(const Room& room, const Demand& demand, bool only_one) const;
  double share_of(const Room& room) const;
  Choice choice_of(const Room& room, const Demand& demand) const;
  std::string in_words(const Room& room, const Demand& demand) const;
  // times 1: it goes there; -1: it doesn't after all.
  void take(Room& room, const Demand& demand, int times);
  Result<Placement> place_one(const Target& target, const std::vector<const Server*>& servers, const std::string& instance);
  std::optional<std::int64_t> free_bytes(const Room& room) const { return host_free_.at(host_key(*room.server)); }

  PlacementInput input_;
  std::map<std::string, Room> rooms_;  // by server
  std::map<std::string, std::optional<std::int64_t>> host_free_;
  std::map<std::string, Taken> host_taken_;
  std::map<std::string, std::map<std::string, int>> host_neighbours_;  // host -> source server -> databases
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> uses_;  // instance -> application, stage
};

Placer::Placer(PlacementInput input) : rooms_(std::make_unique<Rooms>(input)) {}
Placer::~Placer() = default;
Result<std::map<std::string, Placement>> Placer::place(const Target& target) { return rooms_->place(target); }
std::map<std::string, std::string> Placer::left_out(const std::string& region) const { return rooms_->left_out(region); }

Placer::Rooms::Room Placer::Rooms::room_of(const Server& server, const std::map<std::string, ServerFacts>& servers) {
  Room room;
  room.server = &server;
  const auto found = servers.find(server.id);
  if (found == servers.end() || !found->second.reachable) {
    room.unusable_because = found == servers.end() || found->second.unreachable_because.empty()
                                ? "it was not read"
                                : found->second.unreachable_because;
    return room;
  }
  const ServerFacts& facts = found->second;
  if (facts.in_recovery) room.unusable_because = "it is a standby, nothing can be written to it";
  room.bytes = facts.database_bytes;
  room.databases = count_databases(facts);
  room.connections = facts.sessions;
  room.max_connections =
      facts.max_connections - number_in(facts.settings, "superuser_reserved_connections") -
      number_in(facts.settings, "reserved_connections");
  room.names = facts.databases;
  return room;
}

Placer::Rooms::Rooms(PlacementInput input) : input_(input) {
  for (const auto& [id, environment] : input_.fleet.environments)
    for (const Binding& binding : environment.bindings)
      if (!environment.application.empty()) uses_[binding.instance].emplace_back(environment.application, environment.stage);
  for (const auto& [id, server] : input_.fleet.servers) {
    if (server.service != input_.requirements.target_service) continue;
    Room room = room_of(server, input_.servers);
    Taken& taken = host_taken_[host_key(server)];
    taken.bytes += room.bytes;
    taken.databases += room.databases;
    taken.connections += room.connections;
    auto& free = host_free_[host_key(server)];
    const auto facts = input_.servers.find(id);
    if (facts != input_.servers.end() && facts->second.free_bytes)
      free = std::min(free.value_or(*facts->second.free_bytes), *facts->second.free_bytes);
    rooms_.emplace(id, std::move(room));
  }
  // Other stages of an application may have been moved by an earlier run.
  for (const auto& [id, instance] : input_.fleet.instances)
    if (const auto room = rooms_.find(instance.server); room != rooms_.end())
      for (const auto& [application, stage] : uses_[id]) room->second.applications[application][stage] += 1;
}

Placer::Rooms::Demand Placer::Rooms::demand_of(const std::string& instance) const {
  Demand demand;
  const Instance& known = input_.fleet.instances.at(instance);
  demand.instance = instance;
  demand.database = known.database;
  demand.source = known.server;
  if (const auto uses = uses_.find(instance); uses != uses_.end()) demand.uses = uses->second;
  if (const auto facts = input_.databases.find(instance); facts != input_.databases.end()) {
    const DatabaseFacts& database = facts->second;
    demand.owner = database.owner;
    demand.bytes = database.bytes + database.bytes / 5;
    demand.connections = database.connection_limit >= 0 ? database.connection_limit : std::max(1, database.sessions);
  }
  return demand;
}

Caps Placer::Rooms::host_caps(const Room& room) const {
  const auto host = input_.fleet.hosts.find(room.server->host);
  return host == input_.fleet.hosts.end() ? Caps{} : host->second.caps;
}

std::string Placer::Rooms::over(const Caps& caps, const Taken& taken, const Demand& demand, int more, const std::string& whose) {
  if (caps.databases && taken.databases + more > *caps.databases)
    return fmt::format("{}caps.databases: {} of {} are taken", whose, taken.databases, *caps.databases);
  if (caps.bytes && taken.bytes + demand.bytes > *caps.bytes)
    return fmt::format("{}caps.bytes: {} of {} are taken, {} more are needed", whose, format_bytes({taken.bytes}),
                       format_bytes({*caps.bytes}), format_bytes({demand.bytes}));
  if (caps.connections && taken.connections + demand.connections > *caps.connections)
    return fmt::format("{}caps.connections: {} of {} are taken, {} more are needed", whose, taken.connections,
                       *caps.connections, demand.connections);
  return "";
}

// "" when it fits.
std::string Placer::Rooms::why_not(const Room& room, const Demand& demand, bool only_one) const {
  if (room.server->id == demand.source) return "it is there already";
  if (const auto same = room.placed.find(demand.database); same != room.placed.end())
    return fmt::format("instance {} goes there, and its database has the same name", same->second);
  if (!room.unusable_because.empty()) return only_one ? "" : room.unusable_because;
  const int more = room.names.contains(demand.database) ? 0 : 1;
  const Taken taken{room.bytes, room.databases, room.connections};
  if (std::string limit = over(room.server->caps, taken, demand, more, ""); !limit.empty()) return limit;
  if (std::string limit = over(host_caps(room), host_taken_.at(host_key(*room.server)), demand, more, host_key(*room.server) + ", ");
      !limit.empty())
    return limit;
  if (only_one) return "";  // the condition disk_space judges the one server that there is
  if (const auto free = free_bytes(room); free && demand.bytes > *free)
    return fmt::format("its disk: {} are left, {} are needed", format_bytes({std::max<std::int64_t>(*free, 0)}),
                       format_bytes({demand.bytes}));
  return "";
}

// The part of its room that is left, in twentieths: what is about the same shall not decide.
double Placer::Rooms::share_of(const Room& room) const {
  double share = 1;
  const auto bounded_by = [&share](const Caps& caps, const Taken& taken) {
    if (caps.databases) share = std::min(share, part_left(*caps.databases, taken.databases));
    if (caps.bytes) share = std::min(share, part_left(*caps.bytes, taken.bytes));
    if (caps.connections) share = std::min(share, part_left(*caps.connections, taken.connections));
  };
  bounded_by(room.server->caps, {room.bytes, room.databases, room.connections});
  bounded_by(host_caps(room), host_taken_.at(host_key(*room.server)));
  if (room.max_connections > 0) share = std::min(share, part_left(room.max_connections, room.connections));
  if (const auto free = free_bytes(room))
    share = std::min(share, part_left(std::max<std::int64_t>(*free, 0) + room.bytes, room.bytes));
  return std::max(1.0, std::ceil(share * 20)) / 20;
}

Placer::Rooms::Choice Placer::Rooms::choice_of(const Room& room, const Demand& demand) const {
  Choice choice;
  const auto there = room.names.find(demand.database);
  const bool is_ours = there != room.names.end() && input_.adopts && there->second == demand.owner;
  choice.name = is_ours ? 0 : there == room.names.end() ? 1 : 2;
  for (const auto& [application, stage] : demand.uses)
    if (const auto stages = room.applications.find(application); stages != room.applications.end())
      for (const auto& [other, databases] : stages->second) choice.same_application += other != stage && databases > 0;
  const auto neighbours = room.neighbours.find(demand.source);
  const double share = share_of(room);
  choice.load = (neighbours == room.neighbours.end() ? 1 : neighbours->second + 1) / share;
  if (const auto host = host_neighbours_.find(host_key(*room.server)); host != host_neighbours_.end())
    if (const auto found = host->second.find(demand.source); found != host->second.end())
      choice.host_neighbours = found->second;
  choice.used = 1 - share;
  return choice;
}

// What the server has once the database is there.
std::string Placer::Rooms::in_words(const Room& room, const Demand& demand) const {
  const Caps& caps = room.server->caps;
  const std::int64_t databases = room.databases + (room.names.contains(demand.database) ? 0 : 1);
  std::string text = caps.databases ? fmt::format("{} of {} databases", databases, *caps.databases)
                                    : fmt::format("{} database{}", databases, databases == 1 ? "" : "s");
  if (caps.bytes)
    text += fmt::format(", {} of {}", format_bytes({room.bytes + demand.bytes}), format_bytes({*caps.bytes}));
  else if (const auto free = free_bytes(room))
    text += fmt::format(", {} free", format_bytes({std::max<std::int64_t>(0, *free - demand.bytes)}));
  if (caps.connections)
    text += fmt::format(", {} of {} connections", room.connections + demand.connections, *caps.connections);
  return text;
}

void Placer::Rooms::take(Room& room, const Demand& demand, int times) {
  Taken& host = host_taken_[host_key(*room.server)];
  room.bytes += times * demand.bytes;
  host.bytes += times * demand.bytes;
  room.connections += times * demand.connections;
  host.connections += times * demand.connections;
  if (!room.names.contains(demand.database)) {
    room.databases += times;
    host.databases += times;
  }
  if (times > 0)
    room.placed[demand.database] = demand.instance;
  else
    room.placed.erase(demand.database);
  room.neighbours[demand.source] += times;
  host_neighbours_[host_key(*room.server)][demand.source] += times;
  for (const auto& [application, stage] : demand.uses) room.applications[application][stage] += times;
  if (auto& free = host_free_[host_key(*room.server)]) *free -= times * demand.bytes;
}

Result<Placement> Placer::Rooms::place_one(const Target& target, const std::vector<const Server*>& servers,
                                    const std::string& instance) {
  const Demand demand = demand_of(instance);
  std::vector<std::pair<Choice, Room*>> fitting;
  std::vector<std::string> refused;
  const bool none_usable = std::all_of(servers.begin(), servers.end(), [this](const Server* server) {
    return !rooms_.at(server->id).unusable_because.empty();
  });
  for (const Server* server : servers) {
    Room& room = rooms_.at(server->id);
    const std::string reason = why_not(room, demand, servers.size() == 1 || none_usable);
    if (reason.empty())
      fitting.emplace_back(choice_of(room, demand), &room);
    else
      refused.push_back(fmt::format("{} ({})", server->id, reason));
  }
  if (fitting.empty())
    return Error(ErrorKind::usage,
                 fmt::format("target {}: instance {} ({}, {} connection{}) has room on no server of region {}: {}", target.id,
                             instance, format_bytes({demand.bytes}), demand.connections,
                             demand.connections == 1 ? "" : "s", target.region, fmt::join(refused, ", ")),
                 kRoomRemedy);
  // Servers come by id, and of equal ones the first stays first.
  const auto best = std::min_element(fitting.begin(), fitting.end(),
                                     [](const auto& left, const auto& right) { return left.first.key() < right.first.key(); });
  Room& room = *best->second;
  Placement placement{demand.source, room.server->id, ""};
  if (servers.size() > 1 && room.unusable_because.empty()) {
    const bool apart = std::any_of(fitting.begin(), fitting.end(), [&](const auto& other) {
      return other.first.same_application > best->first.same_application;
    });
    const bool most_room = std::all_of(fitting.begin(), fitting.end(),
                                       [&](const auto& other) { return &other == &*best || best->first.used < other.first.used; });
    placement.because = fmt::format("{}; {}", in_words(room, demand),
                                    best->first.name == 0  ? "made there beforehand"
                                    : fitting.size() == 1  ? "no other has room"
                                    : apart                ? "apart from other stages of its application"
                                    : most_room            ? "most room"
                                                           : "spread");
  }
  take(room, demand, 1);
  return placement;
}

Result<std::map<std::string, Placement>> Placer::Rooms::place(const Target& target) {
  std::map<std::string, Placement> result;
  TRY(const auto servers, candidates(input_.fleet, target, input_.requirements));
  if (servers.empty()) return result;
  if (is_in_place(input_.requirements)) {
    for (const std::string& instance : collected_instances(input_.fleet, target, input_.requirements)) {
      const std::string& server = input_.fleet.instances.at(instance).server;
      result[instance] = {server, server, ""};
    }
    return result;
  }
  for (const std::string& instance : collected_instances(input_.fleet, target, input_.requirements)) {
    auto placement = place_one(target, servers, instance);
    if (!placement) {
      // What fitted of a target that doesn't fit as a whole.
      for (const auto& [id, placed] : result) take(rooms_.at(placed.target_server), demand_of(id), -1);
      return placement.error();
    }
    result[instance] = *std::move(placement);
  }
  return result;
}

std::map<std::string, std::string> Placer::Rooms::left_out(const std::string& region) const {
  std::map<std::string, std::string> unusable;
  int usable = 0;
  for (const auto& [id, room] : rooms_) {
    if (room.server->region != region) continue;
    if (room.unusable_because.empty())
      ++usable;
    else
      unusable[id] = room.unusable_because;
  }
  if (usable == 0) unusable.clear();  // the conditions say it of the one that was taken
  return unusable;
}

}  // namespace pgconvoy
