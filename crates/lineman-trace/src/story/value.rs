//! The fields of a saying: values that say what they are, so that a view needs no knowledge of the
//! saying to show them.

use serde::Serialize;

/// Declares the kinds of values, each with the type in which it is kept.
macro_rules! kinds {
    ($( $(#[$doc:meta])* $kind:ident($type:ty) )+) => {
        /// A field of a saying. As JSON it is an object whose one key is its kind.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Value {
            $( $(#[$doc])* $kind($type), )+
        }

        /// The type in which each kind of value is kept.
        pub(super) mod kind {
            $( pub(in super::super) type $kind = $type; )+
        }
    };
}

kinds! {
    /// One of the two hosts.
    Host(crate::log::Host)
    /// A port of TCP or UDP.
    Port(u16)
    /// A sequence number as it stands in the header.
    Seq(u32)
    /// A sequence number relative to its sender's ISN, which counts as 0.
    RelativeSeq(i64)
    /// How many bytes.
    Bytes(u64)
    /// How many bytes into a packet something begins.
    Offset(u64)
    /// Which repetition, from 1, or how many.
    Times(u32)
    /// How many of something that the sentence names.
    Count(u64)
    /// A time in milliseconds.
    Millis(u64)
    /// A time in microseconds.
    Micros(u64)
    /// A time in seconds.
    Seconds(u64)
    /// A block number of TFTP, as it stands in the packet.
    Block(u16)
    /// An error code of TFTP.
    Code(u16)
    /// A state of TCP.
    #[serde(serialize_with = "state_name")]
    State(crate::log::TcpState)
    /// A word of a program, a file or the log: a name, a rule, an answer.
    Text(String)
    /// Names with values, in order: options, arguments.
    Pairs(Vec<(String, String)>)
}

/// A time in whole milliseconds, as it is shown: the nearest. Everything that shows one rounds it here, so that
/// two places do not show two numbers.
pub fn millis(ns: u64) -> u64 {
    ns.saturating_add(NANOS / 2) / NANOS
}

/// The milliseconds that have passed in full: what lasted so long or longer.
pub(super) fn full_millis(ns: u64) -> u64 {
    ns / NANOS
}

/// Nanoseconds in a millisecond.
const NANOS: u64 = 1_000_000;

fn state_name<S: serde::Serializer>(
    state: &crate::log::TcpState,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(state.name())
}
