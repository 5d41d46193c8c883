//! Packets that wait for the user's decision.

use lineman_lab::Options;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Family;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::Transport;
use lineman_lab::wire::Command;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState::*;
use lineman_trace::log::Verdict;

use crate::stage::*;

fn stepping() -> Options {
    Options {
        step: true,
        ..Options::default()
    }
}

fn has(events: &[Event], wanted: Verdict, packet: u64) -> Option<()> {
    packets(events)
        .iter()
        .any(|(_, seen)| (seen.id, seen.verdict) == (packet, wanted))
        .then_some(())
}

/// No packet arrives before the user lets it through; what the kernel retransmits meanwhile is counted.
#[test]
fn a_handshake_step_by_step() {
    let stage = Stage::new(&stepping());
    let fd = stage.listen(v4());
    let accepted = stage.post(Host::Server, Call::Accept { fd });
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Stream);
    let address = v4();
    let connected = stage.post(Host::Client, Call::Connect { fd, address });
    stage.until("two resends", |events| {
        has(events, Verdict::Repeated { times: 2 }, 1)
    });
    assert_eq!(
        sent(&stage.events(), Host::Client).len(),
        1,
        "resends are swallowed"
    );
    assert_eq!(states(&stage.events(), Host::Server), []);
    for packet in 1..=3 {
        stage.until("held packet", |events| has(events, Verdict::Held, packet));
        stage.lab.wire(Command::Deliver(packet)).expect("a lab");
        stage.until("delivery", |events| has(events, Verdict::Delivered, packet));
        if packet == 1 {
            stage.until_state(Host::Server, SynReceived);
        }
    }
    assert_eq!(answer(&connected, "connect"), Outcome::Done);
    assert!(matches!(
        answer(&accepted, "accept"),
        Outcome::Accepted(4, _)
    ));
}

#[test]
fn each_order_is_carried_out() {
    let stage = Stage::new(&stepping());
    let server = stage.socket(Host::Server, Family::Inet, Transport::Datagram);
    let address = v4();
    stage.done(
        Host::Server,
        Call::Bind {
            fd: server,
            address,
        },
    );
    let fd = stage.socket(Host::Client, Family::Inet, Transport::Datagram);
    for text in ["a", "b", "c", "d"] {
        let data = text.into();
        stage.call(Host::Client, Call::Sendto { fd, data, address });
    }
    stage.until("four held", |events| has(events, Verdict::Held, 4));
    let delay = std::time::Duration::from_millis(300);
    let orders = [
        Command::Deliver(99), // never was
        Command::Delay(1, delay),
        Command::Drop(2),
        Command::Duplicate(3),
        Command::Run,
    ];
    for order in orders {
        stage.lab.wire(order).expect("a lab");
    }
    let mut got = String::new();
    for _ in 0..4 {
        let Outcome::Datagram(data, _) = stage.call(
            Host::Server,
            Call::Recvfrom {
                fd: server,
                size: 9,
            },
        ) else {
            panic!("no datagram");
        };
        got.push_str(&String::from_utf8_lossy(&data));
    }
    assert_eq!(got, "ccda", "{:#?}", stage.events());
    let events = stage.events();
    assert_eq!(has(&events, Verdict::Dropped, 2), Some(()));
    assert_eq!(has(&events, Verdict::Duplicated { copy: 5 }, 3), Some(()));
    assert_eq!(has(&events, Verdict::Delivered, 5), Some(()));
}
