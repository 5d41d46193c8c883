//! Joins what the wire tells of a packet to arrows.

use std::borrow::Cow;

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::checksum::Checksum;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;

use super::Arrow;
use super::Ends;
use super::Fate;
use super::Saying;
use super::Story;
use super::Stretch;
use super::change::breaks_off;
use super::change::ends;
use super::flows::Left;
use super::millis;
use super::motives::Motive;
use super::pending::timer;
use super::sockets::of_packet;
use crate::log::Absent;
use crate::log::Event;
use crate::log::Packet;
use crate::log::TimerKind;
use crate::log::Verdict;

impl Story {
    pub(super) fn packet(&mut self, event: &Event, packet: &Packet) {
        match packet.verdict {
            Verdict::Sent => self.sent(event, packet),
            Verdict::Held => self.decide(event, packet, Fate::Held),
            Verdict::Delivered => self.decide(event, packet, Fate::Delivered),
            Verdict::Dropped => self.decide(event, packet, Fate::Dropped),
            Verdict::Captured => {
                self.sent(event, packet);
                self.decide(event, packet, Fate::Captured);
            }
            Verdict::Repeated { times } => self.repeated(event, packet, times),
            Verdict::Duplicated { copy } => {
                let shown = self.queue.shown(packet.id);
                self.wire.duplicated(packet.id, copy, shown);
            }
        }
    }

    fn sent(&mut self, event: &Event, packet: &Packet) {
        let sent_ns = self.scope.clock.sent_ns(event, packet);
        let copy = self.wire.get(packet.id).cloned();
        let is_copy = copy.is_some();
        let (mut arrow, moved) = match copy {
            Some(copy) => (copy, None),
            None => self.arrow(sent_ns, packet),
        };
        let motive = match is_copy {
            true => Motive::default(),
            false => self.motives.take(packet.from, event),
        };
        (arrow.sent_ns, arrow.counter) = (sent_ns, motive.counter);
        let cause = self.calls.cause_of_file(&arrow).filter(|_| !is_copy);
        if let (Some(again), Some(cause)) = (&mut arrow.again, cause) {
            again.cause = cause;
        }
        self.motives.ran(&mut arrow, motive.timer);
        arrow.decided_ns = arrow.decided_ns.filter(|at| *at >= sent_ns);
        if let Some(socket) = of_packet(&arrow, arrow.from) {
            self.connections.note(socket, sent_ns);
            if arrow.seen.segment().is_some_and(|it| it.has(Flags::RST)) && !arrow.is_unsent() {
                self.connections.reset(socket);
            }
            if arrow.seen.segment().is_some_and(|it| it.has(Flags::SYN)) && !is_copy {
                self.calls.opens(socket);
                self.connections.opens(socket);
                let asks = arrow.seen.segment().is_some_and(|it| !it.has(Flags::ACK));
                if asks && arrow.again.is_none() && !arrow.is_unsent() {
                    self.calls.descriptors.asked(socket.host, socket.ends);
                }
            }
        }
        if !is_copy && !arrow.is_unsent() {
            arrow.kept_back_ns = self.calls.kept_back.leaves(&arrow);
            self.calls.departs(&arrow);
        }
        let to = packet.from.other();
        arrow.without_socket[to] = self.calls.has_no_socket(&arrow, to);
        self.wire.sent(arrow.clone());
        let deduced = timer(&arrow).filter(|_| !is_copy);
        let timed = motive.timer.or(deduced).map(|timer| timer.kind);
        // An ACK is held back whether or not something is late.
        if timed.is_some_and(|kind| kind != TimerKind::DelayedAck) {
            self.wire.timed(sent_ns);
        }
        self.queue.cross(packet.from);
        // A row that waits for a SYN or FIN waits for no other packet.
        let awaited = arrow.seen.segment().is_some_and(ends);
        let breaks_off = breaks_off(&arrow);
        let place = self.queue.row_of_packet(event, &arrow, awaited, is_copy);
        let place = self.queue.last_of_its_time(place, sent_ns);
        let open = &mut self.queue[place];
        open.deaf[packet.from] = self.calls.is_deaf(&arrow, packet.from);
        open.connecting = self.calls.connecting(&arrow);
        open.elsewhere = self.calls.receives_elsewhere(&arrow);
        open.only_from = self.calls.receives_only_from(&arrow);
        open.congestion = motive.congestion;
        open.row.timer = motive.timer.or(deduced);
        open.row.arrow = Some(arrow);
        let place = match awaited || breaks_off {
            true => self.queue.joins_its_state(place),
            false => place,
        };
        let place = self.queue.settle(place, sent_ns, &self.calls);
        self.orders_crossing(place);
        self.follows(place, packet.from, moved);
        self.forgets(place);
    }

