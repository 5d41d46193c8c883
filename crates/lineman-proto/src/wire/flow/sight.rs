//! What was not seen of a connection: a capture may begin in its middle, see one way only, or have holes. An
//! unseen FIN changes the state of both ends; while there may be one, neither state is named.

use super::Source;
use super::TcpState;
use super::judge::Placed;
use super::side::Side;
use crate::wire::Flags;

/// Whether an end may have sent a FIN that nobody saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Unseen {
    /// It has not.
    #[default]
    Nothing,
    /// Somewhere before this place: what it sends from there on shows that it has not.
    Before(i64),
    /// Its beginning was not seen, nor a segment that tells how far it has come.
    Anywhere,
}

/// What of the life of an end may not have been seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sight {
    /// Whether it may have sent a FIN that nobody saw.
    pub unseen: Unseen,
    /// Whether it may have heard one.
    pub may_have_heard_more: bool,
    /// Whether the peer's FIN has arrived before something that nobody saw.
    pub fin_came_early: bool,
    /// When the peer's FIN has come, with all before it.
    pub fin_came_ns: Option<u64>,
    /// From where on it has not received what seemed to have come, up to the peer's FIN: it has said so.
    pub lacks_from: Option<i64>,
    /// Whether the peer's FIN has come behind a gap that it may know nothing of: what was in that [comes too late](Side::may_begin_with) then.
    pub fin_may_be_first: bool,
    /// Whether a reset has come to it whose number nobody can judge.
    pub may_be_gone: bool,
    /// The highest place of a reset that was not believed, since more was due.
    pub refused: Option<i64>,
    /// Behind a SYN or FIN that may have come, or not.
    pub may_have_come: Option<i64>,
    /// An acknowledgment that may have come, or not, and that its state depends on.
    pub may_have_heard: Option<i64>,
    /// Whether it may know nothing of the connection any more: a SYN of its was seen in the middle of it. What it sends next tells.
    pub may_have_begun_anew: bool,
    /// Whether it speaks of a connection before this one, between the same ends.
    pub is_elsewhere: bool,
    /// The first of the peer's that was seen to come, if its SYN was not: all before it is only taken to have come.
    pub first_seen: Option<i64>,
}

impl Sight {
    /// A reset was not believed, and `due` was expected.
    pub(super) fn refuses(&mut self, seq: i64, due: i64) {
        self.refused = self.refused.max(Some(seq).filter(|seq| *seq < due));
    }
}

impl Unseen {
    /// It may have come as far as this unseen.
    fn reaches(&mut self, place: i64) {
        *self = match *self {
            Self::Anywhere => Self::Anywhere,
            Self::Nothing => Self::Before(place),
            Self::Before(before) => Self::Before(before.max(place)),
        };
    }
}

impl Side {
    /// Looks at a segment that it sends, before that is noted, for what it tells of segments that were not seen.
    pub(super) fn looks_back(&mut self, peer: &mut Self, it: &Placed, now_ns: u64) {
        if it.has(Flags::RST) {
            return;
        }
        self.sight.may_have_begun_anew = false;
        self.shows_own(peer, it, now_ns);
        if let Some(ack) = it.ack {
            self.shows_missed(peer, ack);
            self.shows_fin_of_before(peer, ack);
            self.shows_heard(peer, ack.max(it.sacked().unwrap_or(ack)), ack);
            self.received.has_all_to(ack);
            self.settles_what_may_have_come();
            if peer.fin.is_some_and(|fin| ack > fin) {
                self.sight.lacks_from = None;
            }
        }
        if self.sight.unseen == Unseen::Nothing {
            peer.sight.may_have_heard_more = false;
        }
    }

    /// It seems to have sent a SYN in the middle of the connection: somebody else has, or it asks to open anew.
    pub(super) fn may_begin_anew(&mut self) {
        self.sight.may_have_begun_anew = true;
        self.life.now.take_if(|now| now.source != Source::Kernel);
    }

    /// Its SYN arrives, which it sent before a new SYN of its peer began this connection.
    pub(super) fn began_before(&mut self, peer: &Self, it: &Placed) {
        (self.syn, self.next) = (Some(it.ack.is_some()), it.end);
        self.answers_elsewhere(peer, it);
    }

    fn answers_elsewhere(&mut self, peer: &Self, it: &Placed) {
        self.sight.is_elsewhere = it.ack.is_some_and(|ack| !(1..=peer.next).contains(&ack));
    }

    /// Nobody knows whether this segment has come: if it would change the state of this end, that is not known any more.
    pub(super) fn may_have_got(&mut self, it: &Placed) {
        let Some(state) = self.life.state().filter(|_| !self.life.is_told()) else {
            return;
        };
        let resets = it.has(Flags::RST) && state != TcpState::Closed;
        let is_end = it.flags.any(Flags::SYN | Flags::FIN) && it.end > self.received.expects;
        let comes = is_end && CHANGED_BY_ENDS.contains(&state);
        let is_heard = it.ack.is_some() && CHANGED_BY_ACKS.contains(&state);
        if !(resets || comes || is_heard) {
            return;
        }
        self.sight.may_be_gone |= resets;
        if comes {
            self.sight.may_have_come = self.sight.may_have_come.max(Some(it.end));
        }
        if is_heard {
            self.sight.may_have_heard = self.sight.may_have_heard.max(it.ack);
        }
        self.life.now = None;
    }

