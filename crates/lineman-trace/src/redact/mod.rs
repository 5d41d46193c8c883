//! A capture that can be shown to others: the same packets, with other addresses and nothing in them.
//!
//! What a ladder is made of stays: lengths, times, ports, numbers, flags, options, and what the packets of TFTP
//! are. Addresses are replaced by others that have as many leading bits in common as theirs had; payloads
//! become zeros. Checksums are right where they were, and wrong where they were not.

mod addresses;
mod payload;

use std::hash::BuildHasher;

use lineman_proto::wire::Carries;
use lineman_proto::wire::Checksum;
use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Icmp;
use lineman_proto::wire::Layer;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::checksum;

use self::addresses::Addresses;
use crate::capture::Captured;

/// What becomes of the names of files in TFTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// They become other letters, as many; the same name becomes the same letters.
    #[default]
    Hashed,
    /// They stay.
    Kept,
}

/// Redacts packet after packet by one key: that of the hasher, which must be kept secret.
#[derive(Debug)]
pub struct Redactor<S> {
    addresses: Addresses<S>,
    names: Names,
    tftp: Conversations,
}

impl<S: BuildHasher> Redactor<S> {
    /// By the key of this hasher.
    pub fn new(key: S, names: Names) -> Self {
        Self {
            addresses: Addresses::new(key),
            names,
            tftp: Conversations::new(),
        }
    }

    /// The bytes of a packet, redacted: as many as there were.
    pub fn packet(&mut self, packet: &Captured<'_>) -> Vec<u8> {
        let mut out = packet.bytes.to_vec();
        let frame = self.tftp.follow(packet.frame());
        self.redact(packet.link, &frame, &mut out);
        out
    }

    fn redact(&self, link: LinkType, frame: &Frame<'_>, out: &mut [u8]) {
        let were: Vec<(Layer, Checksum)> = frame.checksums().collect();
        let body = frame.payload().range();
        match frame.icmp().filter(Icmp::is_error) {
            Some(_) => self.quoted(frame, out),
            None => payload::redact(&self.addresses, self.names, frame, &mut out[body.clone()]),
        }
        // Padding may be what was in the memory of a network card.
        out[body.end..].fill(0);
        // They may name hosts that it has passed, or is to pass (RFC 791 §3.1); zeros are no options.
        if let Some(ip) = frame.ipv4() {
            let header = ip.header().range();
            let options = header.start + 20..header.end;
            out.get_mut(options).iter_mut().for_each(|it| it.fill(0));
        }
        // The same of IPv6 (RFC 8200 §4.2: a zero is padding), and routes of which it is not known where they name hosts.
        for range in frame.ipv6().map(|ip| ip.contents()).into_iter().flatten() {
            out.get_mut(range).iter_mut().for_each(|it| it.fill(0));
        }
        for (carries, range) in frame.carried_addresses() {
            if let Some(bytes) = out.get_mut(range) {
                match carries {
                    Carries::Mac => self.addresses.station(bytes),
                    Carries::Ip => self.addresses.host(bytes),
                }
            }
        }
        checksum::restore(link, out, frame.wire_len(), &were);
    }

    /// An error quotes the beginning of a packet, with its addresses.
    fn quoted(&self, frame: &Frame<'_>, out: &mut [u8]) {
        let body = frame.payload();
        let quoted = Frame::captured(LinkType::RAW, body.bytes(), body.wire_len());
        match quoted.addresses() {
            Some(_) => self.redact(LinkType::RAW, &quoted, &mut out[body.range()]),
            None => out[body.range()].fill(0),
        }
    }
}
