// Asks for a name and a password as RFC 7617 has it. Hashes are computed on a thread of their own,
// so that a slow one delays only who brought it.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecs_exporter {

class BasicAuth {
 public:
  enum class Verdict {
    kAllowed,
    kRefused,
    kBusy,  // so many wait for their hash, in all or of this client, that nobody waits for this one
  };

  explicit BasicAuth(boost::asio::any_io_executor executor);
  BasicAuth(const BasicAuth&) = delete;
  BasicAuth& operator=(const BasicAuth&) = delete;

  using Users = std::map<std::string, std::string, std::less<>>;

  /// Judges an Authorization header ("" if there was none) by `users`, names to bcrypt hashes, of
  /// which there is at least one. `client` is whom it came from, its address or network; it is told
  /// kBusy where it would have to wait and may not. What was right once is at once right again.
  boost::asio::awaitable<Verdict> check(const Users& users, std::string_view authorization,
                                        std::string client, bool may_wait = true);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Guess {
    std::string password;
    std::string hash;
    Digest digest;  // of name, hash and password
  };

  bool must_not_wait(const std::string& client) const;
  void check_later(std::optional<std::string> name, Guess guess);
  boost::asio::awaitable<void> check_late();
  void remember(const Digest& digest);
  boost::asio::awaitable<bool> matches(std::string password, std::string hash);

  boost::asio::any_io_executor executor_;
  std::deque<Digest> verified_;       // what was right; the newest last
  std::vector<std::string> waiting_;  // the client of each hash that is not computed yet
  std::map<std::optional<std::string>, Guess> late_;  // by name; absent: one that nobody has
  bool checking_late_ = false;
  std::optional<boost::asio::thread_pool> worker_;  // from the first hash on
};

}  // namespace ecs_exporter
