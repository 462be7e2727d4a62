#include "engine/web/site.hpp"

#include <fmt/format.h>

#include "engine/web/assets.hpp"

namespace pgconvoy::web {
namespace {

constexpr std::int64_t kMostSequence = std::int64_t{1} << 53;  // what a browser counts exactly
constexpr std::int64_t kMostEvents = 1000;                     // of a page of the log

Result<int> number_in(const Call& call) {
  const std::string& text = call.path.at("number");
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos)
    return Error(ErrorKind::usage, "a target is named by its number in the run");
  return std::stoi(text);
}

Response file_response(const Asset& asset, bool takes_gzip) {
  Response response;
  response.content_type = asset.content_type;
  const bool packed = takes_gzip && !asset.gzip.empty();
  response.fixed = packed ? asset.gzip : asset.plain;
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("ETag", std::string(asset.etag));
  response.headers.emplace_back("Cache-Control", asset.fixed_name ? "public, max-age=31536000, immutable" : "no-cache");
  return response;
}

Task<Response> document_on_pool(asio::thread_pool& pool, std::shared_ptr<const SiteParts> parts,
                                std::function<Result<json>(Documents&, const Call&)> document, Call call) {
  auto shared_call = std::make_shared<const Call>(std::move(call));
  // The text is made there, too: of thousands of targets it takes a while.
  // Named: a temporary with captures in a co_await is destroyed twice (g++ 12).
  auto work = [parts, document = std::move(document), shared_call]() -> Response {
    auto made = document(*parts->documents, *shared_call);
    return made ? json_response(*made) : error_response(made.error());
  };
  auto response = co_await run_blocking(pool, work);
  co_return response;
}

Task<Response> carry_out(asio::thread_pool& pool, std::shared_ptr<const SiteParts> parts, Call call, bool of_target) {
  if (auto refused = refuse_change(call.request, parts->token)) co_return std::move(*refused);
  auto wish = wish_in(call.path.at("action"), of_target, call.request.body);
  if (!wish) co_return error_response(wish.error());
  auto shared_call = std::make_shared<const Call>(std::move(call));
  auto work = [parts, shared_call, of_target]() -> Result<std::pair<std::int64_t, std::string>> {
    TRY(const std::int64_t run, parts->documents->find(shared_call->path.at("run")));
    std::string target;
    if (of_target) {
      TRY(const int number, number_in(*shared_call));
      TRY(target, parts->documents->id_of_target(run, number));
    }
    return std::pair(run, target);
  };
  auto found = co_await run_blocking(pool, work);
  if (!found) co_return error_response(found.error());
  wish->run = found->first;
  wish->target = found->second;
  Wish asked = *std::move(wish);
  auto said = co_await parts->carry_out(std::move(asked));
  if (!said) co_return error_response(said.error());
  co_return json_response(*said, 202);
}

Task<Response> begin_stream(asio::thread_pool& pool, std::shared_ptr<const SiteParts> parts, Call call) {
  // A browser that reconnects says by a header what it has; the first time our page says it by the query.
  auto after = call.number("after", 0, kMostSequence);
  if (!after) co_return error_response(after.error());
  std::int64_t begin = *after;
  Call last;
  last.query["id"] = call.request.last_event_id;
  if (!call.request.last_event_id.empty()) {
    auto known = last.number("id", 0, kMostSequence);
    if (!known) co_return error_response(400, "Last-Event-ID is no sequence");
    begin = *known;
  }
  const std::string run = call.path.at("run");
  auto work = [parts, run, begin]() -> Result<EventStream> {
    EventStream stream;
    TRY(stream.run, parts->documents->find(run));
    stream.after = begin;
    if (begin == 0) {
      TRY(stream.after, parts->documents->sequence(stream.run, 0));
    }
    return stream;
  };
  auto found = co_await run_blocking(pool, work);
  if (!found) co_return error_response(found.error());
  Response response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.stream = *found;
  co_return response;
}

Task<Response> metrics_of(asio::thread_pool& pool, std::shared_ptr<const SiteParts> parts) {
  if (!parts->metrics) co_return error_response(404, "this program has no metrics");
  auto work = [parts] { return parts->metrics(parts->documents->journal()); };
  auto text = co_await run_blocking(pool, work);
  if (!text) co_return error_response(text.error());
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = *std::move(text);
  co_return response;
}

}  // namespace

Result<Wish> wish_in(const std::string& action, bool of_target, const std::string& body) {
  static const std::map<std::string, std::pair<bool, std::map<std::string, json::value_t>>> known{
      {"pause", {false, {}}},
      {"resume", {false, {}}},
      {"cancel", {false, {{"rollback", json::value_t::boolean}}}},
      {"approve", {false, {}}},
      {"set", {false, {{"changes", json::value_t::object}}}},
      {"skip", {true, {}}},
      {"retry", {true, {}}},
  };
  const auto found = known.find(action);
  if (found == known.end() || found->second.first != of_target)
    return Error(ErrorKind::not_found, fmt::format("there is no such action of a {}", of_target ? "target" : "run"));
  Wish wish;
  wish.action = action;
  const json given = body.empty() ? json::object() : json::parse(body, nullptr, false);
  if (!given.is_object()) return Error(ErrorKind::usage, "the body must be a JSON object");
  for (const auto& [name, value] : given.items()) {
    const auto argument = found->second.second.find(name);
    const bool is_reason = name == "reason" && value.is_string();
    if (!is_reason && (argument == found->second.second.end() || argument->second != value.type()))
      return Error(ErrorKind::usage, fmt::format("{} takes no such argument: {}", action, name));
    if (is_reason && value.get_ref<const std::string&>().size() > 500) return Error(ErrorKind::usage, "a reason has at most 500 bytes");
  }
  if (action == "set") {
    if (!given.contains("changes") || given["changes"].empty()) return Error(ErrorKind::usage, "set needs `changes`: name -> value, as text");
    for (const auto& [name, value] : given["changes"].items())
      if (!value.is_string()) return Error(ErrorKind::usage, fmt::format("the value of {} must be text", name));
  }
  wish.arguments = given;
  return wish;
}

