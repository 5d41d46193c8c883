//! A DHCP message as it came: fields at fixed places, then options (RFC 2131 §2, RFC 2132 §2).

use std::net::Ipv4Addr;

/// Numbers of options that a proxy reads or writes.
pub mod option {
    /// Vendor-specific information; PXE's own options for clients of PXE (RFC 2132 §8.4, PXE 2.1 §2.1).
    pub const VENDOR: u8 = 43;
    /// Which of the other fields hold options too (RFC 2132 §9.3).
    pub const OVERLOAD: u8 = 52;
    /// What kind of message it is (RFC 2132 §9.6).
    pub const MESSAGE_TYPE: u8 = 53;
    /// Who answers (RFC 2132 §9.7).
    pub const SERVER_ID: u8 = 54;
    /// What kind of client asks (RFC 2132 §9.13).
    pub const VENDOR_CLASS: u8 = 60;
    /// What the client belongs to (RFC 3004).
    pub const USER_CLASS: u8 = 77;
    /// What a relay has added, and wants back (RFC 3046).
    pub const RELAY_AGENT: u8 = 82;
    /// For which processor and firmware (RFC 4578 §2.1).
    pub const ARCHITECTURE: u8 = 93;
    /// The machine's UUID (RFC 4578 §2.3).
    pub const MACHINE_ID: u8 = 97;
    /// A byte between options.
    pub const PAD: u8 = 0;
    /// The last of a field.
    pub const END: u8 = 255;
}

/// The kinds of messages that matter here (RFC 2132 §9.6).
pub(super) mod kind {
    pub(crate) const DISCOVER: u8 = 1;
    pub(crate) const OFFER: u8 = 2;
    pub(crate) const REQUEST: u8 = 3;
    pub(crate) const ACK: u8 = 5;
    pub(crate) const INFORM: u8 = 8;
}

/// A message, borrowed. Whatever the bytes are, reading it never fails after [`Self::parse`].
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
}

impl<'a> Message<'a> {
    /// Takes the bytes of a datagram. `None` if it is shorter than the fixed fields, its options do not begin with
    /// DHCP's cookie, or it says that a hardware address is longer than the field for it.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let has_cookie = bytes.get(at::COOKIE..at::OPTIONS) == Some(&COOKIE);
        (has_cookie && usize::from(bytes[at::HLEN]) <= HARDWARE_ADDRESS).then_some(Self { bytes })
    }

    /// Whether a client or a relay says that it is a question.
    pub fn is_request(&self) -> bool {
        self.bytes[at::OP] == BOOTREQUEST
    }

    /// The kind of hardware address (1 is Ethernet).
    pub fn hardware_type(&self) -> u8 {
        self.bytes[at::HTYPE]
    }

    /// The hardware address, at most 16 bytes.
    pub fn hardware_address(&self) -> &'a [u8] {
        &self.bytes[at::CHADDR..][..self.bytes[at::HLEN].into()]
    }

    /// How many bytes came.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// The client's address, if it has one already.
    pub fn client_address(&self) -> Ipv4Addr {
        self.address(at::CIADDR)
    }

    /// The address that is given out.
    pub fn given_address(&self) -> Ipv4Addr {
        self.address(at::YIADDR)
    }

    /// Where the file is.
    pub fn next_server(&self) -> Ipv4Addr {
        self.address(at::SIADDR)
    }

    /// The relay that passed it on; 0.0.0.0 if none did.
    pub fn relay(&self) -> Ipv4Addr {
        self.address(at::GIADDR)
    }

    /// The file, up to the first NUL.
    pub fn file(&self) -> &'a [u8] {
        let field = &self.bytes[at::FILE..][..FILE];
        field.split(|&byte| byte == 0).next().unwrap_or(field)
    }

    /// The first option with this number. One that is split into several (RFC 3396) has only its first part here:
    /// none that a proxy reads is longer than 255 bytes.
    pub fn option(&self, number: u8) -> Option<&'a [u8]> {
        let found = self.options().find(|(found, _)| *found == number);
        found.map(|(_, value)| value)
    }

    /// All options, those in overloaded fields last (RFC 2131 §4.1).
    pub fn options(&self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let own = Options(&self.bytes[at::OPTIONS..]);
        let mut found = own.clone();
        let overload = found.find(|(number, _)| *number == option::OVERLOAD);
        let bits = overload.map_or(0, |(_, value)| value.first().copied().unwrap_or(0));
        let field = |bit, place: usize, length| match bits & bit {
            0 => Options(&[]),
            _ => Options(&self.bytes[place..][..length]),
        };
        own.chain(field(1, at::FILE, FILE))
            .chain(field(2, at::SNAME, SNAME))
    }

    /// The fields that an answer repeats as they are: the transaction's number; and the flags.
    pub(super) fn transaction(&self) -> (&'a [u8], &'a [u8]) {
        (&self.bytes[at::XID..][..4], &self.bytes[at::FLAGS..][..2])
    }

    fn address(&self, place: usize) -> Ipv4Addr {
        let octets = self.bytes[place..].first_chunk::<4>();
        octets.copied().map_or(Ipv4Addr::UNSPECIFIED, Into::into)
    }
}

/// Options one after the other: number, length, value. Ends at the end option, and before one that is cut.
#[derive(Clone, Debug)]
pub struct Options<'a>(pub &'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let pads = self.0.iter().take_while(|&&byte| byte == option::PAD);
        let (&number, rest) = self.0[pads.count()..].split_first()?;
        if number == option::END {
            self.0 = &[];
            return None;
        }
        let (&length, rest) = rest.split_first()?;
        let (value, rest) = rest.split_at_checked(length.into())?;
        self.0 = rest;
        Some((number, value))
    }
}

/// Where the fields are.
pub(super) mod at {
    pub(crate) const OP: usize = 0;
    pub(crate) const HTYPE: usize = 1;
    pub(crate) const HLEN: usize = 2;
    pub(crate) const XID: usize = 4;
    pub(crate) const FLAGS: usize = 10;
    pub(crate) const CIADDR: usize = 12;
    pub(crate) const YIADDR: usize = 16;
    pub(crate) const SIADDR: usize = 20;
    pub(crate) const GIADDR: usize = 24;
    pub(crate) const CHADDR: usize = 28;
    pub(crate) const SNAME: usize = 44;
    pub(crate) const FILE: usize = 108;
    pub(crate) const COOKIE: usize = 236;
    pub(crate) const OPTIONS: usize = 240;
}

/// Bytes of the field for a hardware address.
pub(super) const HARDWARE_ADDRESS: usize = 16;
/// Bytes of the field for the server's name.
const SNAME: usize = 64;
/// Bytes of the field for the file, with the NUL at its end.
pub(super) const FILE: usize = 128;
/// What options begin with (RFC 2131 §3).
pub(super) const COOKIE: [u8; 4] = [99, 130, 83, 99];
const BOOTREQUEST: u8 = 1;
pub(super) const BOOTREPLY: u8 = 2;
