//! One end of a TCP connection, as far as packets tell.

use super::Again;
use super::Cause;
use super::Counts;
use super::Order;
use super::Prompt;
use super::TcpState;
use super::crossing::Gone;
use super::judge::Packet;
use super::judge::Placed;
use super::life::Life;
use super::numbers::Numbers;
use super::owed::Owed;
use super::received::Received;
use super::resent::History;
use super::resent::Sending;
use super::sacks::Sacks;
use super::sight::Sight;
use super::sight::Unseen;
use super::stamps::Stamps;

#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub numbers: Option<Numbers>,
    /// Its SYN, if seen, and whether it had ACK.
    pub syn: Option<bool>,
    /// The number of its last SYN without ACK, of this connection or of one before: an end that answers by a SYN-ACK of that number
    /// has asked to open, too, and is no listener.
    pub asked_isn: Option<u32>,
    /// Whether it has sent anything but a SYN: only then is its window what it says from then on.
    pub settled: bool,
    /// Whether it has sent something that is of no connection.
    pub is_odd: bool,
    /// Where its FIN stands.
    pub fin: Option<i64>,
    /// The shift of its windows that its SYN offered.
    pub scale: Option<u8>,
    /// Whether its SYN offered SACK, if that was seen.
    pub sack: Option<bool>,
    /// How many bytes it takes in a segment, as its SYN says.
    pub mss: Option<u16>,
    /// What it has heard of its peer's clock.
    pub stamps: Stamps,
    /// Behind the last that it sent.
    pub next: i64,
    sent: History,
    /// The last segment that it sent, and whether different ones have had the same IP identification.
    last: Option<(Packet, Outline)>,
    has_one_ip_id: bool,
    /// The last acknowledgment that it sent.
    pub said: Option<Said>,
    /// The blocks that the SACK of that named.
    pub said_sacks: Sacks,
    /// Up to which place of the peer's it has ever said that it has room, and has said last: windows may shrink.
    pub room_to: Option<i64>,
    pub offers_to: Option<i64>,
    /// Whether it has acknowledged the peer's SYN in a segment without one.
    pub shook: bool,
    /// Whether it has answered a SYN that came before its own was answered (RFC 9293 §3.5, figure 8).
    pub has_answered_crossed: bool,
    /// Whether it has refused the peer's SYN.
    pub has_refused: bool,
    /// Whether it has answered by a reset what was no answer to its SYN, since it last sent that.
    pub has_rejected: bool,
    /// Whether its last segment was a probe that wants an answer.
    pub probed: bool,
    /// What of the peer's numbers has reached it.
    pub received: Received,
    pub heard: Heard,
    /// What has arrived that it has not acknowledged.
    pub owed: Owed,
    /// When it last sent something that must be acknowledged, or asked for an ACK, in nanoseconds.
    pub asked_ns: Option<u64>,
    /// What arrived last that it must answer with an ACK of what it has acknowledged already.
    pub prompt: Prompt,
    /// Behind what has come again then, if all up to there seemed to have come before.
    pub known_to: Option<i64>,
    /// What bytes have acknowledged that arrived after it had finished sending: a reset that answers them has that number.
    pub fed_after_end: Option<i64>,
    /// Whether a SYN that it had already has arrived since it last sent its own.
    pub asked_again: bool,
    /// Whether what arrived last is the peer's SYN once more, and the first acknowledgment of its own.
    pub hears_crossed_answer: bool,
    /// What state it is in.
    pub life: Life,
    /// If in none any more, since when and why.
    pub gone: Gone,
    /// How long it took until its peer's SYN was answered, in nanoseconds, where that was seen.
    pub round_ns: Option<u64>,
    /// What it has sent, in numbers.
    pub counts: Counts,
    /// What of its life was not seen.
    pub sight: Sight,
    /// Whether it had heard the peer's FIN when it sent its own; `None` before, and where that cannot be told.
    pub ended_second: Option<bool>,
}

/// What tells one segment of an end from another: where it begins and ends, what it acknowledges, and its window.
type Outline = (i64, i64, Option<i64>, u16);

