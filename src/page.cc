// The page's texts come from src/page.html by way of cmake/embed_page.cmake.
#include "page.h"

namespace ecs_exporter {
namespace {

#include "page.inc"

// As it may stand between the quotes of an attribute.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string page_html(std::string_view telemetry_path) {
  std::string html;
  html += kBeforePath;
  // With the dot, neither "//host" nor "name:" at the begin of a path is read as another place.
  html += '.';
  html += escaped(telemetry_path);
  html += kAfterPath;
  return html;
}

std::string page_headers() {
  std::string lines =
      "Content-Security-Policy: default-src 'none'; connect-src 'self'; style-src '";
  lines += kStyleHash;
  lines += "'; script-src '";
  lines += kScriptHash;
  lines +=
      "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cache-Control: no-cache\r\n";
  return lines;
}

}  // namespace ecs_exporter