    /// What has come for certain settles what may have come.
    pub(super) fn settles_what_may_have_come(&mut self) {
        let (expects, heard) = (self.received.expects, self.heard.ack);
        let sight = &mut self.sight;
        sight.may_have_come = sight.may_have_come.filter(|end| *end > expects);
        sight.may_have_heard = sight.may_have_heard.filter(|ack| *ack > heard);
    }

    /// A SYN begins, and what comes behind all that may be unseen has no FIN before it. A segment that carries
    /// nothing stands where its sender goes on.
    fn shows_own(&mut self, peer: &mut Self, it: &Placed, now_ns: u64) {
        if it.has(Flags::SYN) {
            self.sight.unseen = Unseen::Nothing;
            self.sight.may_be_gone &= self.has_just_heard(now_ns); // it may have left before the reset came
            self.answers_elsewhere(peer, it);
        } else if self.fin.is_some_and(|fin| it.end > fin + 1) {
            self.shows_more_than_fin(peer, it.end);
        } else if it.seq < it.end {
            if matches!(self.sight.unseen, Unseen::Before(place) if it.seq >= place) {
                self.sight.unseen = Unseen::Nothing;
            }
        } else if self.sight.unseen == Unseen::Anywhere {
            self.sight.unseen = Unseen::Before(it.seq);
        } else if it.seq > self.next && self.fin.is_none() {
            self.sight.unseen.reaches(it.seq);
            self.forgets(&OPEN);
        }
    }

    /// It has sent more than its FIN, up to this place: one of the two is of another connection, or somebody else has sent it.
    fn shows_more_than_fin(&mut self, peer: &mut Self, place: i64) {
        self.sight.unseen.reaches(place);
        self.forgets(&BEHIND_FINS);
        peer.forgets(&BEHIND_FINS);
    }

    /// Where the beginning was not seen, the first segment that came is taken to be next. It was not if this end acknowledges
    /// less: unless that had left before it came, something in front of it is missing.
    fn shows_missed(&mut self, peer: &Self, ack: i64) {
        let Some(first) = self.sight.first_seen else {
            return;
        };
        if ack >= first {
            self.sight.first_seen = None;
            return;
        }
        if self.received.expects >= first {
            self.sight.fin_came_early |= peer.fin.is_some_and(|fin| fin < self.received.expects);
            self.received.misses(ack, first);
        }
    }

    /// Nothing comes behind a FIN: one that stands in front of what it acknowledges is of a connection before this one. Where its peer's SYN was seen,
    /// numbers tell that.
    fn shows_fin_of_before(&mut self, peer: &mut Self, ack: i64) {
        if peer.isn().is_some() || peer.fin.is_none_or(|fin| ack <= fin + 1) {
            return;
        }
        peer.fin = None;
        for end in [self, peer] {
            end.ended_second = None;
            end.life.now.take_if(|now| now.source != Source::Kernel);
        }
    }

    /// What it acknowledges has reached it, and so has what it says to have behind that, up to `heard`.
    fn shows_heard(&mut self, peer: &mut Self, heard: i64, ack: i64) {
        if peer.syn.is_some() && (1..=peer.next).contains(&ack) && self.syn.is_some() {
            self.sight.is_elsewhere = false;
        }
        if ack < 1 && peer.syn.is_some() {
            // It has not accepted the SYN of this one.
            self.sight.is_elsewhere |= self.syn.is_none() || ack < 0;
        } else if let Some(fin) = peer.fin {
            // Nothing comes behind a FIN; but what is missing before it may have come before the capture began.
            let came_early = self.sight.fin_came_early && self.received.expects <= fin;
            self.sight.may_have_heard_more =
                came_early && ack <= fin || peer.may_have_ended_unseen();
        } else if heard > peer.next {
            peer.sight.unseen.reaches(heard);
            peer.forgets(&OPEN);
            self.sight.may_have_heard_more = true;
            self.forgets(&HEARING);
        } else if peer.next > 1 {
            // Bytes were seen that no FIN can be in front of. What came since may have closed a gap in front of one.
            self.sight.may_have_heard_more =
                ack < self.received.expects && peer.may_have_ended_beyond(ack);
        }
    }

    /// Whether a FIN of its may stand somewhere behind this place that it sent before the capture began, though what it sends
    /// again now stands in front of that.
    fn may_have_ended_beyond(&self, place: i64) -> bool {
        let began_before = self.numbers.is_some_and(|numbers| !numbers.certain);
        let came_further = matches!(self.sight.unseen, Unseen::Before(before) if before > place);
        self.fin.is_none() && began_before && came_further
    }

