//! Tests of the program as a whole: the real binary, real sockets, real peers.

mod support;