#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub ack: i64,
    pub window: u16,
    pub repeats: u32,
}

/// The acknowledgments that have reached an end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    pub ack: i64,
    /// When the last of them came.
    pub at_ns: u64,
    /// When the last came that acknowledged something new.
    pub more_ns: u64,
    /// When the last came that was not overtaken.
    pub current_ns: u64,
    pub window: u16,
    /// When its peer has said that there is room again, behind a window of 0.
    pub opened_ns: Option<u64>,
    /// The widest window that came with one, in bytes.
    pub widest: u32,
    pub repeats: u32,
    /// The highest place that a SACK named.
    pub sacked: i64,
}

impl Side {
    /// Notes what a segment takes up of the numbers, and says how it relates to those before.
    pub(super) fn send(
        &mut self,
        peer: &Self,
        (from, to): (i64, i64),
        (syn, probe, crosses): (bool, bool, bool),
        packet: Packet,
    ) -> (Order, Option<Again>) {
        if from == to {
            return (Order::Next, None);
        }
        self.asked_ns = Some(packet.now_ns);
        let again = self.sent.add(Sending {
            from,
            to,
            next: self.next,
            heard: self.heard,
            probe,
            crosses,
            is_deaf: peer.counts.segments == 0 && self.said.is_some(),
            may_probe: !syn && self.sack != Some(false) && peer.sack != Some(false),
            packet,
        });
        if again.is_some_and(|again| again.cause == Cause::Doubled) {
            return (Order::Next, again);
        }
        let order = match again {
            None if crosses || self.sent.has_forgotten(from) => Order::Next,
            None if from < self.next => Order::Late,
            None if from > self.next => Order::Gap,
            _ => Order::Next,
        };
        self.next = self.next.max(to);
        (order, again)
    }

    /// Whether a segment that takes up no numbers is the same IP packet as the one before it: the network or the capture has
    /// doubled it. Where an end gives all packets one identification (RFC 6864), that cannot be told.
    pub(super) fn doubles(&mut self, outline: Outline, packet: Packet) -> Option<Again> {
        let before = self.last.replace((packet, outline));
        let (earlier, known) = before.filter(|(it, _)| packet.is_copy_of(it))?;
        let is_same = known == outline;
        self.has_one_ip_id |= !is_same && packet.ip_id != 0;
        let is_bare = outline.0 == outline.1 && is_same;
        let wait_ns = packet.now_ns.saturating_sub(earlier.now_ns);
        (is_bare && !self.has_one_ip_id).then_some(Again {
            times: 1,
            wait_ns,
            timer_ns: wait_ns,
            anew: None,
            last_wait_ns: None,
            earlier: earlier.id,
            covered: None,
            fresh: 0,
            cause: Cause::Doubled,
        })
    }

    /// The number of its SYN; `None` while it is unknown or only guessed.
    pub(super) fn isn(&self) -> Option<u32> {
        let numbers = self.numbers?;
        numbers.certain.then_some(numbers.isn)
    }

    /// Whether it is known how windows are scaled: both SYNs were seen, or one that does not offer it (RFC 7323 §2.2).
    pub(super) fn agree_on_scale(one: &Self, other: &Self) -> bool {
        let declines = |side: &Self| side.syn.is_some() && side.scale.is_none();
        one.syn.is_some() && other.syn.is_some() || declines(one) || declines(other)
    }

    /// Whether this number was sent last by itself, when there was room.
    pub(super) fn was_alone(&self, number: i64) -> bool {
        self.sent.was_alone(number)
    }

    /// Notes an acknowledgment that reached it. It is a repetition only if it brings nothing else
    /// (RFC 5681 §2).
    pub(super) fn hear(
        &mut self,
        (ack, window): (i64, u16),
        bare: bool,
        sacks: Sacks,
        now_ns: u64,
    ) {
        let heard = &mut self.heard;
        let was_told = heard.at_ns > 0;
        heard.at_ns = now_ns;
        let is_old = ack < heard.ack;
        // That a segment has come again says nothing of a gap (RFC 2883 §4).
        let repeats = (window == heard.window || sacks.any()) && !sacks.reports_known;
        let same = ack == heard.ack && repeats;
        if ack > heard.ack {
            (heard.ack, heard.repeats) = (ack, 0);
            heard.more_ns = now_ns;
        } else if same && bare && self.next > ack {
            heard.repeats += 1;
        }
        if !is_old {
            if heard.window == 0 && was_told {
                heard.opened_ns = Some(now_ns);
            }
            (heard.window, heard.current_ns) = (window, now_ns);
        }
        heard.sacked = heard.sacked.max(sacks.highest().unwrap_or(0));
    }

