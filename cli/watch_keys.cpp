// What keys do in a full screen.
#include <fmt/format.h>

#include <algorithm>

#include "cli/show_report.hpp"
#include "cli/watch_session.hpp"
#include "engine/report/event_text.hpp"
#include "engine/report/target_report.hpp"
#include "engine/report/text.hpp"

namespace pgconvoy::cli {
namespace {

constexpr auto kMessageStays = std::chrono::seconds(12);

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

bool WatchSession::typed(const Key& key) {
  if (key.kind == Key::Kind::none) return true;
  drawn_next_ = SteadyTime{};
  if (key.kind == Key::Kind::resize) return true;
  if (view_.asks) {
    typed_answer(key);
    return true;
  }
  view_.message.clear();
  if (view_.page == report::WatchView::Page::overview) return typed_on_overview(key);
  typed_on_document(key);
  return true;
}

bool WatchSession::typed_on_overview(const Key& key) {
  const std::string& name = state_.run.name;
  const std::string which = name + globals_.journal_option();
  if (key.kind == Key::Kind::up || key.text == "k") {
    move_selection(-1);
  } else if (key.kind == Key::Kind::down || key.text == "j") {
    move_selection(1);
  } else if (key.kind == Key::Kind::escape) {
    view_.filter.clear();
    view_.selected = 0;
  } else if (key.kind == Key::Kind::enter || key.text == "d") {
    show_details();
  } else if (key.text == "l") {
    show_log();
  } else if (key.text == "q") {
    return false;
  } else if (key.text == "?" || key.text == "h") {
    view_.page = report::WatchView::Page::help;
  } else if (key.text == "/") {
    ask(Question::filter, "only targets with:");
  } else if (key.text == "p") {
    ask(Question::pause, fmt::format("pause {}? Nothing new starts, what is in flight finishes. y/n", name));
  } else if (key.text == "c") {
    ask(Question::concurrency, fmt::format("targets at a time, over all (now {}; Enter sets it, Esc leaves it):", state_.concurrency));
  } else if (key.text == "a") {
    ask(Question::approve, fmt::format("approve wave {} of {}? y/n", state_.next_wave, name));
  } else if (key.text == "r") {
    // A run needs a process that lives as long as it does, which this one doesn't.
    const bool rests = state_.run.state == RunState::halted || (state_.run.state == RunState::running && !state_.alive);
    view_.message = rests ? fmt::format("in another terminal: pgconvoy resume {}", which)
                    : state_.run.state == RunState::running
                        ? (state_.run.intent == RunIntent::none ? fmt::format("{} goes on: there is nothing to resume", name)
                                                                : fmt::format("when what is in flight has finished: pgconvoy resume {}", which))
                        : fmt::format("{} is over: there is nothing to resume", name);
    message_until_ = std::chrono::steady_clock::now() + 5 * kMessageStays;
  }
  return true;
}

void WatchSession::typed_on_document(const Key& key) {
  const std::size_t page = report::document_lines(view_);
  const std::size_t last = view_.document.size() > page ? view_.document.size() - page : 0;
  const auto back = [&] {
    view_.page = report::WatchView::Page::overview;
    view_.document.clear();
  };
  if (key.kind == Key::Kind::escape || key.text == "q")
    back();
  else if (key.kind == Key::Kind::up || key.text == "k")
    view_.scroll -= view_.scroll > 0;
  else if (key.kind == Key::Kind::down || key.text == "j")
    view_.scroll += view_.scroll < last;
  else if (key.kind == Key::Kind::page_up)
    view_.scroll -= std::min(view_.scroll, page);
  else if (key.kind == Key::Kind::page_down || key.text == " ")
    view_.scroll = std::min(last, view_.scroll + page);
  else if (key.kind == Key::Kind::home || key.text == "g")
    view_.scroll = 0;
  else if (key.kind == Key::Kind::end || key.text == "G")
    view_.scroll = last;
  else if (view_.page == report::WatchView::Page::help)
    back();
}

void WatchSession::move_selection(int by) {
  const std::vector<int> listed = report::listed_targets(state_, view_);
  if (listed.empty()) return;
  const auto found = std::find(listed.begin(), listed.end(), view_.selected);
  if (found == listed.end())
    view_.selected = by > 0 ? listed.front() : listed.back();
  else
    view_.selected = listed[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(found - listed.begin() + by, 0, static_cast<std::ptrdiff_t>(listed.size()) - 1))];
}

void WatchSession::ask(Question question, const std::string& text) {
  question_ = question;
  view_.asks = true;
  view_.question = text;
  view_.answer.clear();
}

void WatchSession::typed_answer(const Key& key) {
  const bool yes_or_no = question_ == Question::pause || question_ == Question::approve;
  if (key.kind == Key::Kind::escape || (yes_or_no && key.kind == Key::Kind::text && key.text != "y")) {
    view_.asks = false;
    if (question_ == Question::filter) view_.filter.clear();
  } else if (key.kind == Key::Kind::backspace) {
    // A whole character of UTF-8.
    while (!view_.answer.empty() && (view_.answer.back() & 0xc0) == 0x80) view_.answer.pop_back();
    if (!view_.answer.empty()) view_.answer.pop_back();
  } else if (yes_or_no ? key.text == "y" : key.kind == Key::Kind::enter) {
    view_.asks = false;
    act(view_.answer);
  } else if (key.kind == Key::Kind::text && !yes_or_no) {
    view_.answer += key.text;
  }
  if (view_.asks && question_ == Question::filter) view_.filter = view_.answer;
}

void WatchSession::act(const std::string& answer) {
  std::vector<std::string> words;
  switch (question_) {
    case Question::none:
    case Question::filter:
      view_.filter = answer;
      return;
    case Question::pause:
      words = {"pause", state_.run.name};
      break;
    case Question::approve:
      words = {"approve", state_.run.name};
      break;
    case Question::concurrency:
      if (answer.empty()) return;
      words = {"set", state_.run.name, "concurrency=" + answer};
      break;
  }
  if (!globals_.journal.empty()) words.insert(words.end(), {"--journal", globals_.journal});
  say(command_(words));
}

void WatchSession::say(const OwnAnswer& answer) {
  const auto lines = lines_of(answer.text);
  view_.message_is_bad = answer.code != 0;
  if (question_ == Question::concurrency && answer.code == 0)
    view_.message = "set; what is in flight goes on";
  else
    view_.message = lines.empty() ? fmt::format("exit code {}", answer.code) : report::shown(lines.front());
  message_until_ = std::chrono::steady_clock::now() + kMessageStays;
}

void WatchSession::show_document(std::string title, std::vector<std::string> lines, bool from_its_end) {
  view_.page = report::WatchView::Page::document;
  view_.title = std::move(title);
  view_.document = std::move(lines);
  const std::size_t page = report::document_lines(view_);
  view_.scroll = from_its_end && view_.document.size() > page ? view_.document.size() - page : 0;
}

void WatchSession::show_details() {
  const auto& items = state_.board.items();
  if (view_.selected < 1 || view_.selected > static_cast<int>(items.size())) {
    view_.message = "choose a target first: up and down, or / for its name";
    return;
  }
  auto input = report::read_summary_of_target(*journal_, run_, view_.selected, std::chrono::system_clock::now());
  auto history = report::read_history(*journal_, run_, view_.selected);
  if (!input || !history) {
    view_.message = report::shown((input ? history.error() : input.error()).message);
    view_.message_is_bad = true;
    return;
  }
  const report::RunSummary summary = report::summarize(*input);
  const report::ReportView part{summary, globals_.journal_option(), view_.columns, false};
  const report::TargetDetail detail = report::target_detail(*input, part, view_.selected, *history, state_.alive);
  show_document(items[view_.selected - 1].id, lines_of(report::target_text(detail, part, state_.alive, report::Style{})), false);
}

void WatchSession::show_log() {
  const auto& items = state_.board.items();
  if (view_.selected < 1 || view_.selected > static_cast<int>(items.size())) {
    view_.message = "choose a target first: up and down, or / for its name";
    return;
  }
  std::vector<std::string> lines;
  auto read = journal_->events(run_, 0, [&](const Event& event) {
    if (event.target == view_.selected && event.kind != EventKind::target_planned)
      lines.push_back(format_utc(event.at).substr(11, 12) + "  " + report::event_line(event, report::Style{}, false));
    return true;
  });
  if (!read) {
    view_.message = report::shown(read.error().message);
    view_.message_is_bad = true;
    return;
  }
  show_document("log of " + items[view_.selected - 1].id, std::move(lines), true);
}

}  // namespace pgconvoy::cli
