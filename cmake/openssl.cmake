# OpenSSL, static: 4 to 7 MB, most of which no TLS connection uses, and which the linker keeps all the
# same, since tables refer to it. For the release it loses what its own build would leave out with
# no-* options. The programs are the same on OpenSSL 3.0 (Debian 12) and 3.5 (Debian 13).
#
# * Algorithms that TLS does not use: their tables of functions are replaced by an empty one
#   (cmake/openssl_pruned.cc keeps the empty ones from being offered).
# * Object files that TLS over TCP does not need: taken out. What the rest of OpenSSL calls of them is
#   replaced by functions that return 0, or by what cmake/openssl_pruned.cc has by the same name.
# * Unwind tables: an exception never passes through C.
#
# libcrypt, which hashes passwords, loses all ways to do so but bcrypt in the same manner.

find_library(LIBSSL libssl.a REQUIRED)
find_library(LIBCRYPTO libcrypto.a REQUIRED)
find_path(OPENSSL_HEADERS openssl/opensslv.h REQUIRED)
file(STRINGS ${OPENSSL_HEADERS}/openssl/opensslv.h openssl_minor
  REGEX "define OPENSSL_VERSION_(MAJOR|MINOR) ")
set(openssl_libraries ${LIBSSL} ${LIBCRYPTO})
if(NOT openssl_minor MATCHES "MAJOR +3;.*MINOR +0$")
  # What it compresses by, where it is not pruned.
  find_library(LIBZ libz.a REQUIRED)
  find_library(LIBZSTD libzstd.a REQUIRED)
  list(APPEND openssl_libraries ${LIBZ} ${LIBZSTD})
endif()
option(EXPORTER_PRUNE_OPENSSL "Link OpenSSL without what TLS does not use" OFF)
set(openssl_pruned "") # further sources of the programs

# The functions of the default provider that TLS 1.0 to 1.3, certificates and keys need.
set(openssl_kept
  aes128gcm aes256gcm aes128cbc aes256cbc aes128ctr aes256ctr aes128ecb aes256ecb
  chacha20_ossl_poly1305 chacha20 poly1305
  md5 md5_sha1 sha1 sha224 sha256 sha384 sha512 hmac mac_legacy_keymgmt mac_legacy_hmac_signature
  kdf_hkdf kdf_tls1_3_kdf kdf_tls1_prf kdf_keymgmt kdf_hkdf_keyexch kdf_tls1_prf_keyexch
  drbg_ctr seed_src ecdh_keyexch x25519_keyexch
  ec_keymgmt x25519_keymgmt ed25519_keymgmt rsa_keymgmt rsapss_keymgmt
  ecdsa_signature ed25519_signature rsa_signature rsa_asym_cipher
  pem_to_der_decoder
  PrivateKeyInfo_der_to_ec_decoder PrivateKeyInfo_der_to_rsa_decoder
  type_specific_no_pub_der_to_ec_decoder type_specific_keypair_der_to_rsa_decoder)

# The tables of functions that the default provider names, but for those above and those that share
# an object file with one of them.
function(find_unused_tables result)
  execute_process(COMMAND ${CMAKE_NM} -A ${LIBCRYPTO} OUTPUT_VARIABLE symbols ERROR_QUIET
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^:\n]+\\.o:[^\n]* ossl_[A-Za-z0-9_]+_functions\n" symbols "${symbols}")
  set(tables "")
  set(kept_objects "")
  foreach(symbol IN LISTS symbols)
    string(REGEX MATCH "^([^:]+):.* ([A-Za-z]) (ossl_[A-Za-z0-9_]+)\n$" ignored "${symbol}")
    set(object ${CMAKE_MATCH_1})
    set(kind ${CMAKE_MATCH_2})
    set(table ${CMAKE_MATCH_3})
    if(object MATCHES "-defltprov\\.o$")
      list(APPEND tables ${table})
    elseif(NOT kind STREQUAL "U")
      set(object_of_${table} ${object})
      string(REGEX REPLACE "^ossl_(.*)_functions$" "\\1" name ${table})
      if(name IN_LIST openssl_kept)
        list(APPEND kept_objects ${object})
      endif()
    endif()
  endforeach()
  if(NOT kept_objects)
    message(FATAL_ERROR "${LIBCRYPTO} has none of the algorithms of TLS: its names have changed")
  endif()
  set(unused "")
  foreach(table IN LISTS tables)
    if(NOT object_of_${table} IN_LIST kept_objects)
      list(APPEND unused ${table})
    endif()
  endforeach()
  set(${result} ${unused} PARENT_SCOPE)
endfunction()

