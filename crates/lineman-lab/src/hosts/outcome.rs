//! What came of a call.

use std::net::SocketAddr;
use std::time::Duration;

use lineman_trace::log::Answer;
use serde::Deserialize;
use serde::Serialize;

use super::call::list;
use super::call::seconds;
use super::call::shown;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done.
    Done,
    /// A number: bytes that were taken, the value of an option, a descriptor.
    Number(i64),
    /// A file object over a socket, which has this descriptor.
    File(i32),
    /// A connection was accepted: its descriptor, and who is at its other end.
    Accepted(i32, SocketAddr),
    /// Bytes; none mean that the peer has finished sending.
    Bytes(Vec<u8>),
    /// A datagram, and who sent it.
    Datagram(Vec<u8>, SocketAddr),
    /// What had room of a larger datagram, how long that was, and who sent it, if that was asked for.
    Cut(Vec<u8>, usize, Option<SocketAddr>),
    /// An address.
    Address(SocketAddr),
    /// A time-out; `None` waits for ever.
    Timeout(Option<Duration>),
    /// Sockets that are ready to be read and to be written.
    Ready {
        /// To be read.
        read: Vec<i32>,
        /// To be written.
        write: Vec<i32>,
    },
    /// What has happened to sockets, by the names of poll(2).
    Events(Vec<(i32, Vec<String>)>),
    /// The bytes of an option.
    Option(Vec<u8>),
    /// It failed: the name of the error (errno(3)), or [`TIMED_OUT`](super::TIMED_OUT).
    Failed(String),
}

impl Outcome {
    /// As the log has it.
    pub fn answer(&self) -> Answer {
        Answer::Value(match self {
            Self::Done => "0".to_owned(),
            Self::Number(number) => number.to_string(),
            // As Python shows such objects.
            Self::File(fd) => format!("<file fd={fd}>"),
            Self::Accepted(fd, peer) => format!("{fd}, {peer}"),
            Self::Bytes(bytes) => Self::received(bytes),
            Self::Datagram(bytes, from) => format!("{}, {from}", Self::received(bytes)),
            Self::Cut(bytes, len, from) => {
                let from = from.map_or_else(String::new, |from| format!(", {from}"));
                format!("{len} {}{from}", shown(bytes))
            }
            Self::Address(address) => address.to_string(),
            Self::Timeout(timeout) => seconds(*timeout),
            Self::Ready { read, write } => format!("{}, {}, []", list(read), list(write)),
            Self::Events(events) => {
                let each = |(fd, names): &(i32, Vec<String>)| format!("{fd}: {}", names.join("|"));
                let all: Vec<String> = events.iter().map(each).collect();
                format!("[{}]", all.join(", "))
            }
            Self::Option(bytes) => {
                let digits = |byte: &u8| format!("{byte:02x}");
                let digits: Vec<String> = bytes.iter().map(digits).collect();
                format!("{} bytes: {}", bytes.len(), digits.join(" "))
            }
            Self::Failed(name) => return Answer::Error(name.clone()),
        })
    }

    /// How many bytes were received, and which.
    fn received(bytes: &[u8]) -> String {
        match bytes.len() {
            0 => "0".to_owned(),
            len => format!("{len} {}", shown(bytes)),
        }
    }

    /// The descriptor that the call has made.
    pub fn descriptor(&self) -> Option<i32> {
        match self {
            Self::Accepted(fd, _) => Some(*fd),
            Self::Number(number) => (*number).try_into().ok(),
            _ => None,
        }
    }
}
