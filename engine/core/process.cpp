#include "engine/core/process.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>

#include <set>
#include <vector>

#include "engine/core/child.hpp"
#include "engine/core/printable.hpp"

namespace pgconvoy {
namespace {

class PosixLauncher final : public ProcessLauncher {
 public:
  Task<Result<ProcessResult>> run(ProcessSpec spec) override {
    const std::string holder = spec.holder;
    if (!holder.empty() && ended_.contains(holder)) co_return Error(ErrorKind::cancelled, "nothing is started for " + holder + " any more");
    auto executor = co_await asio::this_coro::executor;
    auto started = Child::start(executor, std::move(spec));
    if (!started) co_return std::move(started).error();
    std::shared_ptr<Child> child = std::move(*started);
    child->tell_started();
    std::erase_if(children_, [](const Known& known) { return known.child.expired(); });
    children_.push_back({holder, child});

    auto result = std::make_shared<std::optional<Result<ProcessResult>>>();
    auto initiate = [child, result](auto handler) {
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected())
        slot.assign([weak = std::weak_ptr(child)](asio::cancellation_type) {
          if (auto running = weak.lock()) running->kill();
        });
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      child->watch([shared, result](Result<ProcessResult> outcome) {
        result->emplace(std::move(outcome));
        std::move (*shared)();
      });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(initiate, asio::use_awaitable);
    co_return std::move(**result);
  }

  void kill_all() override {
    for (const Known& known : children_)
      if (auto child = known.child.lock()) child->kill();
  }

  void end_for(const std::string& holder) override {
    ended_.insert(holder);
    for (const Known& known : children_)
      if (auto child = known.holder == holder ? known.child.lock() : nullptr) child->kill();
  }

 private:
  struct Known {
    std::string holder;
    std::weak_ptr<Child> child;
  };
  std::vector<Known> children_;
  std::set<std::string> ended_;
};

}  // namespace

std::unique_ptr<ProcessLauncher> make_process_launcher() { return std::make_unique<PosixLauncher>(); }

std::string last_lines(const std::string& text, std::size_t count) {
  std::vector<std::string> lines;
  for (std::size_t end = text.size(); end > 0 && lines.size() < count;) {
    const auto newline = text.rfind('\n', end - 1);
    const auto from = newline == std::string::npos ? 0 : newline + 1;
    if (auto line = printable(std::string_view(text).substr(from, end - from)); !line.empty()) lines.push_back(line);
    end = newline == std::string::npos ? 0 : newline;
  }
  std::string joined;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) joined += (joined.empty() ? "" : "; ") + *line;
  return shortened(std::move(joined), 1000);
}

}  // namespace pgconvoy
