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
    kBusy,  // so many others wait for their hash, in all or of this client, that it is not computed
  };

  explicit BasicAuth(boost::asio::any_io_executor executor);
  BasicAuth(const BasicAuth&) = delete;
  BasicAuth& operator=(const BasicAuth&) = delete;

  /// Judges an Authorization header ("" if there was none) that came from the address `client` by
  /// `users`, names to bcrypt hashes, of which there is at least one. What was right once is at
  /// once right again.
  boost::asio::awaitable<Verdict> check(
      const std::map<std::string, std::string, std::less<>>& users, std::string_view authorization,
      std::string client);

 private:
  using Digest = std::array<unsigned char, 32>;

  boost::asio::awaitable<bool> matches(std::string password, std::string hash);

  boost::asio::any_io_executor executor_;
  std::deque<Digest> verified_;       // of name, hash and password; the newest last
  std::vector<std::string> waiting_;  // the address of each client whose hash is not computed yet
  std::optional<boost::asio::thread_pool> worker_;  // from the first hash on
};

}  // namespace ecs_exporter
