//! What becomes of the bytes that a packet carries.

use std::hash::BuildHasher;

use lineman_proto::tftp::Packet;
use lineman_proto::wire::Frame;

use super::Names;
use super::addresses::Addresses;

/// The opcode, and the number of a block or an error (RFC 1350 §5).
const TFTP_HEAD: usize = 4;
const OPCODE: usize = 2;

/// Zeros; of TFTP, all that says what the packet is.
pub(super) fn redact<S: BuildHasher>(
    addresses: &Addresses<S>,
    names: Names,
    frame: &Frame<'_>,
    bytes: &mut [u8],
) {
    match frame.tftp() {
        // Its options are numbers and words of the protocol.
        Some(Packet::Request(request)) => {
            let name = OPCODE..OPCODE + request.filename.len();
            if let Some(name) = bytes.get_mut(name).filter(|_| names == Names::Hashed) {
                addresses.name(name);
            }
        }
        Some(Packet::Ack { .. } | Packet::Oack(_)) => {}
        Some(Packet::Data { .. }) => zero_behind(TFTP_HEAD, bytes),
        // Its words may name a file.
        Some(Packet::Error { message, .. }) => {
            let words = TFTP_HEAD..TFTP_HEAD + message.len();
            if let Some(words) = bytes.get_mut(words).filter(|_| names == Names::Hashed) {
                addresses.name(words);
            }
        }
        None => bytes.fill(0),
    }
}

fn zero_behind(head: usize, bytes: &mut [u8]) {
    if let Some(rest) = bytes.get_mut(head..) {
        rest.fill(0);
    }
}
