// What a COPY statement sends and is sent.
#include "engine/postgres/libpq_session.hpp"
#include "engine/postgres/sql_error.hpp"

namespace pgconvoy {
namespace {

constexpr std::size_t kPiece = 64 << 10;

}  // namespace

Task<Result<void>> Session::copy_out_pieces(std::string, CopyTaker, std::optional<Seconds>) {
  co_return Error(ErrorKind::internal, "this session copies nothing out in pieces");
}

Task<Result<std::int64_t>> Session::copy_in(std::string, CopyGiver, std::optional<Seconds>) {
  co_return Error(ErrorKind::internal, "this session copies nothing in");
}

Task<Result<void>> LibpqSession::read_copy(Statement& statement) {
  const auto number = statement.copies++;
  std::string piece;
  while (true) {
    char* line = nullptr;
    const int size = PQgetCopyData(connection_, &line, 1);
    if (size > 0) {
      std::unique_ptr<char, decltype(&PQfreemem)> owner(line, PQfreemem);
      if (statement.draining) continue;
      if (statement.sink) statement.sink(number, std::string_view(line, static_cast<std::size_t>(size)));
      if (statement.taker && piece.empty()) piece.reserve(kPiece + (8 << 10));  // most rows take less than the rest
      if (statement.taker) piece.append(line, static_cast<std::size_t>(size));
    } else if (size == 0) {
      CO_TRY_VOID(co_await more_input(statement));
    } else {
      if (!statement.sink && !statement.taker && !statement.failure)
        statement.failure = Error(ErrorKind::usage, "COPY TO STDOUT needs copy_out");
      if (!piece.empty() && !statement.draining) CO_TRY_VOID(co_await hand_over(statement, std::move(piece)));
      co_return Result<void>();  // its command tag or error is the next result
    }
    if (piece.size() < kPiece) continue;
    std::string full = std::move(piece);
    piece.clear();
    CO_TRY_VOID(co_await hand_over(statement, std::move(full)));
  }
}

// The server isn't waited for meanwhile, so its deadline doesn't run.
Task<Result<void>> LibpqSession::hand_over(Statement& statement, std::string piece) {
  watch_.clear_deadline();
  auto taken = co_await statement.taker(std::move(piece));
  wait_for_server(statement);
  if (taken) co_return Result<void>();
  statement.theirs = taken.error();
  statement.interruption = SocketWatch::Outcome::late;  // cancelled and drained like a statement that takes too long
  co_return std::move(taken).error();
}

Task<Result<void>> LibpqSession::send_copy(Statement& statement) {
  while (true) {
    watch_.clear_deadline();
    auto piece = co_await statement.giver();
    wait_for_server(statement);
    if (!piece || piece->empty()) {
      if (!piece) statement.theirs = piece.error();
      PQputCopyEnd(connection_, piece ? nullptr : "given up by pgconvoy");
      co_return co_await flush(statement);
    }
    int put = 0;
    while ((put = PQputCopyData(connection_, piece->data(), static_cast<int>(piece->size()))) == 0)
      CO_TRY_VOID(co_await flush(statement));
    // The server has given it up: why is the next result.
    if (put < 0) co_return Result<void>();
    CO_TRY_VOID(co_await flush(statement));
  }
}

}  // namespace pgconvoy
