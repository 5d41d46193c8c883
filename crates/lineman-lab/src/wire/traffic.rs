//! What is on the wire, and what becomes of it. Instants in, packets out: it neither reads a clock nor
//! sends.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use crate::log::Fault;
use crate::log::Host;
use crate::log::Kind;
use crate::log::Packet;
use crate::log::Verdict;
use crate::recorder::Recorder;

use super::Command;
use super::agenda::Agenda;
use super::judge::Arrival;
use super::judge::Fate;
use super::judge::Judge;
use super::judge::Judgement;
use super::repeat::repeats;

/// A packet on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    id: u64,
    pub(crate) from: Host,
    sent: Vec<u8>,
    /// What arrives, if not what was sent.
    altered: Option<Vec<u8>>,
    /// How often its sender has sent it again while it was held.
    repeats: u32,
}

impl Parcel {
    /// What arrives.
    pub(crate) fn frame(&self) -> &[u8] {
        self.altered.as_ref().unwrap_or(&self.sent)
    }
}

/// All packets that are on the wire.
pub(crate) struct Traffic {
    delay: Duration,
    judge: Box<dyn Judge>,
    recorder: Recorder,
    agenda: Agenda<Parcel>,
    held: BTreeMap<u64, Parcel>,
    stepping: bool,
    packets: u64,
}

impl Traffic {
    /// None yet. `delay` is how long a frame is on its way.
    pub(crate) fn new(delay: Duration, judge: Box<dyn Judge>, recorder: Recorder) -> Self {
        Self {
            delay,
            judge,
            recorder,
            agenda: Agenda::new(),
            held: BTreeMap::new(),
            stepping: false,
            packets: 0,
        }
    }

    /// A host has sent a frame.
    pub(crate) fn enter(&mut self, now: Instant, from: Host, frame: &[u8]) {
        if self.swallow(from, frame) {
            return;
        }
        let parcel = Parcel {
            id: self.number(),
            from,
            sent: frame.to_vec(),
            altered: None,
            repeats: 0,
        };
        self.tell(&parcel, Verdict::Sent, Some(&parcel.sent));
        let arrival = Arrival {
            id: parcel.id,
            from,
            frame,
        };
        let judgement = self.judge.judge(&arrival);
        self.carry_out(now, judgement, parcel);
    }

    /// Somebody has decided.
    pub(crate) fn obey(&mut self, now: Instant, command: Command) {
        match command {
            Command::Step => self.stepping = true,
            Command::Run => {
                self.stepping = false;
                for (_, parcel) in std::mem::take(&mut self.held) {
                    self.send_off(now, parcel, Duration::ZERO);
                }
            }
            Command::Faults(faults) => self.judge = faults.judge(),
            Command::Deliver(id)
            | Command::Drop(id)
            | Command::Duplicate(id)
            | Command::Delay(id, _) => {
                if let Some(parcel) = self.held.remove(&id) {
                    self.release(now, parcel, &command);
                }
            }
        }
    }