    /// Of two SYNs or FINs that cross, the second is told as that which crosses: the one that left later, of which the log may tell first.
    fn orders_crossing(&mut self, place: usize) {
        let Some(arrow) = &self.queue[place].row.arrow else {
            return;
        };
        let (first, second) = match arrow.label {
            Some(second @ Label::FinCrossed) => (Label::FinFirst, second),
            Some(second @ Label::SynCrossed) => (Label::Syn, second),
            _ => return,
        };
        let (id, from, sent_ns) = (arrow.id, arrow.from, arrow.sent_ns);
        let socket = of_packet(arrow, from);
        let is_other = |other: &Arrow| {
            let left_later = other.from != from && other.sent_ns > sent_ns;
            left_later && other.label == Some(first) && of_packet(other, from) == socket
        };
        let later = self.queue.arrows_from(place).find(|other| is_other(other));
        let Some(other) = later.map(|other| other.id) else {
            return;
        };
        for (id, label) in [(id, first), (other, second)] {
            self.wire.labels(id, label);
            let rows = self.queue.arrows_from(place).filter(|it| it.id == id);
            rows.for_each(|arrow| arrow.label = Some(label));
        }
    }

    /// What a packet says and is, and the state that its sender is in with it, if that is another.
    fn arrow(&mut self, sent_ns: u64, packet: &Packet) -> (Arrow, Option<EndState>) {
        let bytes = packet.bytes.clone().unwrap_or_default();
        let (link, wire_len) = self.scope.captured(packet, bytes.len());
        let frame =
            Frame::captured(link, &bytes, wire_len).with_checksum_pending(packet.checksum_pending);
        let readdressed = self.scope.as_client_has(&frame, link);
        let frame = match &readdressed {
            Some(bytes) => Frame::captured(link, bytes, wire_len)
                .with_checksum_pending(packet.checksum_pending),
            None => frame,
        };
        let Left {
            seen,
            segment: sent,
            file,
            known,
            smaller,
        } = match packet.absent {
            Some(Absent::Unsent) => self.flows.appears(frame),
            _ => self.flows.sent(packet.id, sent_ns, frame),
        };
        // What its sender may not have sent has numbers, but is nothing to it.
        let (place, sent) = (
            sent.map(|sent| sent.place),
            sent.filter(|_| packet.absent != Some(Absent::Unsent)),
        );
        let arrow = Arrow {
            id: packet.id,
            from: packet.from,
            sent_ns,
            decided_ns: None,
            fate: Fate::Crossing,
            stretch: Stretch::Whole,
            repeats: 0,
            held: false,
            copy_of: None,
            rules: Vec::new(),
            altered: false,
            overtaken: 0,
            deduced: packet.bytes.is_none(),
            label: sent.map(|sent| match packet.verdict {
                Verdict::Captured => without_wait(sent.label),
                _ => sent.label,
            }),
            order: sent.map(|sent| sent.order),
            place,
            again: sent
                .and_then(|sent| sent.again)
                .or_else(|| file.and_then(|step| step.again)),
            earlier_lost: None,
            known,
            waited_ns: sent.and_then(|sent| sent.waited_ns),
            kept_back_ns: None,
            tries_new: sent.is_some_and(|sent| sent.tries_new),
            acks_unseen: sent.is_some_and(|sent| sent.acks_unseen),
            peer_may_have_ended: sent.is_some_and(|sent| sent.peer_may_have_ended),
            acks_late: sent.is_some_and(|sent| sent.acks_late),
            answers_again: sent.is_some_and(|sent| sent.answers_again),
            after_too_big: smaller,
            counter: None,
            nobody: self.scope.hosts.nobody(packet.from, seen.to),
            without_socket: Ends::default(),
            file,
            arrival: Arrival::InOrder,
            link,
            wire_len,
            stamp_ns: packet.stamp_ns,
            connection: None,
            between: self.scope.between(packet),
            bytes,
            seen,
        };
        (arrow, sent.and_then(|sent| sent.moved))
    }

