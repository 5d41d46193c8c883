//! Joins what the wire tells of a packet to arrows.

use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::Segment;

use super::Arrow;
use super::Fate;
use super::Seen;
use super::Story;
use super::Stretch;
use super::pending::clock;
use super::pending::is_way_of;
use super::pending::takes_arrow;
use crate::log::Event;
use crate::log::Packet;
use crate::log::Verdict;

impl Story {
    pub(super) fn packet(&mut self, event: &Event, packet: &Packet) {
        match packet.verdict {
            Verdict::Sent => self.sent(event, packet),
            Verdict::Held => self.decide(event, packet, Fate::Held),
            Verdict::Delivered => self.decide(event, packet, Fate::Delivered),
            Verdict::Dropped => self.decide(event, packet, Fate::Dropped),
            Verdict::Repeated { times } => self.repeated(event, packet, times),
            Verdict::Duplicated { copy } => self.duplicated(packet.id, copy),
        }
    }

    fn sent(&mut self, event: &Event, packet: &Packet) {
        let copy = self.packets.get(&packet.id).cloned();
        let is_copy = copy.is_some();
        let mut arrow = copy.unwrap_or_else(|| self.arrow(event, packet));
        arrow.sent_ns = event.t_ns;
        self.packets.insert(packet.id, arrow.clone());
        let deduced = clock(&arrow).filter(|_| !is_copy);
        // What is on its way to the sender has not arrived yet: the two cross.
        for open in &mut self.pending {
            open.departs_if(|other| other.from != packet.from);
        }
        let row = self.join(event, |row| !is_copy && takes_arrow(row, packet.from));
        row.t_ns = event.t_ns;
        row.clock = row.clock.or(deduced);
        row.arrow = Some(arrow);
    }

    fn arrow(&mut self, event: &Event, packet: &Packet) -> Arrow {
        let bytes = packet.bytes.clone().unwrap_or_default();
        let frame = self.conversations.follow(Frame::parse(&bytes));
        let seen = Seen::of(&frame).left_tftp(self.conversations.left_tftp(&frame));
        let segment = seen.segment();
        let sent = segment.and_then(|it| self.tcp.sent(packet.id, event.t_ns, it));
        let file = self.tftp.sent(packet.id, event.t_ns, &frame);
        Arrow {
            id: packet.id,
            from: packet.from,
            sent_ns: event.t_ns,
            decided_ns: None,
            fate: Fate::Crossing,
            stretch: Stretch::Whole,
            repeats: 0,
            held: false,
            copy_of: None,
            rules: Vec::new(),
            altered: false,
            deduced: packet.bytes.is_none(),
            label: sent.map(|sent| sent.label),
            place: sent.map(|sent| sent.place),
            again: sent
                .and_then(|sent| sent.again)
                .or_else(|| file.and_then(|step| step.again)),
            earlier_lost: None,
            file,
            arrival: Arrival::InOrder,
            bytes,
            seen,
        }
    }

    fn decide(&mut self, event: &Event, packet: &Packet, fate: Fate) {
        let Some(arrow) = self.packets.get(&packet.id) else {
            return;
        };
        let arrival = match fate {
            Fate::Delivered => {
                let altered = packet.bytes.as_deref().map(Frame::parse);
                let segment = match &altered {
                    Some(frame) => Segment::of(frame),
                    None => arrow.seen.segment().copied(),
                };
                let arrival = segment.and_then(|it| self.tcp.delivered(event.t_ns, &it));
                if let Some(segment) = segment.filter(|_| arrival != Some(Arrival::Damaged)) {
                    self.descriptors.delivered(packet.from.other(), &segment);
                }
                arrival
            }
            _ => None,
        };
        self.fates.insert(packet.id, fate);
        let mut arrow = arrow.clone();
        if fate == Fate::Held
            && let Some(known) = self.packets.get_mut(&packet.id)
        {
            known.held = true;
        }
        // It overtakes what was sent before it and has not arrived.
        for open in &mut self.pending {
            open.departs_if(|other| {
                fate == Fate::Delivered
                    && other.from == packet.from
                    && other.sent_ns < arrow.sent_ns
            });
        }
        if !self.pending.iter().any(|open| is_way_of(open, packet.id)) {
            // Whatever arrives later than this is shown below it.
            for open in &mut self.pending {
                open.departs_if(|_| true);
            }
            arrow.stretch = Stretch::Landing;
            self.open(event).arrow = Some(arrow);
        }
        let Some(open) = self
            .pending
            .iter_mut()
            .rfind(|open| is_way_of(open, packet.id))
        else {
            return;
        };
        if let Some(arrow) = &mut open.touch(event).arrow {
            arrow.fate = fate;
            arrow.arrival = arrival.unwrap_or_default();
            arrow.altered = fate == Fate::Delivered && packet.bytes.is_some();
            arrow.decided_ns = Some(event.t_ns);
        }
        if fate != Fate::Held {
            self.packets.remove(&packet.id);
        }
    }

    fn repeated(&mut self, event: &Event, packet: &Packet, times: u32) {
        let Some(known) = self.packets.get_mut(&packet.id) else {
            return;
        };
        known.repeats = times;
        let mut arrow = known.clone();
        arrow.stretch = Stretch::Repeat;
        arrow.fate = Fate::Held;
        self.departs(packet.id);
        let row = self.join(event, |row| takes_arrow(row, packet.from));
        row.arrow = Some(arrow);
    }

    /// A held packet whose row is still open is shown as such: the next row shows more of it.
    fn departs(&mut self, id: u64) {
        for open in &mut self.pending {
            if let Some(arrow) = open.row.arrow.as_mut().filter(|arrow| arrow.id == id)
                && arrow.stretch == Stretch::Whole
            {
                arrow.stretch = Stretch::Departure;
            }
        }
    }

    fn duplicated(&mut self, id: u64, copy: u64) {
        let known = self.pending.iter().find_map(|open| {
            let arrow = open.row.arrow.as_ref();
            arrow.filter(|arrow| arrow.id == id)
        });
        if let Some(arrow) = known.or_else(|| self.packets.get(&id)) {
            let doubled = Arrow {
                id: copy,
                copy_of: Some(id),
                fate: Fate::Crossing,
                stretch: Stretch::Whole,
                ..arrow.clone()
            };
            self.packets.insert(copy, doubled);
        }
    }
}
