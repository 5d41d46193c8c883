//! Tests of the program as a whole: the real binary, real sockets, real peers.

mod support;
mod udp_boundaries;
mod udp_groups;
mod udp_listen;
mod udp_peers;
mod udp_rig;
mod udp_send;
mod udp_terminal;