    /// When the next packet arrives.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// Takes a packet that has arrived by now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Parcel> {
        self.agenda.due(now)
    }

    /// Tells that a packet is delivered, right before it is. Returns the number of the event.
    pub(crate) fn delivered(&self, parcel: &Parcel) -> u64 {
        self.tell(parcel, Verdict::Delivered, parcel.altered.as_deref())
    }

    /// Tells that a packet could not be delivered after all.
    pub(crate) fn lost(&self, parcel: &Parcel) {
        self.tell(parcel, Verdict::Dropped, None);
    }

    /// Whether it is held already; then it is counted.
    fn swallow(&mut self, from: Host, frame: &[u8]) -> bool {
        let same = |parcel: &&mut Parcel| parcel.from == from && repeats(&parcel.sent, frame);
        let Some(parcel) = self.held.values_mut().find(same) else {
            return false;
        };
        parcel.repeats += 1;
        let times = parcel.repeats;
        let parcel = parcel.clone();
        self.tell(&parcel, Verdict::Repeated { times }, None);
        true
    }

    fn carry_out(&mut self, now: Instant, judgement: Judgement, mut parcel: Parcel) {
        for rule in judgement.rules {
            let packet = parcel.id;
            self.recorder.record(Kind::Fault(Fault { packet, rule }));
        }
        if judgement.fate == Fate::Drop {
            self.tell(&parcel, Verdict::Dropped, None);
            return;
        }
        parcel.altered = judgement.altered;
        let mut all = vec![parcel];
        for _ in 0..judgement.copies {
            all.push(self.copy(&all[0]));
        }
        let hold = self.stepping || judgement.fate == Fate::Hold;
        for parcel in all {
            match hold {
                true => self.hold(parcel),
                false => self.send_off(now, parcel, judgement.delay),
            }
        }
    }

    fn release(&mut self, now: Instant, parcel: Parcel, command: &Command) {
        if !matches!(command, Command::Deliver(_)) {
            let (packet, rule) = (parcel.id, String::new());
            self.recorder.record(Kind::Fault(Fault { packet, rule }));
        }
        match command {
            Command::Drop(_) => drop(self.tell(&parcel, Verdict::Dropped, None)),
            Command::Delay(_, delay) => self.send_off(now, parcel, *delay),
            Command::Duplicate(_) => {
                let copy = self.copy(&parcel);
                self.send_off(now, parcel, Duration::ZERO);
                self.send_off(now, copy, Duration::ZERO);
            }
            _ => self.send_off(now, parcel, Duration::ZERO),
        }
    }

    fn hold(&mut self, parcel: Parcel) {
        self.tell(&parcel, Verdict::Held, None);
        self.held.insert(parcel.id, parcel);
    }

    /// Puts it on its way; a delay beyond the wire's own is told.
    fn send_off(&mut self, now: Instant, parcel: Parcel, delay: Duration) {
        if delay > Duration::ZERO {
            self.tell(&parcel, Verdict::Held, None);
        }
        let delay = self.delay.saturating_add(delay).min(LONGEST_DELAY);
        self.agenda.add(now + delay, parcel);
    }

    fn copy(&mut self, parcel: &Parcel) -> Parcel {
        let id = self.number();
        self.tell(parcel, Verdict::Duplicated { copy: id }, None);
        let repeats = 0;
        Parcel {
            id,
            repeats,
            ..parcel.clone()
        }
    }

    fn number(&mut self) -> u64 {
        self.packets += 1;
        self.packets
    }

    fn tell(&self, parcel: &Parcel, verdict: Verdict, bytes: Option<&[u8]>) -> u64 {
        self.recorder.record(Kind::Packet(Packet {
            id: parcel.id,
            from: parcel.from,
            verdict,
            bytes: bytes.map(<[u8]>::to_vec),
        }))
    }
}

/// Beyond it no lesson is left.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Says the same of every packet.
    struct Always(Judgement);

    impl Judge for Always {
        fn judge(&mut self, _: &Arrival<'_>) -> Judgement {
            self.0.clone()
        }
    }

    const MS: Duration = Duration::from_millis(1);

    fn traffic(judgement: Judgement) -> (Traffic, mpsc::Receiver<(u64, Verdict)>) {
        let (sender, told) = mpsc::channel();
        let recorder = Recorder::new(move |event| {
            if let Kind::Packet(packet) = event.kind {
                sender.send((packet.id, packet.verdict)).expect("a test");
            }
        });
        (
            Traffic::new(MS, Box::new(Always(judgement)), recorder),
            told,
        )
    }

    #[test]
    fn a_copy_that_arrives_late_and_altered() {
        let (delay, copies, altered) = (MS, 1, Some(vec![9]));
        let judgement = Judgement {
            delay,
            copies,
            altered,
            ..Judgement::default()
        };
        let (mut traffic, told) = traffic(judgement);
        let now = Instant::now();
        traffic.enter(now, Host::Client, &[1]);
        assert_eq!(traffic.next(), Some(now + 2 * MS));
        assert!(traffic.due(now + MS).is_none());
        for id in [1, 2] {
            let parcel = traffic.due(now + 2 * MS).expect("a packet");
            assert_eq!((parcel.id, parcel.frame()), (id, &[9][..]));
        }
        let verdicts = [
            (1, Verdict::Sent),
            (1, Verdict::Duplicated { copy: 2 }),
            (1, Verdict::Held),
            (2, Verdict::Held),
        ];
        assert_eq!(told.try_iter().collect::<Vec<_>>(), verdicts);
    }

    #[test]
    fn what_is_held_waits_for_ever() {
        let fate = Fate::Hold;
        let (mut traffic, told) = traffic(Judgement {
            fate,
            ..Judgement::default()
        });
        let now = Instant::now();
        traffic.enter(now, Host::Server, &[1]);
        assert_eq!(traffic.next(), None);
        traffic.obey(now, Command::Deliver(2));
        assert_eq!(traffic.next(), None);
        traffic.obey(now, Command::Delay(1, Duration::MAX));
        assert_eq!(traffic.next(), Some(now + LONGEST_DELAY));
        assert_eq!(told.try_iter().count(), 3); // sent, held for a word, held for its delay
    }
}