# Object files, less what comes before the last "lib-" of their names, as regular expressions without
# groups, of which CMake knows ten. Some are in one version only.
set(openssl_left_out
  # QUIC, DTLS, SRTP, and where connections are opened, which here OpenSSL gets open.
  quic_impl quic_method quic_obj quic_tls quic_trace d1_lib d1_msg d1_srtp statem_dtls rec_layer_d1
  dtls_meth bss_acpt bss_conn bss_dgram bss_dgram_pair bio_addr bio_sock http_client http_lib
  # Its configuration files, and the shared libraries that they may name.
  conf_def conf_sap ssl_conf ssl_mcnf asn1_gen dso_dlfcn eng_all eng_dyn eng_openssl eng_padlock
  # Keys and groups: post-quantum, X448 and Ed448, binary curves, groups of numbers, SRP.
  "ml_kem[a-z_]*" "ml_dsa[a-z_]*" "slh_dsa[a-z_]*" "slh_[a-z]+" ec_kem ecx_kem "mlx_[a-z]+" curve448
  curve448_tables eddsa f_generic scalar ec2_smpl bn_gf2m ffc_dh srp_lib srp_vfy bn_srp
  # Faster ways that others stand in for: for 64-bit processors where there is one in assembler, for
  # P-224, for AVX-512 (in 3.5 AES-GCM alone is 0.7 MB).
  ecp_nistp224 ecp_nistp256 "rsaz-[234]k-avx512" "rsaz-[234]k-avx512vl" "rsaz-[234]k-avxifma"
  rsaz-avx512 aes-gcm-avx512
  # Digests and ciphers by the names of OpenSSL 1, and ciphers of several blocks of a record at once.
  "c_all[cd]" cipher_aes_cbc_hmac_sha1_hw cipher_aes_cbc_hmac_sha256_hw
  # Containers of keys and messages: PKCS #7 and #12, stores, compression, CMP's log.
  pk7_attr pk7_doit pk7_lib "p12_[a-z0-9]+" store_lib store_result c_brotli c_zlib c_zstd cmp_util
  # Texts for people, and what asks them for passphrases.
  t_x509 asn1_parse x509_acert txt_db ui_lib ui_openssl
)
set(libcrypt_left_out
  crypt-des crypt-gost-yescrypt crypt-md5 crypt-nthash crypt-pbkdf1-sha1 crypt-scrypt crypt-sha256
  crypt-sha512 crypt-sunmd5 crypt-yescrypt util-gensalt-sha
)

# Makes a copy of `library` without the object files of these names, and appends to `stubs` the C++ that
# defines what they defined: functions that return 0, data of zeroes.
function(leave_out library copy stubs names)
  execute_process(COMMAND ${CMAKE_NM} -A ${library} OUTPUT_VARIABLE symbols ERROR_QUIET
                  COMMAND_ERROR_IS_FATAL ANY)
  list(JOIN names "|" names)
  string(REGEX MATCHALL "[^:\n]+[-_](lib|la)-(${names})\\.o:[0-9a-f]+ [A-Z] [^\n]+\n" symbols "${symbols}")
  set(objects "")
  set(text "${${stubs}}")
  foreach(symbol IN LISTS symbols)
    string(REGEX MATCH "([^:]+):[0-9a-f]+ ([A-Z]) ([^\n]+)\n$" ignored "${symbol}")
    list(APPEND objects ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_3})
    if(name IN_LIST tables)
      continue() # it has got an empty one
    elseif(CMAKE_MATCH_2 MATCHES "[TW]")
      string(APPEND text "void* ${name}() __attribute__((weak, alias(\"returns_0\")));\n")
    else()
      string(APPEND text "extern long ${name}[512] __attribute__((weak, alias(\"zeroes\")));\n")
    endif()
  endforeach()
  list(REMOVE_DUPLICATES objects)
  file(COPY_FILE ${library} ${copy})
  execute_process(COMMAND ${CMAKE_AR} d ${copy} ${objects} COMMAND_ERROR_IS_FATAL ANY)
  set(${stubs} "${text}" PARENT_SCOPE)
endfunction()

if(EXPORTER_PRUNE_OPENSSL)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${LIBSSL} ${LIBCRYPTO} ${LIBCRYPT})
  set(generated ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${generated})
  find_unused_tables(tables)

  set(text "#include <openssl/core.h>\nextern \"C\" {\n")
  string(APPEND text "extern const OSSL_DISPATCH no_functions[1] = {{0, nullptr}};\n"
    "void* returns_0();\nvoid* returns_0() { return nullptr; }\nlong zeroes[512] = {};\n")
  foreach(table IN LISTS tables)
    string(APPEND text
      "extern const OSSL_DISPATCH ${table}[1] __attribute__((alias(\"no_functions\")));\n")
  endforeach()
  foreach(name SSL CRYPTO CRYPT)
    string(TOLOWER lib${name} file)
    if(name STREQUAL CRYPT)
      leave_out(${LIB${name}} ${generated}/${file}.a text "${libcrypt_left_out}")
    else()
      leave_out(${LIB${name}} ${generated}/${file}.a text "${openssl_left_out}")
    endif()
    set(LIB${name} ${generated}/${file}.a)
  endforeach()
  file(CONFIGURE OUTPUT ${generated}/openssl_replaced.cc CONTENT "${text}}\n" @ONLY)

  # An object file that is needed for something else may define a table that is replaced.
  list(JOIN tables "\n" text)
  file(CONFIGURE OUTPUT ${generated}/openssl_weak_symbols CONTENT "${text}\n" @ONLY)
  foreach(library ${LIBSSL} ${LIBCRYPTO})
    execute_process(COMMAND ${CMAKE_OBJCOPY} --remove-section=.eh_frame
      --remove-section=.rela.eh_frame --weaken-symbols=${generated}/openssl_weak_symbols ${library}
      COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
  set(openssl_libraries ${LIBSSL} ${LIBCRYPTO})
  set(openssl_pruned cmake/openssl_pruned.cc ${generated}/openssl_replaced.cc)
  # Whole functions and tables are replaced by others of the same name, which is what link-time
  # optimization must not reason about.
  set_source_files_properties(${openssl_pruned} PROPERTIES COMPILE_OPTIONS -fno-lto)
  add_link_options(-Wl,--wrap=ossl_default_provider_init)
endif()
