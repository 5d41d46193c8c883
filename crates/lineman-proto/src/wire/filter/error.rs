//! What is wrong with a filter; the words for people are the program's.

use std::fmt;
use std::ops::Range;

/// Why a text is no filter, or none for a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    word: String,
    at: Range<usize>,
    problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A word that the language does not have, with those that may stand there.
    Unknown(Vec<&'static str>),
    /// A word of the language at a place where it means nothing, with those that may stand there. None if the
    /// filter could have ended there.
    Misplaced(Vec<&'static str>),
    /// The filter ends, and one of these is missing.
    Ends(Vec<&'static str>),
    /// A value that is not as it should be, or no value at all.
    Value(Value),
    /// A number or an address of which is not said what it is: `tcp 80`.
    Bare,
    /// The name of a host. Filters know addresses only: a name would be looked up, and that makes packets.
    HostName,
    /// The name of a service, and its port where it is one of the usual.
    ServiceName(Option<u16>),
    /// An address with a prefix behind something that takes a single address.
    PrefixOfHost,
    /// A network whose address has bits beyond its prefix, and the network that it lies in.
    HostBits(String),
    /// A protocol before something that it does not have: `tcp host`.
    Modifier(Modified),
    /// An IPv4 protocol with an IPv6 address, or the other way round.
    OtherFamily,
    /// Only frames of Ethernet have that.
    NotOnLink,
    /// Frames of that link type are not known.
    UnknownLink,
    /// Division by zero.
    ZeroDivisor,
    /// A shift by anything else than a number from 0 to 31.
    Shift,
    /// Parentheses in parentheses, deeper than an expression needs.
    TooDeep,
    /// More than a program may have.
    TooLong,
}

/// What a protocol was written before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Modified {
    Host,
    Net,
    Port,
    Proto,
    Cast,
}

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// An address of IPv4 or IPv6.
    Address,
    /// A network.
    Network,
    /// A hardware address.
    Mac,
    /// A port.
    Port,
    /// Two ports.
    PortRange,
    /// A number of 32 bits.
    Number,
    /// An offset in a packet, to 65,535.
    Offset,
    /// 1, 2 or 4 bytes.
    Size,
    /// A VLAN, to 4095.
    Vlan,
    /// A protocol of IP: a name, or a number to 255.
    Protocol,
    /// What an Ethernet frame carries: a name, or a number from 1536.
    EtherType,
}

impl Value {
    /// How it may be written.
    pub fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Address => &["192.0.2.7", "2001:db8::7"],
            Self::Network => &["10.0.0.0/8", "192.0.2", "2001:db8::/32"],
            Self::Mac => &["02:00:00:00:00:01"],
            Self::Port => &["69", "8080"],
            Self::PortRange => &["6000-6010"],
            Self::Number => &["80", "0x50"],
            Self::Offset => &["0", "13"],
            Self::Size => &["1", "2", "4"],
            Self::Vlan => &["100"],
            Self::Protocol => &["tcp", "47"],
            Self::EtherType => &["ip", "0x88cc"],
        }
    }
}

impl Modified {
    /// How it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Net => "net",
            Self::Port => "port",
            Self::Proto => "proto",
            Self::Cast => "multicast",
        }
    }
}

impl FilterError {
    pub(super) fn new(word: String, at: Range<usize>, problem: Problem) -> Self {
        Self { word, at, problem }
    }

    /// The words at which it was noticed; empty at the end of the text.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Their place in the text, in bytes.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What could stand there instead; for a value, examples.
    pub fn choices(&self) -> &[&'static str] {
        match &self.problem {
            Problem::Unknown(choices) | Problem::Misplaced(choices) | Problem::Ends(choices) => {
                choices
            }
            Problem::Value(value) => value.examples(),
            _ => &[],
        }
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, at) = (&self.word, self.at.start);
        write!(f, "{:?}: {word:?} at byte {at}", self.problem)
    }
}

impl std::error::Error for FilterError {}