    fn decide(&mut self, event: &Event, packet: &Packet, fate: Fate) {
        let Some(arrow) = self.wire.get(packet.id) else {
            return;
        };
        // It reaches the other host, which is not whom it is for.
        let fate = match fate {
            Fate::Delivered if arrow.nobody.is_some() => Fate::Dropped,
            fate => fate,
        };
        let mut arrow = arrow.clone();
        // A capture's packet has its bytes here, as it was seen; another has them if it arrives otherwise.
        let came = packet.bytes.as_deref().filter(|_| fate == Fate::Delivered);
        arrow.altered = came.is_some_and(|came| self.alters(&mut arrow, packet, came));
        let (arrival, moved) = match fate.arrives() && !arrow.may_be_lost() {
            true => self.arrives(event, packet, &arrow, came),
            false => (Arrival::InOrder, None),
        };
        if let Some(segment) = arrow.seen.segment().filter(|_| arrow.may_be_lost()) {
            self.flows.may_arrive(segment);
        }
        // What its receiver throws away is as good as lost to its sender.
        let taken = match arrival {
            Arrival::Damaged
            | Arrival::FinTooEarly
            | Arrival::NoRoom
            | Arrival::Stale
            | Arrival::OldAck => Fate::Dropped,
            _ => fate,
        };
        self.wire.note_fate(packet.id, taken);
        self.wire.decided(packet.id, fate);
        if fate == Fate::Delivered {
            self.calls.gets(packet.from.other(), event.t_ns);
            if arrow.copy_of.is_none() {
                self.wire.overtakes(&arrow);
            }
            let is_earlier =
                |other: &Arrow| other.from == packet.from && other.sent_ns < arrow.sent_ns;
            self.queue.depart_if(is_earlier);
            let calls = &self.calls;
            self.queue
                .arrives_below(packet.id, event.t_ns, |call| calls.waits_for(call, &arrow));
            self.queue.arrives_behind_returns(packet.id, event.t_ns);
        }
        let Some(place) = self.row_of_fate(event, &arrow, fate) else {
            return;
        };
        let late = match fate {
            Fate::Delivered if self.scope.is_lab => self.wire.lateness(&arrow, event.t_ns),
            _ => None,
        };
        let receiver = packet.from.other();
        let arrives = [receiver, packet.from].map(|host| self.calls.has_no_socket(&arrow, host));
        let open = &mut self.queue[place];
        let told = late.map(|ns| Saying::LabLate { millis: millis(ns) });
        open.extra.extend(told);
        open.deaf[receiver] = self.calls.is_deaf(&arrow, receiver);
        open.hears = self.calls.hears(&arrow);
        if let Some(shown) = &mut open.touch(event).arrow {
            shown.fate = fate;
            shown.arrival = arrival;
            shown.altered = arrow.altered;
            if fate.arrives() {
                shown.without_socket[receiver] = arrives[0];
                shown.without_socket[packet.from] = arrives[1] && shown.stretch == Stretch::Landing;
            }
            shown.held = arrow.held;
            shown.between = arrow.between.take();
            // A log that was edited may decide about a packet before it is sent.
            let decided_ns = event.t_ns.max(shown.sent_ns);
            shown.decided_ns = (fate != Fate::Captured).then_some(decided_ns);
        }
        let is_fin = arrow.seen.segment().is_some_and(|it| it.has(Flags::FIN));
        let is_first = fate.arrives() && arrival == Arrival::InOrder;
        let hears = is_fin && is_first && !self.queue[place].deaf[receiver];
        let place = match hears {
            true => self.queue.tells_of_end(place, event.t_ns),
            false => place,
        };
        self.follows(place, receiver, moved);
        let is_syn = |it: &Segment| it.has(Flags::SYN) && !it.has(Flags::ACK);
        let asks = arrow.seen.segment().is_some_and(is_syn) && is_first;
        if let Some(socket) = of_packet(&arrow, receiver).filter(|_| asks)
            && self.calls.descriptors.listens(receiver, socket.ends.local)
        {
            self.queue.expects(place, socket);
        }
        self.forgets(place);
    }

    /// Whether a packet is another where it arrives, which `came` there; of two captures, what has changed is noted.
    fn alters(&mut self, arrow: &mut Arrow, packet: &Packet, came: &[u8]) -> bool {
        if arrow.between.is_none() {
            return true;
        }
        let (link, wire_len) = self.scope.captured(packet, came.len());
        let frame = Frame::captured(link, came, wire_len);
        arrow.between = self.wire.changed(arrow, packet, &frame);
        let mut changes = arrow.between.iter().flat_map(|it| &it.changes);
        changes.any(|change| !change.field.is_steady())
    }

