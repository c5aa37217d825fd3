# OpenSSL, static: 4 to 7 MB, most of which no TLS connection uses, and which the linker keeps all the
# same, since tables refer to it. For the release it loses what its own build would leave out with
# no-* options. The programs are the same on OpenSSL 3.0 (Debian 12) and 3.5 (Debian 13).
#
# * Algorithms that TLS does not use: their tables of functions are replaced by an empty one
#   (cmake/openssl_pruned.cc keeps the empty ones from being offered).
# * QUIC and post-quantum keys (3.5): the functions that the rest of OpenSSL calls are replaced by
#   ones that return 0.
# * Compression, ciphers by their old names, engines, the log of CMP, AES-GCM for AVX-512: the same, by
#   hand in cmake/openssl_pruned.cc.
# * dlopen, getaddrinfo and gethostbyname: replaced by functions that fail.
# * Unwind tables: an exception never passes through C.

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
  type_specific_no_pub_der_to_ec_decoder type_specific_keypair_der_to_rsa_decoder
  blake2b512) # which the digests by their old names bring anyway

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

# The functions with names like `name` that object files of `library` call whose own names are not
# like `object`: what the rest of it calls of a part that it does not need.
function(find_calls result library name object)
  execute_process(COMMAND ${CMAKE_NM} -A ${library} OUTPUT_VARIABLE symbols ERROR_QUIET
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^:\n]+\\.o: +U ${name}[A-Za-z0-9_]*\n" symbols "${symbols}")
  set(functions "")
  foreach(symbol IN LISTS symbols)
    if(NOT symbol MATCHES "^[^:]*(${object})[^:]*:" AND NOT symbol MATCHES "_functions\n$")
      string(REGEX REPLACE "^.* U (.*)\n$" "\\1" function "${symbol}")
      list(APPEND functions ${function})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES functions)
  set(${result} ${functions} PARENT_SCOPE)
endfunction()

if(EXPORTER_PRUNE_OPENSSL)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${LIBSSL} ${LIBCRYPTO})
  set(generated ${PROJECT_BINARY_DIR}/generated)
  file(MAKE_DIRECTORY ${generated})
  find_unused_tables(tables)
  find_calls(quic ${LIBSSL} "(ossl_quic|OSSL_QUIC)_" quic)
  find_calls(post_quantum ${LIBCRYPTO} "ossl_(ml_kem|ml_dsa|slh_dsa|ec_dhkem|ecx_dhkem)_"
    "ml_kem|ml_dsa|slh_|ec_kem|ecx_kem")

  set(text "#include <openssl/core.h>\nextern \"C\" {\n")
  string(APPEND text "extern const OSSL_DISPATCH no_functions[1] = {{0, nullptr}};\n")
  foreach(table IN LISTS tables)
    string(APPEND text
      "extern const OSSL_DISPATCH ${table}[1] __attribute__((alias(\"no_functions\")));\n")
  endforeach()
  foreach(function IN LISTS quic post_quantum)
    string(APPEND text "void* ${function}();\nvoid* ${function}() { return nullptr; }\n")
  endforeach()
  file(CONFIGURE OUTPUT ${generated}/openssl_replaced.cc CONTENT "${text}}\n" @ONLY)
  # An object file that is needed for something else may define a table that is replaced.
  list(JOIN tables "\n" text)
  file(CONFIGURE OUTPUT ${generated}/openssl_weak_symbols CONTENT "${text}\n" @ONLY)

  # Names and shared libraries: a static program has neither by libc, of which the linker warns. TLS
  # over a socket that is connected looks nothing up and loads nothing.
  set(unused_libc "")
  foreach(function dlopen getaddrinfo gethostbyname)
    list(APPEND unused_libc --redefine-sym=${function}=openssl_unused_${function})
  endforeach()

  foreach(name SSL CRYPTO)
    string(TOLOWER lib${name}.a file)
    execute_process(COMMAND ${CMAKE_OBJCOPY} --remove-section=.eh_frame
      --remove-section=.rela.eh_frame --weaken-symbols=${generated}/openssl_weak_symbols
      ${unused_libc} ${LIB${name}} ${generated}/${file} COMMAND_ERROR_IS_FATAL ANY)
    set(LIB${name} ${generated}/${file})
  endforeach()
  set(openssl_libraries ${LIBSSL} ${LIBCRYPTO})
  set(openssl_pruned cmake/openssl_pruned.cc ${generated}/openssl_replaced.cc)
  # Whole functions and tables are replaced by others of the same name, which is what link-time
  # optimization must not reason about.
  set_source_files_properties(${openssl_pruned} PROPERTIES COMPILE_OPTIONS -fno-lto)
  add_link_options(-Wl,--wrap=ossl_default_provider_init)
endif()
