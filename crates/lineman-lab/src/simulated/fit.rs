//! The part of a segment that the stack is handed: smoltcp takes a segment whole or not at all.
//!
//! RFC 9293 §3.10.7.4 has an end ignore an ACK that is older than another, and take in the rest of its segment; and cut off what
//! it has received before. smoltcp discards the segment in both cases, with its new bytes and its FIN.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;

use lineman_trace::log::Endpoints;
use smoltcp::wire::Ipv4Packet;
use smoltcp::wire::Ipv6Packet;
use smoltcp::wire::TcpPacket;
use smoltcp::wire::TcpSeqNumber;

use crate::wire::Segment;

/// What a host's connections have said and heard last.
#[derive(Debug, Default)]
pub(super) struct Fit {
    connections: HashMap<Endpoints, Known>,
}

/// What one has said and heard last.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The number behind the last that it has sent.
    next: Option<TcpSeqNumber>,
    /// What it has acknowledged.
    acknowledged: Option<TcpSeqNumber>,
    /// The newest acknowledgment that has reached it, and the window beside that, as they stand in the header.
    heard: Option<(TcpSeqNumber, u16)>,
}

impl Fit {
    /// The host has sent a frame.
    pub(super) fn sent(&mut self, frame: &[u8]) {
        let Some(segment) = Segment::of(frame) else {
            return;
        };
        let ends = Endpoints {
            local: segment.source,
            remote: Some(segment.destination),
        };
        if segment.reset {
            self.connections.remove(&ends);
            return;
        }
        let known = self.connections.entry(ends).or_default();
        if begins(&segment) {
            *known = Known::default();
        }
        let end = number(segment.end);
        known.next = known.next.map_or(Some(end), |next| Some(next.max(end)));
        if !segment.asks {
            known.acknowledged = Some(number(segment.ack));
        }
    }

    /// The frame that the host's stack is handed in place of this one.
    pub(super) fn fit<'f>(&mut self, frame: &'f [u8]) -> Cow<'f, [u8]> {
        self.fitted(frame).map_or(Cow::Borrowed(frame), Cow::Owned)
    }

    fn fitted(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let segment = Segment::of(frame)?;
        let ends = Endpoints {
            local: segment.destination,
            remote: Some(segment.source),
        };
        let known = self.connections.get_mut(&ends)?;
        if segment.reset || begins(&segment) || !is_whole(frame, &segment) {
            return None;
        }
        let ack = number(segment.ack);
        if known.next.is_none_or(|next| ack > next) {
            return None; // an answer to what was never sent
        }
        let (newest, window) = match known.heard {
            Some((heard, window)) if ack < heard => (heard, window),
            _ => (ack, segment.window),
        };
        known.heard = Some((newest, window));
        let (seq, end) = (number(segment.seq), number(segment.end));
        let cut = match known.acknowledged {
            Some(known) if seq < known && known < end => known - seq,
            _ => 0,
        };
        let is_old = newest != ack && segment.counts;
        (is_old || cut > 0).then(|| rewritten(frame, &segment, cut, (newest, window)))?
    }
}

/// Whether a segment has a SYN.
fn begins(segment: &Segment) -> bool {
    !segment.plain && !segment.ends && !segment.reset
}

fn number(number: u32) -> TcpSeqNumber {
    TcpSeqNumber(number.cast_signed())
}

/// Whether its checksum is right.
fn is_whole(frame: &[u8], segment: &Segment) -> bool {
    let (from, to) = (segment.source.ip().into(), segment.destination.ip().into());
    let tcp = frame.get(segment.tcp..end_of(frame, segment));
    let tcp = tcp.and_then(|tcp| TcpPacket::new_checked(tcp).ok());
    tcp.is_some_and(|tcp| tcp.verify_checksum(&from, &to))
}

/// Where the packet ends in the frame.
fn end_of(frame: &[u8], segment: &Segment) -> usize {
    let syn_or_fin = usize::from(!segment.plain);
    let takes = segment.end.wrapping_sub(segment.seq) as usize;
    (segment.payload + takes.saturating_sub(syn_or_fin)).min(frame.len())
}

/// The same segment without its first `cut` bytes, with another acknowledgment and window.
fn rewritten(
    frame: &[u8],
    segment: &Segment,
    cut: usize,
    (ack, window): (TcpSeqNumber, u16),
) -> Option<Vec<u8>> {
    let end = end_of(frame, segment);
    let mut bytes = frame.get(..segment.payload)?.to_vec();
    bytes.extend(frame.get(segment.payload + cut..end)?);
    let (from, to) = (segment.source.ip(), segment.destination.ip());
    let ip = bytes.get_mut(segment.ip..)?;
    match from {
        IpAddr::V4(_) => {
            let len = u16::try_from(ip.len()).ok()?;
            let mut packet = Ipv4Packet::new_unchecked(ip);
            packet.set_total_len(len);
            packet.fill_checksum();
        }
        IpAddr::V6(_) => {
            let len = u16::try_from(end - cut - segment.tcp).ok()?;
            Ipv6Packet::new_unchecked(ip).set_payload_len(len);
        }
    }
    let mut tcp = TcpPacket::new_checked(bytes.get_mut(segment.tcp..)?).ok()?;
    tcp.set_seq_number(tcp.seq_number() + cut);
    tcp.set_ack_number(ack);
    tcp.set_window_len(window);
    tcp.fill_checksum(&from.into(), &to.into());
    Some(bytes)
}
