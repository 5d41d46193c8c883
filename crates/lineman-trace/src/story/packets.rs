//! Joins what the wire tells of a packet to arrows.

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::checksum::Checksum;
use lineman_proto::wire::flow::Arrival;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;

use super::Arrow;
use super::CallCell;
use super::Fate;
use super::Saying;
use super::Seen;
use super::Story;
use super::Stretch;
use super::What;
use super::around::Connecting;
use super::around::Hears;
use super::assemble::TOGETHER_NS;
use super::between::changed;
use super::change::breaks_off;
use super::change::ends;
use super::millis;
use super::motives::Motive;
use super::pending::Open;
use super::pending::clock;
use super::pending::is_way_of;
use super::pending::takes_arrow;
use super::sending::Sends;
use super::sending::may_have_sent;
use super::sockets::of_packet;
use crate::log::Event;
use crate::log::Host;
use crate::log::Packet;
use crate::log::Verdict;

/// The fates of so many packets are remembered: a flow tells of a repetition of one of the last 4096
/// packets that one end has sent (TFTP; TCP: 1024).
const FATES: usize = 16_384;

/// So late, in nanoseconds, is a packet that it is worth a word: half of the shortest time-out of Linux' TCP (200 ms).
const LAB_LATE_NS: u64 = 100_000_000;

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
            Verdict::Duplicated { copy } => self.duplicated(packet.id, copy),
        }
    }

    fn sent(&mut self, event: &Event, packet: &Packet) {
        let sent_ns = self.clock.sent_ns(event, packet);
        let copy = self.packets.get(&packet.id).cloned();
        let is_copy = copy.is_some();
        let (mut arrow, moved) = match copy {
            Some(copy) => (copy, None),
            None => self.arrow(sent_ns, packet),
        };
        let motive = match is_copy {
            true => Motive::default(),
            false => self.motives.take(packet.from, event.t_ns),
        };
        (arrow.sent_ns, arrow.counter) = (sent_ns, motive.counter);
        arrow.decided_ns = arrow.decided_ns.filter(|at| *at >= sent_ns);
        if let Some(socket) = of_packet(&arrow, arrow.from) {
            self.connections.note(socket, sent_ns);
            if arrow.seen.segment().is_some_and(|it| it.has(Flags::RST)) {
                self.connections.reset(socket);
            }
        }
        self.packets.insert(packet.id, arrow.clone());
        let deduced = clock(&arrow).filter(|_| !is_copy);
        // What is on its way to the sender has not arrived yet: the two cross.
        for open in &mut self.pending {
            open.departs_if(|other| other.from != packet.from);
        }
        // A row that waits for a SYN or FIN waits for no other packet.
        let awaited = arrow.seen.segment().is_some_and(ends);
        let breaks_off = breaks_off(&arrow);
        let place = self.row_of(event, &arrow, awaited, is_copy);
        let place = self.last_of_its_time(place, sent_ns);
        let connecting = self.connecting(&arrow);
        let elsewhere = match &arrow.seen.what {
            What::Unreachable(refusal) => refusal
                .target
                .and_then(|it| self.descriptors.receives_elsewhere(arrow.from, it)),
            _ => None,
        };
        let deaf = self.is_deaf(&arrow, packet.from);
        let open = &mut self.pending[place];
        open.deaf[packet.from] = deaf;
        (open.connecting, open.congestion) = (connecting, motive.congestion);
        open.elsewhere = elsewhere;
        open.row.clock = motive.clock.or(deduced);
        open.row.arrow = Some(arrow);
        let place = match awaited || breaks_off {
            true => self.gathers(place),
            false => place,
        };
        let place = self.passes_later_calls(place, sent_ns);
        self.pending[place].row.t_ns = sent_ns.max(self.earliest(place));
        // What stands below it already has happened before it arrives.
        let happened = |open: &Open| open.row.arrow.is_some() || !open.changes.is_empty();
        if self.pending.range(place + 1..).any(happened) {
            self.pending[place].departs_if(|_| true);
        }
        self.follows(place, packet.from, moved);
        self.forgets(place);
    }

    /// The row that shows a packet that is sent now: that of the call that has sent it, else the last if it waits
    /// for one, or a new one.
    fn row_of(&mut self, event: &Event, arrow: &Arrow, awaited: bool, is_copy: bool) -> usize {
        let sends = |open: &Open| {
            let call = open.row.calls[arrow.from].as_ref();
            let sent = call.is_some_and(|cell| may_have_sent(cell, arrow));
            let waits = open.row.arrow.is_none() && open.rests(arrow.sent_ns) < TOGETHER_NS;
            sent && waits && open.toward[arrow.from].fits(arrow)
        };
        // A state that was told before its packet is seen, and is over by now, stays where it is.
        let socket = of_packet(arrow, arrow.from);
        let told = |open: &Open| {
            let mut changes = open.changes.iter();
            changes.any(|it| it.told && Some(it.socket) == socket)
        };
        let is_over = |place: &usize| {
            let mut later = self.pending.range(place + 1..);
            told(&self.pending[*place]) && later.any(told)
        };
        // Bytes that left after the program had called for something else did not leave by the call. A SYN or FIN is
        // told by its state, however late it is read.
        let goes_on = |place: usize| {
            let mut later = self.pending.range(place + 1..);
            !awaited
                && later.any(|open| {
                    let call = open.row.calls[arrow.from].as_ref();
                    call.is_some_and(|cell| cell.begins && cell.t_ns < arrow.sent_ns)
                })
        };
        // Nor those that left only when another segment had arrived, for which they had waited: for room in a window, or for
        // an acknowledgment by Nagle's algorithm.
        let is_of_another = |other: &Arrow| {
            let other = of_packet(other, arrow.from);
            other.is_some_and(|other| socket.is_some_and(|own| own != other))
        };
        let was_held = |place: usize| {
            let call = self.pending[place].row.calls[arrow.from].as_ref();
            // A call that has not returned may wait for room itself.
            let last_ns = call.map(|cell| cell.returned_ns.unwrap_or(cell.t_ns));
            !awaited
                && last_ns.is_some_and(|last_ns| {
                    self.pending.iter().any(|open| {
                        let other = open.row.arrow.as_ref();
                        let comes = other.filter(|it| it.from != arrow.from && !is_of_another(it));
                        let arrived = comes.filter(|other| other.fate.arrives());
                        let arrived_ns = arrived.and_then(|other| other.decided_ns);
                        arrived_ns.is_some_and(|at| last_ns < at && at <= arrow.sent_ns)
                    })
                })
        };
        let mut calls = self.pending.iter().enumerate();
        let place = calls.find(|(at, open)| sends(open) && !goes_on(*at) && !was_held(*at));
        let place = place.map(|(at, _)| at);
        match place.filter(|place| !is_copy && !is_over(place)) {
            Some(place) if takes_arrow(&self.pending[place], arrow) => {
                self.pending[place].touch(event);
                place
            }
            // What the other host does there has nothing to do with it.
            Some(place) => {
                let apart = self.pending[place].split(arrow.from, event);
                self.pending.push_back(apart);
                self.pending.len() - 1
            }
            None => self.join(event, awaited.then_some(arrow.from), |open| {
                !is_copy && takes_arrow(open, arrow)
            }),
        }
    }

    /// Whether the program of a host has the packet's connection still, and has shut down receiving.
    fn is_deaf(&self, arrow: &Arrow, host: Host) -> bool {
        let socket = of_packet(arrow, host);
        socket.is_some_and(|it| self.descriptors.receives_no_more(host, it.ends))
    }

    /// How the program hears of an ICMP error that arrives at its host.
    fn hears(&self, arrow: &Arrow) -> Option<Hears> {
        let What::Unreachable(refusal) = &arrow.seen.what else {
            return None;
        };
        let host = arrow.from.other();
        let Some(fd) = self.descriptors.connected_to(host, refusal.target?)? else {
            return Some(Hears::Never);
        };
        let waits = |(whose, cell): &&(Host, CallCell)| {
            let gets = matches!(cell.name.as_str(), "recv" | "recvfrom" | "recvmsg" | "read");
            *whose == host && cell.fd == Some(fd) && gets
        };
        let mut calls = self.calls.values().filter(waits);
        match (calls.next(), calls.next()) {
            (None, _) => Some(Hears::Later),
            (Some((_, cell)), None) => Some(Hears::Waits {
                name: cell.name.clone(),
            }),
            // One of them has it; nobody knows which.
            (Some(_), Some(_)) => None,
        }
    }

    /// How the program waits that a RST refuses, which has asked for a connection.
    fn connecting(&self, arrow: &Arrow) -> Option<Connecting> {
        if arrow.label != Some(Label::RstRefused) {
            return None;
        }
        let (host, peer) = (arrow.from.other(), arrow.seen.from?);
        let asks = |(whose, cell): &(Host, CallCell)| {
            let names = cell
                .args
                .first()
                .is_some_and(|arg| *arg == peer.to_string());
            *whose == host && names && Sends::of(cell) == Some(Sends::Syn)
        };
        match self.calls.values().any(asks) {
            true => Some(Connecting::InTheCall),
            false if self.descriptors.is_opening(host, peer) => Some(Connecting::Later),
            false => self.traced.contains(&host).then_some(Connecting::Nobody),
        }
    }

    /// A row that gets this time stands behind all rows of earlier ones: those that wait for packets of their own
    /// were passed over. Gives its place.
    fn last_of_its_time(&mut self, place: usize, t_ns: u64) -> usize {
        let is_earlier = |open: &Open| open.row.t_ns < t_ns;
        if !self.pending.iter().skip(place + 1).any(is_earlier) {
            return place;
        }
        let row = self.pending.remove(place);
        self.pending.extend(row);
        self.pending.len() - 1
    }

    /// A packet that is read late stands before calls that began or returned when it had left; not before those of
    /// programs that may have sent it: older logs have the times at which a tracer told them. Gives the place of its row.
    fn passes_later_calls(&mut self, mut place: usize, sent_ns: u64) -> usize {
        let own = &self.pending[place];
        let has_calls = own.row.calls.client.is_some() || own.row.calls.server.is_some();
        if has_calls || place + 1 < self.pending.len() {
            return place;
        }
        while let Some(before) = place.checked_sub(1)
            && self.pending[before].is_calls()
            && self.pending[before].row.t_ns > sent_ns
            && !self.may_send_it(before, place)
        {
            self.pending.swap(before, place);
            place = before;
        }
        place
    }

    /// Whether a program's call in the one row may have sent the packet of the other, whenever it began.
    fn may_send_it(&self, calls: usize, packet: usize) -> bool {
        let Some(arrow) = &self.pending[packet].row.arrow else {
            return false;
        };
        let open = &self.pending[calls];
        let call = open.row.calls[arrow.from].as_ref();
        let sends = call.and_then(Sends::of).is_some_and(|it| it.fits(arrow));
        let traced = self.traced.contains(&arrow.from);
        traced && sends && open.toward[arrow.from].fits(arrow)
    }

    /// What a packet says and is, and the state that its sender is in with it, if that is another.
    fn arrow(&mut self, sent_ns: u64, packet: &Packet) -> (Arrow, Option<EndState>) {
        let bytes = packet.bytes.clone().unwrap_or_default();
        let (link, wire_len) = self.captured(packet, bytes.len());
        let frame =
            Frame::captured(link, &bytes, wire_len).with_checksum_pending(packet.checksum_pending);
        let readdressed = self.as_client_has(&frame, link);
        let frame = match &readdressed {
            Some(bytes) => Frame::captured(link, bytes, wire_len)
                .with_checksum_pending(packet.checksum_pending),
            None => frame,
        };
        let frame = self.conversations.follow(frame);
        let seen = Seen::of(&frame).left_tftp(self.conversations.left_tftp(&frame));
        let segment = seen.segment();
        let sent = segment.and_then(|it| self.tcp.sent(packet.id, sent_ns, it));
        let arrived = |id: u64| self.arrivals.of(id);
        let file = self.tftp.sent(packet.id, sent_ns, &frame, Some(&arrived));
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
            place: sent.map(|sent| sent.place),
            again: sent
                .and_then(|sent| sent.again)
                .or_else(|| file.and_then(|step| step.again)),
            earlier_lost: None,
            waited_ns: sent.and_then(|sent| sent.waited_ns),
            tries_new: sent.is_some_and(|sent| sent.tries_new),
            counter: None,
            nobody: self.hosts.nobody(packet.from, seen.to),
            file,
            arrival: Arrival::InOrder,
            link,
            wire_len,
            stamp_ns: packet.stamp_ns,
            connection: None,
            between: self.between(packet),
            bytes,
            seen,
        };
        (arrow, sent.and_then(|sent| sent.moved))
    }

    /// What a packet begins with, and how many bytes it had on the wire.
    fn captured(&self, packet: &Packet, len: usize) -> (LinkType, usize) {
        let stated = packet.wire_len.and_then(|len| usize::try_from(len).ok());
        let wire_len = stated.map_or(len, |stated| stated.max(len));
        (packet.link.unwrap_or(self.link), wire_len)
    }

    fn decide(&mut self, event: &Event, packet: &Packet, fate: Fate) {
        let Some(arrow) = self.packets.get(&packet.id) else {
            return;
        };
        // It reaches the other host, which is not whom it is for.
        let fate = match fate {
            Fate::Delivered if arrow.nobody.is_some() => Fate::Dropped,
            fate => fate,
        };
        // A capture's packet has its bytes here, as it was seen; another has them if it arrives otherwise.
        let altered = packet.bytes.as_deref().filter(|_| fate == Fate::Delivered);
        let altered = altered.map(|bytes| {
            let (link, wire_len) = self.captured(packet, bytes.len());
            Frame::captured(link, bytes, wire_len)
        });
        let mut arrow = arrow.clone();
        let is_altered = match &altered {
            Some(frame) if arrow.between.is_some() => {
                arrow.between = changed(&arrow, packet, frame, &mut self.changed);
                let mut changes = arrow.between.iter().flat_map(|it| &it.changes);
                changes.any(|change| !change.field.is_steady())
            }
            altered => altered.is_some(),
        };
        let readdressed = altered.as_ref().and_then(|frame| {
            let (link, wire_len) = self.captured(packet, frame.bytes().len());
            Some((self.as_client_has(frame, link)?, link, wire_len))
        });
        let altered = match &readdressed {
            Some((bytes, link, wire_len)) => Some(Frame::captured(*link, bytes, *wire_len)),
            None => altered,
        };
        // What is no segment has no place in a flow, but a checksum.
        let other = match &altered {
            Some(frame) if is_damaged(frame) => Arrival::Damaged,
            // A header that says that it is shorter than a header has no checksum that could be read; nobody takes it in, either.
            Some(frame) if arrow.seen.segment().is_some() && frame.tcp().is_none() => {
                Arrival::Damaged
            }
            _ => Arrival::InOrder,
        };
        let delivered = match fate.arrives() {
            true => {
                let segment = match &altered {
                    Some(frame) => Segment::of(frame),
                    None => arrow.seen.segment().copied(),
                };
                let delivered = segment.and_then(|it| self.tcp.delivered(event.t_ns, &it));
                let damaged = delivered.is_some_and(|it| it.arrival == Arrival::Damaged);
                if let Some(segment) = segment.filter(|_| !damaged) {
                    self.descriptors.delivered(packet.from.other(), &segment);
                }
                delivered
            }
            false => None,
        };
        let arrival = delivered.map_or(other, |it| it.arrival);
        let damaged = arrival == Arrival::Damaged;
        // What its receiver throws away is as good as lost to its sender.
        let taken = match arrival {
            Arrival::Damaged | Arrival::FinTooEarly | Arrival::Stale | Arrival::OldAck => {
                Fate::Dropped
            }
            _ => fate,
        };
        self.note_fate(packet.id, taken);
        if fate.arrives() && !damaged {
            let original = arrow.copy_of.unwrap_or(packet.id);
            self.arrivals.note(original, event.t_ns);
        }
        if fate == Fate::Held
            && let Some(known) = self.packets.get_mut(&packet.id)
        {
            known.held = true;
        }
        // It overtakes what was sent before it and has not arrived.
        if fate == Fate::Delivered && arrow.copy_of.is_none() {
            let behind = |other: &&mut Arrow| {
                let waits = other.held || other.between.is_some();
                waits && other.from == arrow.from && other.sent_ns < arrow.sent_ns
            };
            let overtaken = self.packets.values_mut().filter(behind);
            overtaken.for_each(|other| other.overtaken += 1);
        }
        for open in &mut self.pending {
            open.departs_if(|other| {
                fate == Fate::Delivered
                    && other.from == packet.from
                    && other.sent_ns < arrow.sent_ns
            });
        }
        if !self.pending.iter().any(|open| is_way_of(open, packet.id)) {
            if fate == Fate::Held {
                return; // a copy, or held once more: how it arrives will be shown
            }
            // Whatever arrives later than this is shown below it.
            for open in &mut self.pending {
                open.departs_if(|_| true);
            }
            arrow.stretch = Stretch::Landing;
            let place = self.open(event);
            self.pending[place].row.arrow = Some(arrow.clone());
        }
        let way = |open: &Open| is_way_of(open, packet.id);
        let Some(place) = self.pending.iter().rposition(way) else {
            return;
        };
        if fate == Fate::Delivered {
            let late = self.lateness(&arrow, event.t_ns);
            let told = late.map(|ns| Saying::LabLate { millis: millis(ns) });
            self.pending[place].extra.extend(told);
        }
        let receiver = packet.from.other();
        self.pending[place].deaf[receiver] = self.is_deaf(&arrow, receiver);
        self.pending[place].hears = self.hears(&arrow);
        let between = arrow.between.take();
        if let Some(arrow) = &mut self.pending[place].touch(event).arrow {
            arrow.fate = fate;
            arrow.arrival = arrival;
            arrow.altered = is_altered;
            arrow.between = between;
            // A log that somebody has changed may decide about a packet before it is sent.
            let decided_ns = event.t_ns.max(arrow.sent_ns);
            arrow.decided_ns = (fate != Fate::Captured).then_some(decided_ns);
        }
        let moved = delivered.and_then(|delivered| delivered.moved);
        self.follows(place, packet.from.other(), moved);
        self.forgets(place);
        if fate != Fate::Held {
            self.packets.remove(&packet.id);
        }
    }

    /// How much longer than the fastest a packet was on the wire of a lab that nobody and no rule has held, if that is so
    /// long that timers may have run out meanwhile: the process that carries packets did not get to run.
    fn lateness(&mut self, arrow: &Arrow, now_ns: u64) -> Option<u64> {
        let excused = arrow.held || arrow.copy_of.is_some() || arrow.between.is_some();
        if !self.is_lab || excused || self.rules.contains_key(&arrow.id) {
            return None;
        }
        let way_ns = now_ns.saturating_sub(arrow.sent_ns);
        let fastest_ns = self
            .fastest_ns
            .map_or(way_ns, |fastest| fastest.min(way_ns));
        self.fastest_ns = Some(fastest_ns);
        let late_ns = way_ns - fastest_ns;
        // Those behind it wait for the same reason: the first says so.
        let was_late = std::mem::replace(&mut self.was_late, late_ns >= LAB_LATE_NS);
        Some(late_ns).filter(|late| *late >= LAB_LATE_NS && !was_late)
    }

    pub(super) fn note_fate(&mut self, id: u64, fate: Fate) {
        if self.fates.insert(id, fate).is_none() {
            self.decided.push_back(id);
        }
        if self.decided.len() > FATES
            && let Some(oldest) = self.decided.pop_front()
        {
            self.fates.remove(&oldest);
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
        let motive = self.motives.take(packet.from, event.t_ns);
        let sent_ns = self.clock.sent_ns(event, packet);
        // The wire keeps it, but its sender has sent it: from then on it waits for longer.
        if let Some(segment) = arrow.seen.segment() {
            self.tcp.sent(packet.id, sent_ns, &segment.resent());
        }
        let place = self.join(event, Some(packet.from), |open| takes_arrow(open, &arrow));
        let sent_ns = sent_ns.max(self.earliest(place));
        let row = &mut self.pending[place].row;
        if row.calls.client.is_none() && row.calls.server.is_none() {
            row.t_ns = sent_ns;
        }
        (row.arrow, row.clock) = (Some(arrow), motive.clock);
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
