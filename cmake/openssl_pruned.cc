// Takes the places of parts of OpenSSL that this program does not need; cmake/openssl.cmake says
// which and why. All names are those of libcrypto.
#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/evp.h>

#include <array>
#include <cstddef>

namespace {

// More than the default provider has of one kind; what is over would not be offered.
constexpr std::size_t kMostAlgorithms = 96;
constexpr std::size_t kMostOperations = OSSL_OP__HIGHEST + 1;
constexpr std::size_t kMostDispatches = 16;

OSSL_FUNC_provider_query_operation_fn* query_all = nullptr;

constexpr std::array<void*, 32> kNothing{};

// What the provider has for an operation, without the algorithms whose table of functions is empty:
// OpenSSL would take one of these for a fault.
const OSSL_ALGORITHM* query_kept(void* provider, int operation, int* no_cache) {
  static std::array<std::array<OSSL_ALGORITHM, kMostAlgorithms + 1>, kMostOperations> kept;
  const OSSL_ALGORITHM* all = query_all(provider, operation, no_cache);
  if (all == nullptr || static_cast<std::size_t>(operation) >= kMostOperations) return all;
  auto& out = kept[static_cast<std::size_t>(operation)];
  std::size_t count = 0;
  for (; all->algorithm_names != nullptr && count < kMostAlgorithms; ++all) {
    if (all->implementation->function_id != 0) out[count++] = *all;
  }
  out[count] = {};
  return out.data();
}

}  // namespace

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap wants these names.
OSSL_provider_init_fn __real_ossl_default_provider_init;
OSSL_provider_init_fn __wrap_ossl_default_provider_init;

int __wrap_ossl_default_provider_init(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* offered,
                                      const OSSL_DISPATCH** functions, void** provider) {
  static std::array<OSSL_DISPATCH, kMostDispatches> own;
  if (__real_ossl_default_provider_init(core, offered, functions, provider) != 1) return 0;
  std::size_t count = 0;
  for (const OSSL_DISPATCH* next = *functions; next->function_id != 0; ++next) {
    if (count + 1 == own.size()) return 0;
    own[count] = *next;
    if (next->function_id == OSSL_FUNC_PROVIDER_QUERY_OPERATION) {
      query_all = OSSL_FUNC_provider_query_operation(next);
      own[count].function = reinterpret_cast<void (*)()>(query_kept);
    }
    ++count;
  }
  own[count] = {};
  *functions = own.data();
  return 1;
}
// NOLINTEND(bugprone-reserved-identifier)

// A way to load shared libraries, and a compression, that have no name and no functions.
const void* DSO_METHOD_openssl();
const void* COMP_zlib();
const void* DSO_METHOD_openssl() { return kNothing.data(); }
const void* COMP_zlib() { return kNothing.data(); }

// No file of the system changes what OpenSSL does, and so none has an error.
int ossl_config_int();
int ssl_ctx_system_config();
int ossl_config_int() { return 1; }
int ssl_ctx_system_config() { return 1; }

// Digests by the names of OpenSSL 1, by which signatures of certificates are looked up.
void openssl_add_all_digests_int();
void openssl_add_all_digests_int() {
  for (const EVP_MD* digest : {EVP_md5(), EVP_md5_sha1(), EVP_sha1(), EVP_sha224(), EVP_sha256(),
                               EVP_sha384(), EVP_sha512()}) {
    EVP_add_digest(digest);
  }
}

// P-224 as any other curve, without the code that makes it faster.
const void* EC_GFp_mont_method();
const void* EC_GFp_nistp224_method();
const void* EC_GFp_nistp224_method() { return EC_GFp_mont_method(); }

}  // extern "C"
