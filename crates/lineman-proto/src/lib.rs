//! The protocols of lineman as state machines without I/O.
//!
//! Nothing here opens a socket or a file, reads a clock, starts a thread or waits. A driver hands
//! in the bytes that arrived and the time that it is; it gets back bytes to send, events, and the
//! next moment at which something is due. The same machine therefore runs under tokio, under a
//! test with a virtual clock, and under a fuzzer.
//!
//! # Five verbs
//!
//! Every machine has the same face:
//!
//! | verb | meaning |
//! |---|---|
//! | `handle_packet(now, …)` | these bytes arrived |
//! | `handle_timeout(now)` | the time that `poll_timeout` named has come (calling early is harmless) |
//! | `poll_transmit(…)` | what must leave now, until `None` |
//! | `poll_event()` | what happened, until `None` |
//! | `poll_timeout()` | when to call `handle_timeout`, if at all |
//!
//! # The drain rule
//!
//! After any `handle_*`, drain `poll_transmit` and `poll_event` until both give `None`, before the
//! next `handle_*`. Events may point into the packet that was just handled.
#![forbid(unsafe_code)]

pub mod chat;
pub mod text;
