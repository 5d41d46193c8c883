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
//!
//! # A complete driver
//!
//! A TFTP client on `std::net`, from request to last ACK:
//!
//! ```no_run
//! # #![allow(clippy::disallowed_methods, clippy::disallowed_types)]
//! use std::net::UdpSocket;
//! use std::time::{Duration, Instant};
//!
//! use lineman_proto::tftp::{ClientConfig, Direction, Event, Mode, Payload};
//! use lineman_proto::tftp::{Rollover, Session, Timing, Wish};
//!
//! # fn main() -> std::io::Result<()> {
//! let server = "192.0.2.7:69".parse().expect("an address");
//! let socket = UdpSocket::bind("0.0.0.0:0")?;
//! let mut session = Session::client(Instant::now(), server, ClientConfig {
//!     direction: Direction::Read,
//!     filename: b"kernel".to_vec(),
//!     mode: Mode::Octet,
//!     wish: Wish { blksize: Some(1428), windowsize: Some(16), ..Wish::default() },
//!     rollover: Rollover::ToZero,
//!     timing: Timing {
//!         patience: Duration::from_secs(20),
//!         dally: Duration::from_millis(100),
//!         unconfirmed_resends: None,
//!     },
//!     length: None,
//! });
//! let mut file = Vec::new();
//! let mut buffer = [0; 65536];
//! let mut packet: &[u8] = &[];
//! loop {
//!     // Drain: events first, they may point into `packet`; then everything to send.
//!     while let Some(event) = session.poll_event() {
//!         match event {
//!             Event::Deliver(range) => file.extend_from_slice(&packet[range]),
//!             Event::Store => session.handle_stored(Instant::now()),
//!             Event::Failed(failure) => eprintln!("{failure:?}"),
//!             _ => {}
//!         }
//!     }
//!     while let Some(transmit) = session.poll_transmit() {
//!         match transmit.payload {
//!             Payload::Ack(ack) => socket.send_to(&ack, transmit.to)?,
//!             Payload::Packet(packet) => socket.send_to(&packet, transmit.to)?,
//!             Payload::Data(_) => unreachable!("a client that reads sends no blocks"),
//!         };
//!     }
//!     // Then wait for a packet or for the deadline; without one it is over.
//!     let Some(deadline) = session.poll_timeout() else { break };
//!     let left = deadline.saturating_duration_since(Instant::now());
//!     socket.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
//!     packet = match socket.recv_from(&mut buffer) {
//!         Ok((len, from)) => {
//!             session.handle_packet(Instant::now(), from, &buffer[..len]);
//!             &buffer[..len]
//!         }
//!         Err(_) => {
//!             session.handle_timeout(Instant::now());
//!             &[]
//!         }
//!     };
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod chat;
pub mod datagram;
pub mod dhcp;
pub mod text;
pub mod tftp;
pub mod wire;
