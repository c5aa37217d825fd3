// One worker thread, a bounded number that wait for it, and a bounded memory of what was right.
#include "basic_auth.h"

#include <openssl/sha.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "password.h"

namespace ecs_exporter {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMostVerified = 64;
constexpr std::size_t kMostWaiting = 16;
// Of one client: so one that guesses locks no other out.
constexpr std::ptrdiff_t kMostWaitingOfOne = 4;
constexpr std::size_t kMostLate = 16;

struct Credentials {
  std::string name;
  std::string password;
};

// The value of a letter of base64; absent for any other.
std::optional<unsigned> base64_value(char c) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kLetters.find(c);
  return at == std::string_view::npos ? std::nullopt : std::optional(static_cast<unsigned>(at));
}

// Absent for what is not base64 with its padding.
std::optional<std::string> base64_decoded(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  text = text.substr(0, text.size() - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
  std::string out;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = base64_value(c);
    if (!value) return std::nullopt;
    bits = bits << 6 | *value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::optional<Credentials> credentials_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (!std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {}, lower)) {
    return std::nullopt;
  }
  const auto text = base64_decoded(authorization.substr(kScheme.size()));
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

// The hash that takes longest.
const std::string& costliest(const BasicAuth::Users& users) {
  const auto cost = [](const auto& user) { return bcrypt_cost(user.second); };
  return std::ranges::max_element(users, {}, cost)->second;
}

}  // namespace

BasicAuth::BasicAuth(asio::any_io_executor executor) : executor_(std::move(executor)) {}

bool BasicAuth::must_not_wait(const std::string& client) const {
  return waiting_.size() >= kMostWaiting ||
         std::ranges::count(waiting_, client) >= kMostWaitingOfOne;
}

asio::awaitable<BasicAuth::Verdict> BasicAuth::check(const Users& users,
                                                     std::string_view authorization,
                                                     std::string client, bool may_wait) {
  auto given = credentials_of(authorization);
  if (!given) co_return Verdict::kRefused;
  const auto user = users.find(given->name);
  const bool is_known = user != users.end();
  // A name that nobody has takes as long as the slowest of the others.
  Guess guess{.password = std::move(given->password),
              .hash = is_known ? user->second : costliest(users),
              .digest = {}};

  // Neither a hash nor, in HTTP, a name can hold a line's end: no two triples look the same.
  const std::string key = given->name + '\n' + guess.hash + '\n' + guess.password;
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), guess.digest.data());
  if (is_known && std::ranges::find(verified_, guess.digest) != verified_.end()) {
    co_return Verdict::kAllowed;
  }
  if (!may_wait || must_not_wait(client)) {
    check_later(is_known ? std::optional(std::move(given->name)) : std::nullopt, std::move(guess));
    co_return Verdict::kBusy;
  }
  waiting_.push_back(client);
  // Also when there can be no thread.
  struct Leave {
    std::vector<std::string>& waiting;
    const std::string& client;
    ~Leave() { waiting.erase(std::ranges::find(waiting, client)); }
  } const leave{waiting_, client};
  const bool right = co_await matches(std::move(guess.password), std::move(guess.hash));
  if (!right || !is_known) co_return Verdict::kRefused;
  remember(guess.digest);
  co_return Verdict::kAllowed;
}

// Whoever finds no place is told so at once. And yet of each name the newest password is checked
// when the worker comes to it, and if it was right it is known when it comes again: so those who
// guess, behind the same address too, do not keep it out. The replies, and the work, are the same
// for a name that nobody has, so they tell nobody which names there are.
void BasicAuth::check_later(std::optional<std::string> name, Guess guess) {
  if (late_.size() >= kMostLate && !late_.contains(name)) return;
  late_.insert_or_assign(std::move(name), std::move(guess));
  if (!std::exchange(checking_late_, true)) asio::co_spawn(executor_, check_late(), asio::detached);
}

// One after the other, and each name in its turn, however often another comes.
asio::awaitable<void> BasicAuth::check_late() {
  struct Leave {
    bool& checking;
    ~Leave() { checking = false; }
  } const leave{checking_late_};
  std::optional<std::string> name;
  while (!late_.empty()) {
    auto next = late_.upper_bound(name);
    if (next == late_.end()) next = late_.begin();
    name = next->first;
    Guess guess = std::move(next->second);
    late_.erase(next);
    const bool right = co_await matches(std::move(guess.password), std::move(guess.hash));
    if (right && name) remember(guess.digest);
  }
}

void BasicAuth::remember(const Digest& digest) {
  if (std::ranges::find(verified_, digest) == verified_.end()) verified_.push_back(digest);
  if (verified_.size() > kMostVerified) verified_.pop_front();
}

// Goes to the worker and comes back.
asio::awaitable<bool> BasicAuth::matches(std::string password, std::string hash) {
  if (!worker_) worker_.emplace(1);
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [&](auto handler) {
        // The guard: whoever runs the executor must wait for what is under way.
        asio::post(*worker_, [password = std::move(password), hash = std::move(hash),
                              handler = std::move(handler),
                              guard = asio::make_work_guard(executor_)]() mutable {
          const bool right = password_matches(password, hash);
          asio::post(guard.get_executor(),
                     [handler = std::move(handler), right]() mutable { handler(right); });
        });
      },
      asio::use_awaitable);
}

}  // namespace ecs_exporter
