//! What an end sends beside what seems to have reached it: it had left before that came, or shows that it has not come. A capture sees
//! a packet, and never that it arrives.

use super::Cause;
use super::Label;
use super::TcpState;
use super::TcpState::CloseWait;
use super::TcpState::Closed;
use super::TcpState::Closing;
use super::TcpState::LastAck;
use super::TcpState::TimeWait;
use super::judge::Placed;
use super::judge::SYN_CLOCK_NS;
use super::life::Departs;
use super::side::Side;
use crate::wire::Flags;

/// What is sent this soon after something has arrived, or was seen, may have left before: programs that
/// relay or capture are as late. No retransmission time-out is as short by default.
const CROSSING_NS: u64 = 15_000_000;

/// How long a round trip may take where none was measured: so long it is around the world.
const UNKNOWN_ROUND_NS: u64 = 200_000_000;

/// How an end has come into CLOSED.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gone {
    at_ns: u64,
    /// Up to where it had received its peer's stream.
    heard_to: i64,
    /// Whether it has sent a reset, before or since: it is not one that a reset has missed.
    by_itself: bool,
}

/// Whether the peer's FIN, which seems to have reached an end, has not, by what that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LacksFin {
    No,
    /// It reports a gap: the FIN is behind that, unless the report has crossed what fills it.
    Perhaps,
    Surely,
}

impl Side {
    /// Notes how long a segment is on its way from where it is seen to this end, and the answer back: its peer's SYN is answered.
    pub(super) fn measures_round(&mut self, peer: &Self, it: &Placed, now_ns: u64) {
        if self.said.is_none() && peer.syn.is_some() && it.ack == Some(1) {
            self.round_ns = peer.asked_ns.map(|asked| now_ns.saturating_sub(asked));
        }
    }

    /// Whether what it sends now may have left before something came to it, or was seen on its way there.
    fn may_cross(&self, came_ns: u64, now_ns: u64) -> bool {
        let round_ns = self.round_ns.unwrap_or(UNKNOWN_ROUND_NS);
        now_ns.saturating_sub(came_ns) < CROSSING_NS.saturating_add(round_ns)
    }

    /// Whether what it sends now may have left before what has come last, or was seen last on its way there.
    pub(super) fn has_just_heard(&self, now_ns: u64) -> bool {
        self.heard.at_ns > 0 && now_ns.saturating_sub(self.heard.at_ns) < CROSSING_NS
    }

    /// Notes that it is in CLOSED now, if it was not before.
    pub(super) fn goes(&mut self, before: Option<TcpState>, by_itself: bool, now_ns: u64) {
        if !self.is(Closed) {
            return;
        }
        if before != Some(Closed) {
            self.gone = Gone {
                at_ns: now_ns,
                heard_to: self.heard_to(),
                by_itself,
            };
        }
        self.gone.by_itself |= by_itself;
    }

    fn heard_to(&self) -> i64 {
        let island = self.received.highest_island();
        self.received.expects.max(island.unwrap_or_default())
    }

    /// Whether a segment was sent before the last one that was seen of its sender, or before what that has heard
    /// since: it tells of no state that it is in now.
    pub(super) fn had_left_before(&self, it: &Placed, how: Departs) -> bool {
        let crosses = match self.is(Closed) {
            true => self.had_left_before_it_was_gone(it, how),
            false => self.has_just_heard(how.now_ns),
        };
        let Some(again) = how.again else {
            return self.is(Closed) && crosses && !it.has(Flags::SYN);
        };
        let said = self.said.map_or(0, |said| said.ack);
        let too_soon = it.has(Flags::SYN) && again.wait_ns < SYN_CLOCK_NS;
        let may_be_known = self.life.now.is_some() || self.sight.may_be_gone;
        again.cause == Cause::Doubled
            || may_be_known && (crosses || too_soon)
            || it.ack.is_some_and(|ack| ack < said)
    }

    /// Each reset that comes again is answered as the first: only what ended it counts. What acknowledges bytes that came later left later;
    /// so did new bytes. Behind a reset of its own, anything else was overtaken.
    fn had_left_before_it_was_gone(&self, it: &Placed, how: Departs) -> bool {
        if it.ack.is_some_and(|ack| ack > self.gone.heard_to) {
            return false;
        }
        let is_new = it.bytes > 0 && how.again.is_none() && it.seq >= how.next;
        self.may_cross(self.gone.at_ns, how.now_ns) || self.gone.by_itself && !is_new
    }

    /// The state of an end that sends something after it seemed to be gone: the reset has not reached it, or it has not believed it, or
    /// somebody else has sent it; or what acknowledged its FIN has not come. `None` if the numbers do not tell.
    pub(super) fn before_it_was_gone(&mut self, peer: &Self, it: &Placed) -> Option<TcpState> {
        let deduced = self.deduced(peer).filter(|_| !self.is_unsure())?;
        match deduced.state {
            Closed if it.bytes > 0 => Some(LastAck),
            // An ACK is sent in TIME-WAIT, too: there it is if its program had closed before the peer's FIN came, and its own FIN waited behind bytes.
            Closed => {
                self.ended_second = None;
                None
            }
            state => Some(state),
        }
    }

    /// Notes when its peer's FIN has reached it, with all before it.
    pub(super) fn hears_fin(&mut self, peer: &Self, had_heard: bool, now_ns: u64) {
        if self.has_heard_fin(peer) && !had_heard {
            self.sight.fin_came_ns = Some(now_ns);
        }
    }

    /// Whether it has not received its peer's FIN. Whoever has received one acknowledges it with all that it sends from then on (RFC 9293
    /// §3.10.7.4). `is_newest` says whether nothing that it has sent before acknowledges more.
    pub(super) fn lacks_fin(
        &mut self,
        peer: &Self,
        it: &Placed,
        (label, is_newest): (Label, bool),
        now_ns: u64,
    ) -> LacksFin {
        let ack = it.ack.filter(|_| is_newest && !peer.has_heard_later(it));
        let Some((fin, ack)) = peer.fin.zip(ack).filter(|(fin, ack)| ack <= fin) else {
            return LacksFin::No;
        };
        if !self.has_heard_fin(peer) || it.flags.any(Flags::SYN | Flags::RST) {
            return LacksFin::No;
        }
        let came_ns = self.sight.fin_came_ns;
        let left_later = came_ns.is_some_and(|came_ns| !self.may_cross(came_ns, now_ns));
        let names_it = it.sacked() == Some(fin + 1);
        if left_later || names_it {
            self.sight.lacks_from = Some(ack);
            return LacksFin::Surely;
        }
        match label {
            Label::AckDup { .. } => LacksFin::Perhaps,
            _ => LacksFin::No,
        }
    }

    /// Something has come that an end has lacked in front of its peer's FIN, or the FIN: that may have come behind it, and be next now.
    pub(super) fn fills_before_fin(&mut self, peer: &Self, it: &Placed) {
        let lacks = self.sight.lacks_from;
        if lacks.is_none_or(|from| it.seq > from || it.end <= from) {
            return;
        }
        let ends = peer.fin.is_some_and(|fin| it.end > fin);
        self.sight.lacks_from = (!ends).then_some(it.end);
        if !ends {
            self.sight.may_have_heard_more = true;
            self.forgets_hearing();
        }
    }

    /// It may not have received the FIN: what follows from that is not known.
    pub(super) fn may_lack_fin(&mut self) {
        if [CloseWait, Closing, TimeWait].iter().any(|it| self.is(*it)) {
            self.life.now = None;
        }
    }
}
