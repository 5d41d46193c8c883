//! TFTP over a simulated link with virtual time: an hour of retransmissions in a millisecond, and
//! the same again for the same seed.
#![allow(unreachable_pub, reason = "modules of one test share their items")]

mod abort;
mod expected;
mod fleet;
mod hostile;
mod link;
mod models;
mod overload;
mod properties;
mod reader;
mod scenario;
mod uboot_case;
mod unconfirmed;
mod world;
