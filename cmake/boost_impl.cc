// Asio and Beast are compiled here, once for all: every other file includes declarations only.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
