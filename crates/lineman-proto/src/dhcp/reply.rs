//! The packet that a machine gets.

use std::net::Ipv4Addr;

use super::Class;
use super::Client;
use super::message::BOOTREPLY;
use super::message::COOKIE;
use super::message::Message;
use super::message::at;
use super::message::option;

/// What an answer says.
pub(super) struct Reply<'a> {
    /// DHCPOFFER or DHCPACK.
    pub(super) kind: u8,
    /// Our address.
    pub(super) server: Ipv4Addr,
    /// Where the file is.
    pub(super) next_server: Ipv4Addr,
    /// The file, at most 127 bytes.
    pub(super) file: &'a str,
    /// Whether to say in PXE's own options that there is no menu and no search.
    pub(super) boots_directly: bool,
}

impl Reply<'_> {
    /// The bytes. `yiaddr` is 0 in all of them: a proxy gives no address (PXE 2.1 §2.2.3).
    pub(super) fn to(&self, message: &Message<'_>, client: &Client) -> Vec<u8> {
        let mut packet = vec![0; at::COOKIE];
        let (transaction, flags) = message.transaction();
        let hardware = message.hardware_address();
        packet[at::OP] = BOOTREPLY;
        packet[at::HTYPE] = message.hardware_type();
        packet[at::HLEN] = hardware.len() as u8; // at most 16
        let mut put =
            |place: usize, bytes: &[u8]| packet[place..][..bytes.len()].copy_from_slice(bytes);
        put(at::XID, transaction);
        put(at::FLAGS, flags);
        put(at::CIADDR, &message.client_address().octets());
        put(at::SIADDR, &self.next_server.octets());
        put(at::GIADDR, &message.relay().octets());
        put(at::CHADDR, hardware);
        put(at::FILE, self.file.as_bytes());
        packet.extend(COOKIE);
        self.options(message, client, &mut packet);
        packet.push(option::END);
        packet.resize(packet.len().max(SHORTEST), option::PAD);
        packet
    }

    fn options(&self, message: &Message<'_>, client: &Client, packet: &mut Vec<u8>) {
        let mut add = |number: u8, value: &[u8]| {
            packet.extend([number, value.len() as u8]); // constants, or what came as one option
            packet.extend(value);
        };
        add(option::MESSAGE_TYPE, &[self.kind]);
        add(option::SERVER_ID, &self.server.octets());
        add(option::VENDOR_CLASS, client.class.name().as_bytes());
        if self.boots_directly && client.class == Class::Pxe {
            add(
                option::VENDOR,
                &[DISCOVERY_CONTROL, 1, BOOT_DIRECTLY, option::END],
            );
        }
        // Clients may drop an answer without their own identifier in it (RFC 4578 §2.3).
        if let Some(id) = message.option(option::MACHINE_ID) {
            add(option::MACHINE_ID, id);
        }
        // Last, and as it came (RFC 3046 §2.2).
        if let Some(information) = message.option(option::RELAY_AGENT) {
            add(option::RELAY_AGENT, information);
        }
    }
}

/// PXE_DISCOVERY_CONTROL: how boot servers are looked for (PXE 2.1 §2.1.1).
const DISCOVERY_CONTROL: u8 = 6;
/// Its bit 3: neither prompt nor menu nor search, but the file of this packet.
const BOOT_DIRECTLY: u8 = 1 << 3;
/// Of the smallest BOOTP packet (RFC 1542 §2.1): relays and clients may drop shorter ones.
pub(super) const SHORTEST: usize = 300;
