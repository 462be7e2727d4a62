#include "cli/screen.hpp"

#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>

#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace pgconvoy::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
volatile std::sig_atomic_t signal_that_came = 0;

void note_signal(int number) { signal_that_came = number; }

std::string in_utf8(wint_t character) {
  const auto code = static_cast<std::uint32_t>(character);
  std::string text;
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    text += static_cast<char>(0xe0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xf0 | code >> 18);
    text += static_cast<char>(0x80 | (code >> 12 & 0x3f));
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
  return text;
}

// Names of databases may be in any script; a terminal that was told nothing of it takes UTF-8 in practice.
void choose_locale() {
  if (std::setlocale(LC_CTYPE, "") != nullptr && std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

struct Screen::Impl {
  SCREEN* screen = nullptr;
  WINDOW* window = nullptr;
  bool color = false;
  std::map<int, struct sigaction> before;

  attr_t attributes(const report::ScreenSpan& span) const {
    attr_t wanted = A_NORMAL;
    if (span.bold) wanted |= A_BOLD;
    if (span.reverse) wanted |= A_REVERSE;
    if (!color) return span.tone == report::Tone::bad ? wanted | A_BOLD : wanted;
    switch (span.tone) {
      case report::Tone::good:
        return wanted | COLOR_PAIR(1);
      case report::Tone::bad:
        return wanted | COLOR_PAIR(2);
      case report::Tone::warn:
        return wanted | COLOR_PAIR(3);
      case report::Tone::dim:
        return wanted | A_DIM;
      case report::Tone::plain:
        break;
    }
    return wanted;
  }
};

Screen::Screen(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Screen>> Screen::open(bool color) {
  choose_locale();
  auto impl = std::make_unique<Impl>();
  signal_that_came = 0;
  for (const int number : kSignals) {
    struct sigaction action = {};
    action.sa_handler = note_signal;
    sigaction(number, &action, &impl->before[number]);
  }
  const auto give_back_signals = [&impl] {
    for (const auto& [number, action] : impl->before) sigaction(number, &action, nullptr);
  };
  impl->screen = newterm(nullptr, stdout, stdin);
  if (impl->screen == nullptr) {
    give_back_signals();
    const char* const kind = std::getenv("TERM");
    return Error(ErrorKind::refused, std::string("this terminal (TERM=") + (kind == nullptr ? "" : kind) + ") can't be drawn on", "pgconvoy status, or another TERM such as xterm");
  }
  impl->window = stdscr;
  cbreak();
  noecho();
  nonl();
  curs_set(0);
  keypad(impl->window, TRUE);
  set_escdelay(40);
  impl->color = color && has_colors();
  if (impl->color) {
    start_color();
    use_default_colors();
    init_pair(1, COLOR_GREEN, -1);
    init_pair(2, COLOR_RED, -1);
    init_pair(3, COLOR_YELLOW, -1);
  }
  return std::unique_ptr<Screen>(new Screen(std::move(impl)));
}

Screen::~Screen() {
  endwin();
  delscreen(impl_->screen);
  for (const auto& [number, action] : impl_->before) sigaction(number, &action, nullptr);
}

std::size_t Screen::columns() const { return static_cast<std::size_t>(std::max(1, getmaxx(impl_->window))); }
std::size_t Screen::lines() const { return static_cast<std::size_t>(std::max(1, getmaxy(impl_->window))); }

void Screen::draw(const std::vector<report::ScreenRow>& rows) {
  werase(impl_->window);
  for (std::size_t line = 0; line < rows.size(); ++line) {
    wmove(impl_->window, static_cast<int>(line), 0);
    for (const report::ScreenSpan& span : rows[line]) {
      if (span.text.empty()) continue;
      wattrset(impl_->window, static_cast<int>(impl_->attributes(span)));
      waddstr(impl_->window, span.text.c_str());
    }
  }
  wattrset(impl_->window, A_NORMAL);
  wrefresh(impl_->window);
}

Key Screen::key(Milliseconds wait) {
  wtimeout(impl_->window, static_cast<int>(wait.count()));
  wint_t typed = 0;
  const int answer = wget_wch(impl_->window, &typed);
  if (answer == ERR) return {};
  if (answer == KEY_CODE_YES) {
    switch (typed) {
      case KEY_UP:
        return {Key::Kind::up, ""};
      case KEY_DOWN:
        return {Key::Kind::down, ""};
      case KEY_PPAGE:
        return {Key::Kind::page_up, ""};
      case KEY_NPAGE:
        return {Key::Kind::page_down, ""};
      case KEY_HOME:
        return {Key::Kind::home, ""};
      case KEY_END:
        return {Key::Kind::end, ""};
      case KEY_ENTER:
        return {Key::Kind::enter, ""};
      case KEY_BACKSPACE:
        return {Key::Kind::backspace, ""};
      case KEY_RESIZE:
        return {Key::Kind::resize, ""};
      default:
        return {};
    }
  }
  switch (typed) {
    case 13:
    case 10:
      return {Key::Kind::enter, ""};
    case 27:
      return {Key::Kind::escape, ""};
    case 8:
    case 127:
      return {Key::Kind::backspace, ""};
    case 12:  // Ctrl-L: somebody else wrote on the terminal
      clearok(impl_->window, TRUE);
      return {Key::Kind::resize, ""};
    default:
      return typed < 32 ? Key{} : Key{Key::Kind::text, in_utf8(typed)};
  }
}

int Screen::signal() { return signal_that_came; }

}  // namespace pgconvoy::cli