Site::Site(asio::thread_pool& pool, SiteParts parts) : pool_(pool), parts_(std::make_shared<const SiteParts>(std::move(parts))) {
  add_documents();
  add_changes();
  add_files();
}

void Site::get(const std::string& pattern, std::function<Result<json>(Documents&, const Call&)> document) {
  Route route{"GET", pattern, false, nullptr};
  route.handler = [&pool = pool_, parts = parts_, document = std::move(document)](Call call) {
    return document_on_pool(pool, parts, document, std::move(call));
  };
  router_.add(std::move(route));
}

void Site::add_documents() {
  get("/api/v1/session", [parts = parts_](Documents&, const Call& call) -> Result<json> {
    return json{{"version", 1}, {"kind", "session"}, {"program", PGCONVOY_VERSION}, {"journal", parts->journal}, {"host", parts->host}, {"now", std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count()},
                {"may_change", parts->token.allows(call.request.authorization)}};
  });
  get("/api/v1/runs", [](Documents& documents, const Call&) { return documents.runs(); });
  const auto of_run = [this](const std::string& rest, Result<json> (Documents::*document)(std::int64_t)) {
    get("/api/v1/runs/{run}" + rest, [document](Documents& documents, const Call& call) -> Result<json> {
      TRY(const std::int64_t run, documents.find(call.path.at("run")));
      return (documents.*document)(run);
    });
  };
  of_run("", &Documents::run);
  of_run("/targets", &Documents::targets);
  of_run("/plan", &Documents::plan);
  of_run("/forecast", &Documents::forecast);
  get("/api/v1/runs/{run}/targets/{number}", [](Documents& documents, const Call& call) -> Result<json> {
    TRY(const std::int64_t run, documents.find(call.path.at("run")));
    TRY(const int number, number_in(call));
    return documents.target(run, number);
  });
  get("/api/v1/runs/{run}/events", [](Documents& documents, const Call& call) -> Result<json> {
    TRY(const std::int64_t run, documents.find(call.path.at("run")));
    TRY(const std::int64_t after, call.number("after", 0, kMostSequence));
    TRY(const std::int64_t before, call.number("before", 0, kMostSequence));
    TRY(const std::int64_t target, call.number("target", 0, 999999999));
    TRY(const std::int64_t limit, call.number("limit", 200, kMostEvents));
    if (limit == 0) return Error(ErrorKind::usage, "limit must be at least 1");
    return documents.events(run, after, before, static_cast<int>(target), static_cast<std::size_t>(limit));
  });
}

void Site::add_changes() {
  router_.add({"GET", "/api/v1/runs/{run}/stream", false,
               [&pool = pool_, parts = parts_](Call call) { return begin_stream(pool, parts, std::move(call)); }});
  router_.add({"POST", "/api/v1/runs/{run}/actions/{action}", true,
               [&pool = pool_, parts = parts_](Call call) { return carry_out(pool, parts, std::move(call), false); }});
  router_.add({"POST", "/api/v1/runs/{run}/targets/{number}/actions/{action}", true,
               [&pool = pool_, parts = parts_](Call call) { return carry_out(pool, parts, std::move(call), true); }});
  router_.add({"GET", "/metrics", false, [&pool = pool_, parts = parts_](Call) { return metrics_of(pool, parts); }});
}

void Site::add_files() {
  for (const Asset& asset : assets())
    router_.add({"GET", std::string(asset.path), false, [&asset](Call call) -> Task<Response> { co_return file_response(asset, call.request.takes_gzip); }});
}

Task<Response> Site::answer(Request request) const {
  if (auto refused = refuse(request, parts_->names)) co_return std::move(*refused);
  const auto address = parse_address(request.target);
  if (!address) co_return error_response(400, "the address can't be understood");
  Router::Match match = router_.match(std::move(request), *address);
  if (match.route == nullptr && match.other_method) {
    Response response = error_response(405, "this address isn't asked by that method");
    response.headers.emplace_back("Allow", match.call.request.method == "POST" ? "GET, HEAD" : "POST");
    co_return response;
  }
  if (match.route == nullptr) {
    if (address->segments.empty())
      co_return error_response(404, "this program was built without its web page", "scripts/setup builds it; the API is at /api/v1/");
    co_return error_response(404, "there is nothing at this address");
  }
  Call call = std::move(match.call);
  Response response;
  std::string failure;
  try {
    response = co_await match.route->handler(std::move(call));
  } catch (const boost::system::system_error&) {
    throw;  // the loop ends
  } catch (const std::exception& bug) {
    failure = bug.what();
  }
  if (!failure.empty()) co_return error_response(Error(ErrorKind::internal, "this is a bug: " + failure));
  co_return response;
}

}  // namespace pgconvoy::web