    /// Something has come that was next. What its peer had sent behind it before the capture began may have come already: with it,
    /// a FIN may be next.
    pub(super) fn hears_in_front_of_unseen(&mut self, peer: &Self) {
        if peer.may_have_ended_beyond(self.received.expects) {
            self.sight.may_have_heard_more = true;
            self.forgets(&HEARING);
        }
    }

    /// All that its peer has sent, from its SYN to this place, was seen to arrive.
    pub(super) fn has_shown_all_to(&mut self, place: i64) {
        let certain = self.numbers.is_some_and(|numbers| numbers.certain);
        // That it has sent more than its FIN stays odd.
        let is_odd = self.fin.is_some() && self.may_have_ended_unseen();
        let is_behind = matches!(self.sight.unseen, Unseen::Before(before) if before <= place);
        if certain && is_behind && !is_odd {
            self.sight.unseen = Unseen::Nothing;
        }
    }

    /// How far its numbers have come, seen or not, if what was seen has come to `next`.
    pub(super) fn has_come_to(&self, next: i64) -> i64 {
        match self.sight.unseen {
            Unseen::Before(place) => next.max(place),
            _ => next,
        }
    }

    /// Whether it may have sent a FIN that nobody saw.
    pub(super) fn may_have_ended_unseen(&self) -> bool {
        match (self.fin, self.sight.unseen) {
            (None, unseen) => unseen != Unseen::Nothing,
            (Some(fin), Unseen::Before(place)) => place > fin + 1,
            (Some(_), _) => false,
        }
    }

    /// Whether its state may be another than the numbers tell that were seen.
    pub(super) fn is_unsure(&self) -> bool {
        self.may_have_ended_unseen()
            || self.sight.may_have_heard_more
            || self.sight.is_elsewhere
            || self.sight.may_be_gone
            || self.sight.may_have_come.is_some()
            || self.sight.may_have_heard.is_some()
    }

    /// Whether it withdraws room that it had offered, and acknowledges less than has come: there was no memory for that, and it was dropped
    /// (Linux says so at once, by a window of 0). A window of 0 that comes behind a later segment says nothing of now. Or it acknowledges just what it
    /// had room for, and its peer has sent more (RFC 9293 §3.10.7.4). Or it has said by SACK that it has
    /// something beyond what it acknowledges, acknowledges more now, and does not name it any more: it has dropped that.
    pub(super) fn shows_lack(&mut self, peer: &Self, it: &Placed) -> bool {
        let Some(ack) = it.ack.filter(|_| !it.flags.any(Flags::SYN | Flags::RST)) else {
            return false;
        };
        let said = self.said.map_or(ack, |said| said.ack);
        let is_newest = ack >= said && !peer.has_heard_later(it);
        let withdraws = it.closes_window() && self.room_to.is_some_and(|room| ack < room);
        // All that it has room for it has, and not what its peer has sent beyond that.
        let was_overrun = self.room_to == Some(ack);
        // What it has by SACK it names in each ACK, as long as it has it (RFC 2018 §4, §8).
        let reneges = it.sacked().is_none() && ack > said && ack < peer.heard.sacked;
        let lacks =
            is_newest && (withdraws || was_overrun || reneges) && ack < self.received.expects;
        if lacks {
            self.received.lacks(ack);
        }
        lacks
    }

    /// Its peer's FIN has arrived before something in front of it that was not seen.
    pub(super) fn hears_fin_early(&mut self, peer: &Self) {
        if peer.numbers.is_some_and(|numbers| !numbers.certain) {
            (self.sight.fin_came_early, self.sight.may_have_heard_more) = (true, true);
        }
    }

    /// Whether it has heard the peer's FIN when it sends its own, which is seen for the first time. One that
    /// was sent before may acknowledge what it did not know then.
    pub(super) fn ends_second(&self, peer: &Self, it: &Placed) -> Option<bool> {
        let heard = match (peer.fin, it.ack) {
            (Some(fin), Some(ack)) => ack > fin,
            _ if self.sight.may_have_heard_more => return None,
            _ => false,
        };
        (!heard || self.sight.unseen == Unseen::Nothing).then_some(heard)
    }

    /// What the peer's FIN would end is not known any more.
    pub(super) fn forgets_hearing(&mut self) {
        self.forgets(&HEARING);
    }

    /// If it is in one of these states, it is not known any more.
    fn forgets(&mut self, states: &[TcpState]) {
        if states.iter().any(|state| self.is(*state)) {
            self.life.now = None;
        }
    }
}

/// The states that a SYN or FIN of the peer changes.
const CHANGED_BY_ENDS: [TcpState; 6] = [
    TcpState::Closed,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
];
/// The states that an acknowledgment changes.
const CHANGED_BY_ACKS: [TcpState; 5] = [
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::FinWait1,
    TcpState::Closing,
    TcpState::LastAck,
];
/// The states that its own FIN ends.
const OPEN: [TcpState; 3] = [
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::CloseWait,
];
/// The states that one of the FINs has led to.
const BEHIND_FINS: [TcpState; 6] = [
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
];
/// The states that the peer's FIN ends.
const HEARING: [TcpState; 4] = [
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
];
