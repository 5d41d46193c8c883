//! A packet as a packet socket tells it.

/// A packet that was captured. It borrows its bytes until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The number of its interface.
    pub interface: u32,
    /// When the kernel saw it: nanoseconds since 1970, UTC.
    pub utc_ns: u64,
    /// How many bytes it had.
    pub wire_len: u32,
    /// Its bytes, from the header of its link on, with the VLAN tag that the kernel had taken off.
    pub bytes: &'a [u8],
    /// Whether it was on its way out.
    pub outbound: bool,
    /// Whether its checksum is still to be computed: by the network card, or by nobody where the packet never
    /// leaves this machine. It is not wrong.
    pub checksum_pending: bool,
    /// Whether it is larger than the interface takes at once: the network card cuts it into segments on its way out,
    /// or has put it together from several on its way in.
    pub super_segment: bool,
}
