//! What a conversation speaks.

/// The protocol of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A TCP connection.
    Tcp,
    /// UDP datagrams between two ports.
    Udp,
    /// A TFTP transfer: the request, and what follows from other ports.
    Tftp,
    /// ICMP and ICMPv6 between two hosts. An error belongs to the conversation that it is about.
    Icmp,
    /// ARP, about one address.
    Arp,
    /// Another protocol over IP, by its number.
    Ip(u8),
}

impl Kind {
    /// Its name: the protocol's own, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Tftp => "tftp",
            Self::Icmp => "icmp",
            Self::Arp => "arp",
            Self::Ip(_) => "ip",
        }
    }
}
