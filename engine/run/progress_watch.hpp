// Looks at the servers on which databases are being made, once a second, with one statement per server for all of them: for
// the progress that people look at. Nobody waits for it and nothing fails by it. Loop's thread only.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/run/step_context.hpp"
#include "engine/run/target_meter.hpp"

namespace pgconvoy {

class ProgressWatch {
 public:
  struct Database {
    int target = 0;
    std::string server, name;
  };

  // `wanted` says what is to be looked at now; `seen` gets what was found. REQUIRES: services and fleet outlive it, and end()
  // was awaited before it goes.
  ProgressWatch(Services& services, const Fleet& fleet, std::function<std::vector<Database>()> wanted, std::function<void(int, const ServerLook&)> seen)
      : services_(services), fleet_(fleet), wanted_(std::move(wanted)), seen_(std::move(seen)) {}

  void begin(asio::any_io_executor executor);
  // Returns when nothing of it is under way; a look that hangs ends by its limit.
  Task<void> end();

  // The looks at the databases of these names (text, bytes, copies, ...), as the statement for that version returns them.
  static std::string statement(int server_version);
  static std::map<std::string, ServerLook> looks_in(const Rows& rows);

 private:
  struct Watched {
    SessionPtr session;
    SteadyTime not_before{};  // after a server that didn't answer
  };
  Task<void> watch();
  Task<void> look_at(std::string server, std::vector<Database> databases);
  Task<Result<std::map<std::string, ServerLook>>> ask(Watched& watched, std::string server, std::vector<Database> databases);

  Services& services_;
  const Fleet& fleet_;
  std::function<std::vector<Database>()> wanted_;
  std::function<void(int, const ServerLook&)> seen_;
  std::map<std::string, Watched> servers_;
  std::unique_ptr<asio::steady_timer> timer_, ended_;
  bool ending_ = false, over_ = true;
};

}  // namespace pgconvoy