    /// Whether it goes on with new bytes although older ones are missing, after a time-out (RFC 5682); to be asked
    /// before they are noted.
    pub(super) fn tries_new(&self, from: i64) -> bool {
        from == self.next && self.sent.tries_new(from, self.heard.ack)
    }

    /// Whether something behind what it acknowledges has reached it, as far as is known: it has told so by SACK,
    /// or more was delivered. Where sent and delivered are seen at once, as in a capture, what is lost later seems
    /// to have arrived.
    pub(super) fn has_gap(&self, ack: i64, sacked: Option<i64>, prompt: Prompt) -> bool {
        let seems = self.received.expects > ack && prompt == Prompt::Unseen;
        sacked.is_some_and(|to| to > ack) || self.received.has_gap() || seems
    }

    /// What had it send an acknowledgment, by that itself where it tells; else by what arrived last.
    pub(super) fn prompt_of(&self, it: &Placed) -> Prompt {
        match self.prompt {
            Prompt::Unseen | Prompt::Known if it.sacks.reports_known => Prompt::Known,
            Prompt::Known if it.sacks.is_news_after(&self.said_sacks) => Prompt::Unseen,
            // It says that it has not got what came again: that may be on its way still, and the one before was lost.
            Prompt::Known if it.ack < self.known_to && it.ack.is_some() => Prompt::Unseen,
            prompt => prompt,
        }
    }

    /// Its numbers; if they are unknown, `number` is taken for the one behind its SYN. Where that is a guess, it
    /// and `peer` have a past that nobody saw.
    pub(super) fn numbers_before(
        &mut self,
        peer: &mut Self,
        number: u32,
        certain: bool,
    ) -> Numbers {
        if let Some(numbers) = self.numbers {
            return numbers;
        }
        self.next = 1;
        if !certain {
            self.sight.unseen = Unseen::Anywhere;
            peer.sight.may_have_heard_more = true;
        }
        *self.numbers.insert(Numbers {
            isn: number.wrapping_sub(1),
            certain,
        })
    }

    /// It begins anew: what it sent, said, received and heard before is void, and so is what its peer has received and said of it. A
    /// peer that has said more than a SYN, or has taken in the one before, goes on with the numbers from before until it accepts the new ones.
    pub(super) fn begins_anew(&mut self, peer: &mut Self) {
        *self = Self {
            counts: self.counts,
            sight: self.sight,
            asked_isn: self.asked_isn,
            asked_ns: self.asked_ns,
            stamps: Stamps::anew(),
            heard: Heard {
                at_ns: self.heard.at_ns,
                ..Heard::default()
            },
            ..Self::default()
        };
        (peer.said, peer.room_to, peer.offers_to) = (None, None, None);
        (peer.received, peer.owed) = (Received::default(), Owed::default());
        peer.sight.lacks_from = None;
        peer.stamps.forget_peer();
        peer.fed_after_end = None;
        if peer.settled || peer.is(TcpState::SynReceived) {
            (peer.sight.is_elsewhere, peer.life.now) = (true, None);
        }
    }

    /// Whether the peer's FIN has arrived, and all before it.
    pub(super) fn has_heard_fin(&self, peer: &Self) -> bool {
        let has_come = peer.fin.is_some_and(|fin| self.received.expects > fin);
        has_come && self.sight.lacks_from.is_none()
    }

    /// Whether the ACK of its own FIN has reached it: only then is nothing left to be closed.
    pub(super) fn has_heard_its_fin_acknowledged(&self) -> bool {
        self.fin.is_some_and(|fin| self.heard.ack > fin)
    }
}
