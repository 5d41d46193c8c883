//! Rules of the wire: which packets are lost, late, doubled, overtaken or damaged.
//!
//! ```text
//! c>s:#1 drop; s>c:fin delay 300ms; loss 20%; s>c:tftp.data block 3 #1 drop; rate 1mbit; seed 42
//! ```
//!
//! A rule selects packets and says what happens to them; a semicolon or a new line ends it.
//!
//! | selects | |
//! |---|---|
//! | `c>s:` `s>c:` `both:` | from client to server, back, either (if nothing is said) |
//! | `syn`, `fin`, `tftp.data`, … | a [`Kind`](lineman_proto::wire::Kind) of packet; of several, all must hold |
//! | `block 3` | TFTP's DATA or ACK of that number |
//! | `#2` `#2-5` `every 3` | of the packets of a direction that fit so far: the second, the second to fifth, each third |
//! | `20%` | of these, by chance |
//!
//! | does | |
//! |---|---|
//! | `drop` | it never arrives; `loss 20%` is short for `20% drop` |
//! | `delay 300ms` | it arrives later |
//! | `jitter 5ms` | it arrives up to so much later, but never before one that was sent earlier |
//! | `dup`, `dup 5ms` | it arrives twice, the copy so much later |
//! | `reorder 1` | the next one (or so many) overtakes it |
//! | `rate 1mbit` | the wire carries so much in a second; what comes faster queues |
//! | `corrupt 1 bit` | so many bits of what IP carries are flipped |
//!
//! `seed 42` starts chance; without it the seed is 1. Every rule that selects a packet applies to
//! it, and *the order of the rules does not matter*: each counts for itself and has chance of its
//! own, in each direction, which depends on the seed and the rule's words only. So what a rule does to
//! the packets of a direction depends on their own order, and not on when the other direction's come:
//! without a direction `#1 drop` loses the first packet of each.
//! That repeats a lesson as far as its hosts send the same again: what their clocks send, they may not.

mod applied;
mod draft;
mod error;
mod judge;
mod parse;
mod random;
mod rule;
mod units;
mod words;

#[cfg(test)]
mod tests;

pub use error::ParseError;
pub use error::Value;
pub use judge::Delivery;
pub use judge::Judge;
pub use judge::OVERTAKE_WITHIN;
pub use judge::Plan;
pub use rule::Action;
pub use rule::Chance;
pub use rule::Rule;
pub use rule::Rules;
pub use rule::Selector;
pub use rule::Turn;
