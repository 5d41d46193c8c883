//! Tests of the program as a whole: the real binary, real sockets, real peers.

mod chat_end;
mod chat_peers;
mod chat_support;
mod chat_terminal;
mod support;