    /// What a packet is to its receiver, which has got the bytes `came` if not those that were sent; and the state that
    /// it brings that into, if it is another.
    fn arrives(
        &mut self,
        event: &Event,
        packet: &Packet,
        arrow: &Arrow,
        came: Option<&[u8]>,
    ) -> (Arrival, Option<EndState>) {
        let came = came.map(|bytes| {
            let (link, wire_len) = self.scope.captured(packet, bytes.len());
            let frame = Frame::captured(link, bytes, wire_len);
            let readdressed = self.scope.as_client_has(&frame, link);
            let bytes = readdressed.map_or(Cow::Borrowed(bytes), Cow::Owned);
            (link, bytes, wire_len)
        });
        let frame = came
            .as_ref()
            .map(|(link, bytes, wire_len)| Frame::captured(*link, bytes, *wire_len));
        let segment = match &frame {
            Some(frame) => Segment::of(frame),
            None => arrow.seen.segment().copied(),
        };
        let delivered = segment.and_then(|it| self.flows.delivered(event.t_ns, &it));
        let arrival = match (delivered, &frame) {
            (Some(delivered), _) => delivered.arrival,
            // What is no segment has no place in a flow, but a checksum.
            (None, Some(frame)) if is_damaged(frame) => Arrival::Damaged,
            // A header that says that it is shorter than a header has no checksum that could be read; nobody takes it in, either.
            (None, Some(frame)) if arrow.seen.segment().is_some() && frame.tcp().is_none() => {
                Arrival::Damaged
            }
            (None, _) => Arrival::InOrder,
        };
        if arrival != Arrival::Damaged {
            self.calls.arrives(packet.from.other(), arrow, event.t_ns);
            self.flows
                .arrived(arrow.copy_of.unwrap_or(packet.id), event.t_ns);
        }
        let damaged = delivered.is_some_and(|it| it.arrival == Arrival::Damaged);
        if let Some(segment) = segment.filter(|_| !damaged) {
            let descriptors = &mut self.calls.descriptors;
            descriptors.delivered(packet.from.other(), &segment);
        }
        (arrival, delivered.and_then(|delivered| delivered.moved))
    }

    /// The row that shows what becomes of a packet: the one that shows how it was sent, or one of its own. `None` where it goes on
    /// being held.
    fn row_of_fate(&mut self, event: &Event, arrow: &Arrow, fate: Fate) -> Option<usize> {
        if self.queue.way_of(arrow.id).is_none() {
            if fate == Fate::Held {
                // Else a copy, or held once more: how it arrives will be shown.
                return self.queue.departure_of(arrow.id);
            }
            // Whatever arrives later than this is shown below it.
            self.queue.depart_if(|_| true);
            let place = self.queue.open(event);
            self.queue[place].row.arrow = Some(Arrow {
                stretch: Stretch::Landing,
                ..arrow.clone()
            });
        }
        self.queue.way_of(arrow.id)
    }

    fn repeated(&mut self, event: &Event, packet: &Packet, times: u32) {
        let Some(known) = self.wire.repeated(packet.id, times) else {
            return;
        };
        let mut arrow = known.clone();
        arrow.stretch = Stretch::Repeat;
        arrow.fate = Fate::Held;
        let motive = self.motives.take(packet.from, event);
        let sent_ns = self.scope.clock.sent_ns(event, packet);
        if let Some(segment) = arrow.seen.segment() {
            let sent = self.flows.repeated(packet.id, sent_ns, segment);
            // Its sender counts on, whichever of its packets the wire holds.
            arrow.again = sent.and_then(|sent| sent.again).or(arrow.again);
        }
        let place = self.queue.repeats(event, &arrow, sent_ns);
        let row = &mut self.queue[place].row;
        (row.arrow, row.timer) = (Some(arrow), motive.timer);
    }
}

/// Whether a checksum says that the bytes are not those that were sent.
fn is_damaged(frame: &Frame<'_>) -> bool {
    frame
        .checksums()
        .any(|(_, checksum)| matches!(checksum, Checksum::Wrong { .. }))
}

/// How long an end has waited is known where it is known when something reached it: not of a capture.
fn without_wait(label: Label) -> Label {
    let after_ns = None;
    match label {
        Label::Ack { bytes, .. } => Label::Ack { bytes, after_ns },
        Label::AckFin { bytes, last, .. } => Label::AckFin {
            bytes,
            last,
            after_ns,
        },
        other => other,
    }
}
