//! Packets as they would be with other addresses, or in pieces.

use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_proto::wire::Checksum;
use lineman_proto::wire::Field;
use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Layer;
use lineman_proto::wire::checksum;

use super::Part;
use super::recorder::Kept;

/// The same frame between other ends. Its checksums say what they said before.
pub(crate) fn readdressed(
    frame: &Frame<'_>,
    link: lineman_proto::wire::LinkType,
    (from, to): (SocketAddr, SocketAddr),
) -> Vec<u8> {
    let mut out = frame.bytes().to_vec();
    let were: Vec<(Layer, Checksum)> = frame.checksums().collect();
    for field in frame.fields() {
        let (end, is_address) = match field.name {
            "source address" => (from, true),
            "destination address" => (to, true),
            "source port" => (from, false),
            "destination port" => (to, false),
            _ => continue,
        };
        match end.ip() {
            _ if !is_address => put(&mut out, &field, &end.port().to_be_bytes()),
            IpAddr::V4(ip) => put(&mut out, &field, &ip.octets()),
            IpAddr::V6(ip) => put(&mut out, &field, &ip.octets()),
        }
    }
    checksum::restore(link, &mut out, frame.wire_len(), &were);
    out
}

/// A part of a segment as a segment of its own, as hardware would cut it; `None` if its headers are not all there.
pub(super) fn cut(whole: &Kept, (seq, len): (u32, u32), part: Part) -> Option<Kept> {
    let frame = whole.frame();
    frame.tcp()?;
    let body = frame.payload().range().start;
    let skipped = part.seq.wrapping_sub(seq) as usize;
    let is_last = skipped + part.len as usize >= len as usize;
    let captured = frame.payload().bytes();
    let from = captured.len().min(skipped);
    let to = captured.len().min(skipped + part.len as usize);
    let mut bytes = [frame.bytes().get(..body)?, captured.get(from..to)?].concat();
    let wire_len = body + part.len as usize;
    let were: Vec<(Layer, Checksum)> = frame.checksums().collect();
    let start = |layer: Layer| {
        frame
            .fields()
            .find(|field| field.layer == layer)
            .map(|field| field.range.start)
    };
    for field in frame.fields() {
        match (field.layer, field.name) {
            (Layer::Ipv4, "total length") => {
                let len = wire_len - start(Layer::Ipv4)?;
                put(
                    &mut bytes,
                    &field,
                    &u16::try_from(len).unwrap_or(0).to_be_bytes(),
                );
            }
            (Layer::Ipv6, "payload length") => {
                let len = wire_len - start(Layer::Ipv6)? - 40;
                put(
                    &mut bytes,
                    &field,
                    &u16::try_from(len).unwrap_or(0).to_be_bytes(),
                );
            }
            (Layer::Tcp, "sequence number") => put(&mut bytes, &field, &part.seq.to_be_bytes()),
            // Only the last of them ends something.
            (Layer::Tcp, "flags") if !is_last => {
                let at = field.range.start + 1;
                if let Some(flags) = bytes.get_mut(at) {
                    *flags &= !((Flags::FIN.0 | Flags::PSH.0) as u8);
                }
            }
            _ => {}
        }
    }
    checksum::restore(whole.link, &mut bytes, wire_len, &were);
    Some(Kept {
        bytes,
        wire_len: u32::try_from(wire_len).ok()?,
        ..whole.clone()
    })
}

fn put(out: &mut [u8], field: &Field, value: &[u8]) {
    if let Some(place) = out
        .get_mut(field.range.clone())
        .filter(|place| place.len() == value.len())
    {
        place.copy_from_slice(value);
    }
}
