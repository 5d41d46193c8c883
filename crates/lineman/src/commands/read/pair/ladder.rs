//! The third reading: one log of both captures, about one conversation.

use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use lineman_trace::log::LinkType;
use lineman_trace::log::Machine;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::log::Translated;
use lineman_trace::log::TwoCaptures;
use lineman_trace::log::VERSION;
use lineman_trace::pair::Drift;
use lineman_trace::pair::Kept;
use lineman_trace::pair::Limits;
use lineman_trace::pair::Matcher;
use lineman_trace::pair::Point;
use lineman_trace::pair::Recorder;
use lineman_trace::pair::Sight;
use lineman_trace::pair::Tally;

use super::super::ladder;
use super::super::ladder::Sink;
use super::Both;
use super::Related;
use super::merged::Merged;
use crate::args::read::Read;
use crate::console::Console;
use crate::failure::Failure;

/// How much is remembered: whole packets are.
const LIMITS: Limits = Limits {
    wait_ns: 10_000_000_000,
    waiting: 1 << 14,
    recent: 1 << 12,
    lanes: 16,
};

/// Shows it.
pub fn show(
    args: &Read,
    both: &Both,
    (tally, related): (Tally, Related),
    console: Console,
) -> Result<(), Failure> {
    let (both, ids) = (both.clone(), related.ids.clone());
    let work = move |log: &Hub, sink: Sink<'_>| write(&both, &tally, &related, log, sink, console);
    let (shown, written) = ladder::while_shown(args, None, &ids, work, console)?;
    shown?;
    written
}

fn write(
    both: &Both,
    tally: &Tally,
    related: &Related,
    log: &Hub,
    sink: Sink<'_>,
    console: Console,
) -> Result<(), Failure> {
    let clocks = &related.clocks;
    let mut merged = Merged::open(both, clocks, Some(tally.numbers), Kept::of, console)?;
    let mut matcher = Matcher::new(related.setting(), LIMITS);
    matcher.expect(tally);
    let Some(first) = merged.next() else {
        return Ok(());
    };
    let client = tally.client.or(clocks.clients).unwrap_or(Point::First);
    let start = start(&first, tally, related, client);
    let (mut recorder, event) = Recorder::new(start, first.at_ns, client, tally.is_flipped);
    sink(event);
    for note in related.notes() {
        sink(recorder.note(note));
    }
    let mut next = Some(first);
    while ladder::has_room(log)
        && let Some(sight) = next
    {
        matcher.take(sight);
        while let Some(outcome) = matcher.outcome() {
            recorder.take(outcome);
        }
        let events: Vec<Event> = recorder.settled(matcher.settled_ns());
        events.into_iter().for_each(&mut *sink);
        next = merged.next();
    }
    matcher.finish();
    while let Some(outcome) = matcher.outcome() {
        recorder.take(outcome);
    }
    for event in recorder.finish() {
        if !ladder::has_room(log) {
            break;
        }
        sink(event);
    }
    Ok(())
}

fn start(first: &Sight<Kept>, tally: &Tally, related: &Related, client: Point) -> Start {
    let begun_ns = u64::try_from(first.at_ns).unwrap_or(0);
    let (near, far) = (tally.ends[client], tally.ends[client.other()]);
    let machine = |role: Host| {
        let mut addresses = vec![near[role].ip(), far[role].ip()];
        addresses.dedup();
        Machine {
            name: role.name().to_owned(),
            role: Some(role),
            addresses,
        }
    };
    let clocks = &related.clocks;
    let link: LinkType = first.kept.link;
    Start {
        version: VERSION,
        scenario: None,
        origin: Origin::Inferred,
        system: String::new(),
        utc_ns: begun_ns,
        link,
        hosts: vec![machine(Host::Client), machine(Host::Server)],
        captures: Some(Box::new(TwoCaptures {
            client: related.names[client].clone(),
            server: related.names[client.other()].clone(),
            clock: if client == Point::First {
                Host::Client
            } else {
                Host::Server
            },
            offset_ns: clocks.ahead_ns(begun_ns),
            drift_ppb: match clocks.drift {
                Drift::Found { ppb, .. } => ppb,
                Drift::Below(_) | Drift::Unknown => 0,
            },
            half_trip_ns: clocks.half_trip_ns,
            translated: (near != far).then_some(Translated {
                at_client: (near.client, near.server),
                at_server: (far.client, far.server),
            }),
        })),
    }
}
