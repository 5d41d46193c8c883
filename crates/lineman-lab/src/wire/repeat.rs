//! Whether a frame is the retransmission of another one.

use super::segment::Segment;

/// Whether a host has sent with `frame` what it had sent with `before`: the same TCP segment, apart
/// from what the kernel writes anew each time. A bare ACK is never a repetition: three of them mean
/// something that one does not (RFC 5681 §3.2). Nor is a datagram: a program sent it, not a clock.
pub(super) fn repeats(before: &[u8], frame: &[u8]) -> bool {
    let (Some(old), Some(new)) = (Segment::of(before), Segment::of(frame)) else {
        return false;
    };
    old == new && new.counts && essence(before, &old) == essence(frame, &new)
}

/// The frame without what differs from one sending to the next.
fn essence(frame: &[u8], segment: &Segment) -> Vec<u8> {
    let mut bytes = frame.to_vec();
    if segment.source.is_ipv4() {
        blank(&mut bytes, segment.ip + 4, 2); // identification
        blank(&mut bytes, segment.ip + 10, 2); // checksum
    } else {
        blank(&mut bytes, segment.ip + 1, 3); // flow label: Linux tries another path
    }
    blank(&mut bytes, segment.tcp + 16, 2); // checksum
    if let Some(at) = timestamps(&frame[segment.tcp..segment.payload]) {
        blank(&mut bytes, segment.tcp + at, 8);
    }
    bytes
}

fn blank(bytes: &mut [u8], at: usize, len: usize) {
    if let Some(place) = bytes.get_mut(at..at + len) {
        place.fill(0);
    }
}

/// Where the values of the timestamps option are in a TCP header (RFC 7323 §3.2).
fn timestamps(header: &[u8]) -> Option<usize> {
    let mut at = 20;
    loop {
        match *header.get(at)? {
            0 => return None,
            1 => at += 1,
            8 => return Some(at + 2),
            _ => at += usize::from((*header.get(at + 1)?).max(2)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A SYN of Linux with all its options.
    fn syn(identification: u16, timestamp: u32) -> Vec<u8> {
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0];
        frame.extend([0x45, 0, 0, 60]);
        frame.extend(identification.to_be_bytes());
        frame.extend([0x40, 0, 64, 6, identification as u8, 0]);
        frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        frame.extend([0xb0, 0x36, 0x23, 0x28, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 2]);
        frame.extend([
            0xfa,
            0xf0,
            timestamp as u8,
            0,
            0,
            0,
            2,
            4,
            5,
            0xb4,
            4,
            2,
            8,
            10,
        ]);
        frame.extend(timestamp.to_be_bytes());
        frame.extend([0, 0, 0, 0, 1, 3, 3, 7]);
        frame
    }

    #[test]
    fn a_resend_differs_in_identification_and_timestamp_only() {
        assert!(repeats(&syn(1, 100), &syn(2, 1100)));
        let mut other = syn(2, 1100);
        other[14 + 20 + 7] ^= 1; // the sequence number
        assert!(!repeats(&syn(1, 100), &other));
    }

    #[test]
    fn a_bare_ack_is_never_a_repetition() {
        let mut ack = syn(1, 100);
        ack[14 + 20 + 13] = 0x10;
        assert!(!repeats(&ack, &ack));
    }

    #[test]
    fn what_is_no_segment_repeats_nothing() {
        let whole = syn(1, 100);
        for len in 0..whole.len() {
            assert!(!repeats(&whole[..len], &whole[..len]));
        }
        for byte in 0..=255 {
            let _ = repeats(&[byte; 80], &[byte; 80]);
        }
    }
}
