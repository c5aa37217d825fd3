# Writes src/page.html to generated/page.inc as the texts that src/page.cc includes: the page up to
# and from the place of the metrics' path, and the hashes by which a Content-Security-Policy allows
# its style and its script. At configure time, as clang-tidy reads page.cc without a build.

# "sha256-" and the base64 of the SHA-256 of what stands between two tags of `text`.
function(hash_between text open close result)
  string(FIND "${text}" "${open}" from)
  string(FIND "${text}" "${close}" to)
  if(from EQUAL -1 OR to LESS from)
    message(FATAL_ERROR "src/page.html has no ${open}...${close}")
  endif()
  string(LENGTH "${open}" skip)
  math(EXPR from "${from} + ${skip}")
  math(EXPR length "${to} - ${from}")
  string(SUBSTRING "${text}" ${from} ${length} content)
  string(SHA256 hex "${content}")

  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(base64 "")
  # Three hex digits are two of base64. 64 digits and two for nothing make 44, the last one padding.
  foreach(at RANGE 0 63 3)
    string(SUBSTRING "${hex}00" ${at} 3 digits)
    math(EXPR first "0x${digits} >> 6")
    math(EXPR second "0x${digits} & 63")
    string(SUBSTRING ${alphabet} ${first} 1 first)
    string(SUBSTRING ${alphabet} ${second} 1 second)
    string(APPEND base64 ${first}${second})
  endforeach()
  string(SUBSTRING ${base64} 0 43 base64)
  set(${result} "sha256-${base64}=" PARENT_SCOPE)
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS src/page.html)
file(READ src/page.html page)
hash_between("${page}" "<style>" "</style>" style_hash)
hash_between("${page}" "<script type=\"module\">" "</script>" script_hash)

set(place "@METRICS@")
string(FIND "${page}" "${place}" at)
string(FIND "${page}" "${place}" last REVERSE)
if(at EQUAL -1 OR NOT at EQUAL last)
  message(FATAL_ERROR "src/page.html must have one ${place}")
endif()
string(SUBSTRING "${page}" 0 ${at} before)
string(LENGTH "${place}" skip)
math(EXPR at "${at} + ${skip}")
string(SUBSTRING "${page}" ${at} -1 after)

set(text "constexpr std::string_view kBeforePath = R\"page(${before})page\";
constexpr std::string_view kAfterPath = R\"page(${after})page\";
constexpr std::string_view kStyleHash = \"${style_hash}\";
constexpr std::string_view kScriptHash = \"${script_hash}\";
")
set(page_inc ${PROJECT_BINARY_DIR}/generated/page.inc)
set(old "")
if(EXISTS ${page_inc})
  file(READ ${page_inc} old)
endif()
if(NOT text STREQUAL old)  # else page.cc would be compiled at each configuration
  file(WRITE ${page_inc} "${text}")
endif()
set_source_files_properties(src/page.cc PROPERTIES
  INCLUDE_DIRECTORIES ${PROJECT_BINARY_DIR}/generated OBJECT_DEPENDS ${page_inc})
