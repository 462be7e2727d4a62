// A terminal taken over as a whole, by ncurses, and given back as it was.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/core/clock.hpp"
#include "engine/report/watch_screen.hpp"

namespace pgconvoy::cli {

struct Key {
  enum class Kind { none, text, up, down, page_up, page_down, home, end, enter, escape, backspace, resize };
  Kind kind = Kind::none;
  std::string text;  // one character in UTF-8, of kind text
};

// One at a time in a process. While there is one, SIGINT, SIGTERM, SIGHUP and SIGQUIT only say so (signal()): whoever holds the screen
// ends then, and the terminal is given back.
class Screen {
 public:
  // Error refused when the terminal can't be moved about in (TERM), with what to do instead.
  static Result<std::unique_ptr<Screen>> open(bool color);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  std::size_t columns() const, lines() const;
  void draw(const std::vector<report::ScreenRow>& rows);
  // Waits that long at most. Kind none: nobody typed, or a signal came.
  Key key(Milliseconds wait);
  // That came; 0: none.
  static int signal();

 private:
  struct Impl;
  explicit Screen(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pgconvoy::cli
