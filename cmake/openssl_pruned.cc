// Takes the places of parts of OpenSSL that this program does not need; cmake/openssl.cmake says
// which and why. All names are those of libcrypto.
#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <array>
#include <cstddef>

namespace {

// More than the default provider has of one kind; what is over would not be offered.
constexpr std::size_t kMostAlgorithms = 96;
constexpr std::size_t kMostOperations = OSSL_OP__HIGHEST + 1;
constexpr std::size_t kMostDispatches = 16;

OSSL_FUNC_provider_query_operation_fn* query_all = nullptr;

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

// Ciphers that several blocks of a record share, which TLS 1.0 to 1.2 take where they are offered.
int ossl_cipher_capable_aes_cbc_hmac_sha1();
int ossl_cipher_capable_aes_cbc_hmac_sha256();
int ossl_cipher_capable_aes_cbc_hmac_sha1() { return 0; }
int ossl_cipher_capable_aes_cbc_hmac_sha256() { return 0; }

// AES-GCM for AVX-512: 0.7 MB of code in OpenSSL 3.5, which serves traffic by the gigabyte.
int ossl_vaes_vpclmulqdq_capable();
void ossl_aes_gcm_init_avx512();
void ossl_aes_gcm_setiv_avx512();
void ossl_aes_gcm_update_aad_avx512();
void ossl_aes_gcm_encrypt_avx512();
void ossl_aes_gcm_decrypt_avx512();
void ossl_aes_gcm_finalize_avx512();
void ossl_gcm_gmult_avx512();
int ossl_vaes_vpclmulqdq_capable() { return 0; }
void ossl_aes_gcm_init_avx512() {}
void ossl_aes_gcm_setiv_avx512() {}
void ossl_aes_gcm_update_aad_avx512() {}
void ossl_aes_gcm_encrypt_avx512() {}
void ossl_aes_gcm_decrypt_avx512() {}
void ossl_aes_gcm_finalize_avx512() {}
void ossl_gcm_gmult_avx512() {}

// Ciphers by the names of OpenSSL 1, which encrypted keys have.
void openssl_add_all_ciphers_int();
void openssl_add_all_ciphers_int() {}

void engine_load_afalg_int();
void engine_load_dynamic_int();
void engine_load_openssl_int();
void engine_load_padlock_int();
void engine_load_afalg_int() {}
void engine_load_dynamic_int() {}
void engine_load_openssl_int() {}
void engine_load_padlock_int() {}

// Compression, of records and of certificates, which TLS here never offers.
void* BIO_f_brotli();
void* BIO_f_zlib();
void* BIO_f_zstd();
void* COMP_brotli_oneshot();
const void* COMP_zlib();
void* COMP_zlib_oneshot();
void* COMP_zstd_oneshot();
void ossl_comp_brotli_cleanup();
void ossl_comp_zlib_cleanup();
void ossl_comp_zstd_cleanup();
void* BIO_f_brotli() { return nullptr; }
void* BIO_f_zlib() { return nullptr; }
void* BIO_f_zstd() { return nullptr; }
void* COMP_brotli_oneshot() { return nullptr; }
// A method without a type: OpenSSL 3.0 looks at what it gets.
const void* COMP_zlib() {
  static constexpr std::array<const void*, 8> kNone{};
  return kNone.data();
}
void* COMP_zlib_oneshot() { return nullptr; }
void* COMP_zstd_oneshot() { return nullptr; }
void ossl_comp_brotli_cleanup() {}
void ossl_comp_zlib_cleanup() {}
void ossl_comp_zstd_cleanup() {}

void OSSL_CMP_log_close();
void OSSL_CMP_log_close() {}

// What cmake/openssl.cmake puts in the places of functions of libc. Each fails.
void* openssl_unused_dlopen();
int openssl_unused_getaddrinfo();
void* openssl_unused_gethostbyname();
void* openssl_unused_dlopen() { return nullptr; }
int openssl_unused_getaddrinfo() { return -4; }  // EAI_FAIL
void* openssl_unused_gethostbyname() { return nullptr; }

}  // extern "C"
