//! Capture files: pcap and pcapng, read and written packet by packet.
//!
//! [`Reader`] recognises the form by its first bytes and gives one packet after the other, in the
//! order of the file; it holds no more than one packet. A file that ends in the middle of something is
//! read up to there ([`Ending::Cut`]). No length of a file sizes memory beyond a bound that is named here.
//!
//! The forms: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

mod bytes;
mod error;
mod pcap;
mod pcapng;
mod reader;
mod resolution;
mod statistics;
mod unpacked;

pub use lineman_proto::wire::LinkType;

pub use bytes::Endian;
pub use error::BadFile;
pub use error::Reason;
pub use pcap::PcapWriter;
pub use pcapng::Counted;
pub use pcapng::PcapngWriter;
pub use pcapng::Section;
pub use reader::Ending;
pub use reader::Form;
pub use reader::Reader;
pub use resolution::Resolution;
pub use statistics::Statistics;
pub use unpacked::Unpacked;

/// The most bytes that a packet may have in a file: what libpcap and Wireshark allow for everything but
/// USB and D-Bus. A greater length is not a packet's, and memory is not given for it.
pub const MAX_PACKET: u32 = 256 << 10;

/// The most interfaces that a file may describe. A capture has one for each device that it was taken
/// on; each costs memory for as long as the file is read.
pub const MAX_INTERFACES: usize = 4096;

/// The most bytes of options (comments, names) that are kept of one block; what is beyond is passed over.
pub const MAX_OPTIONS: u64 = 1 << 20;

/// Where packets were captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What its frames begin with.
    pub link: LinkType,
    /// The most bytes that were kept of a frame; 0 if there was no limit.
    pub snap_len: u32,
    /// In which units its times are told.
    pub resolution: Resolution,
    /// Seconds to add to its times.
    pub offset_s: i64,
    /// Its name.
    pub name: Option<String>,
    /// What it is, in words.
    pub description: Option<String>,
}

impl Interface {
    /// An interface of which only the kind of its frames is known; its times are nanoseconds.
    pub fn new(link: LinkType) -> Self {
        Self {
            link,
            snap_len: 0,
            resolution: Resolution::NANOSECONDS,
            offset_s: 0,
            name: None,
            description: None,
        }
    }
}

/// A packet of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// On which of the file's interfaces, counted from 0 over all its sections.
    pub interface: u32,
    /// When: nanoseconds since 1970, UTC. `None` where the file does not say, or names a time that
    /// 64 bits cannot hold.
    pub utc_ns: Option<u64>,
    /// How many bytes it had on the wire; never fewer than were captured.
    pub wire_len: u32,
    /// The bytes that were captured.
    pub bytes: Vec<u8>,
    /// What was written about it.
    pub comments: Vec<String>,
    /// Whether it left the machine that captured it, where that is known.
    pub outbound: Option<bool>,
}

impl Record {
    /// A packet that was captured whole.
    pub fn new(interface: u32, utc_ns: u64, bytes: Vec<u8>) -> Self {
        Self {
            interface,
            utc_ns: Some(utc_ns),
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            bytes,
            comments: Vec::new(),
            outbound: None,
        }
    }
}
