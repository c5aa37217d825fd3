// The compiled parts of Boost, once for all and with this project's flags: sanitizers watch them
// too, and the linker keeps only what is used. Every other file includes declarations only.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>
