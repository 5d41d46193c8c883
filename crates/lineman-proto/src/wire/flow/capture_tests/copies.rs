//! Packets without an identification that a capture has twice: at two places on their way.

use super::*;
use crate::wire::LinkType;

impl Capture {
    /// A packet with this time to live, so long after the one before.
    fn hops(
        &mut self,
        ms: u64,
        way: Way,
        flags: Flags,
        places: (u32, u32),
        ttl: u8,
    ) -> Option<Cause> {
        self.n += ms;
        let len = usize::from(flags == ACK && places.0 == 1) * 10;
        let bytes = self.frame(way, flags, places, len, |it| (it.id, it.ttl) = (0, ttl));
        self.cause(&Frame::parse(&bytes))
    }

    /// One on the interface "any", on its way in or out.
    fn any(&mut self, way: Way, flags: Flags, places: (u32, u32), is_out: bool) -> Option<Cause> {
        let bytes = self.frame(way, flags, places, 0, |it| it.id = 0);
        let mut cooked = vec![
            0,
            if is_out { 4 } else { 0 },
            0,
            1,
            0,
            6,
            2,
            0,
            0,
            0,
            0,
            1,
            0,
            0,
            8,
            0,
        ];
        cooked.extend_from_slice(&bytes[14..]);
        self.cause(&Frame::captured(LinkType::LINUX_SLL, &cooked, cooked.len()))
    }

    fn cause(&mut self, frame: &Frame<'_>) -> Option<Cause> {
        let segment = Segment::of(frame).expect("a segment");
        let seen = self.flows.captured(self.n, self.n * MS, &segment);
        seen.expect("a segment").sent.again.map(|again| again.cause)
    }
}

/// "The server has received the same SYN once more and answers it once more": it was on both sides of a router.
#[test]
fn a_syn_ack_on_both_sides_of_a_router_is_one() {
    let mut capture = capture();
    let both = |capture: &mut Capture, way, flags, places| {
        let first = capture.hops(1, way, flags, places, 64);
        let second = capture.hops(0, way, flags, places, 63);
        (first, second)
    };
    let copied = (None, Some(Cause::Doubled));
    assert_eq!(both(&mut capture, Way::Forth, SYN, (0, 0)), copied);
    assert_eq!(both(&mut capture, Way::Back, SYN_ACK, (0, 1)), copied);
    assert_eq!(both(&mut capture, Way::Forth, ACK, (1, 1)), copied);
    assert_eq!(both(&mut capture, Way::Back, ACK, (1, 11)), copied);
    assert_eq!(capture.flow().counts(Way::Back).resent, 0);
    // Sent again it has the time to live of before.
    let again = capture.hops(300, Way::Forth, ACK, (1, 1), 64);
    assert!(matches!(again, Some(Cause::Timer(_))), "{again:?}");
    let copy = capture.hops(0, Way::Forth, ACK, (1, 1), 63);
    assert_eq!(copy, Some(Cause::Doubled));
}

/// The same on its way in and out of a machine.
#[test]
fn a_syn_ack_that_goes_in_and_out_is_one() {
    let mut capture = capture();
    assert_eq!(capture.any(Way::Forth, SYN, (0, 0), false), None);
    assert_eq!(
        capture.any(Way::Forth, SYN, (0, 0), true),
        Some(Cause::Doubled)
    );
    assert_eq!(capture.any(Way::Back, SYN_ACK, (0, 1), false), None);
    assert_eq!(
        capture.any(Way::Back, SYN_ACK, (0, 1), true),
        Some(Cause::Doubled)
    );
    // One more by the same way is another packet.
    assert_eq!(
        capture.any(Way::Forth, SYN, (0, 0), false),
        Some(Cause::Silence)
    );
    assert_eq!(
        capture.any(Way::Back, SYN_ACK, (0, 1), false),
        Some(Cause::Asked)
    );
}
