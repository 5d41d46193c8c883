//! Tests of the program as a whole: the real binary, real sockets, real peers.
#![allow(
    unreachable_pub,
    reason = "a test binary: nothing outside can reach it, `pub` marks what modules offer each other"
)]

mod chat_end;
mod chat_peers;
mod chat_support;
mod chat_terminal;
mod generate;
mod help;
mod settings;
mod support;
mod tftp_bench;
mod tour;
mod udp_boundaries;
mod udp_groups;
mod udp_listen;
mod udp_peers;
mod udp_rig;
mod udp_send;
mod udp_terminal;
