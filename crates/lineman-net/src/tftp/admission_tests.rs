//! Tests of what bounds the table of transfers.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::admission::Admission;
use super::admission::Ticket;
use super::admission::TransferState;
use super::admission::Verdict;
use super::transfer::Command;

const REQUEST: &[u8] = b"\0\x01file\0octet\0";

fn peer(host: u8, port: u16) -> SocketAddr {
    ([10, 0, 0, host], port).into()
}

#[track_caller]
fn start(admission: &Admission, peer: SocketAddr) -> Ticket {
    match admission.judge(peer, REQUEST) {
        Verdict::Start(mut ticket) => {
            ticket.starts();
            ticket
        }
        other => panic!("{other:?}"),
    }
}

fn confirm(ticket: &Ticket) -> bool {
    ticket.note(TransferState {
        confirmed: true,
        proved: true,
        storing: false,
        ending: false,
        dallying: false,
        at: Instant::now(),
    })
}

#[test]
fn the_oldest_unconfirmed_transfer_ends_in_silence_for_a_new_one() {
    let admission = Admission::new(99).with_limits(2, 99);
    let confirmed = start(&admission, peer(1, 1));
    assert!(confirm(&confirmed));
    assert!(!confirm(&confirmed), "proved once");
    let oldest = start(&admission, peer(1, 2));
    let newer = start(&admission, peer(1, 3));
    let _newest = start(&admission, peer(1, 4));
    assert_eq!(oldest.handle().said(), [Command::Supersede]);
    assert!(oldest.fate().quiet.load(Ordering::Relaxed));
    assert!(newer.handle().said().is_empty());
    assert!(!confirm(&oldest), "too late");
    assert_eq!((admission.evicted(), admission.lingering()), (1, 1));
    drop(oldest);
    assert_eq!(admission.lingering(), 0);
    admission.shed();
    assert_eq!(newer.handle().said(), [Command::Supersede]);
    assert_eq!(admission.unfinished(), 2, "the confirmed and the newest");
}

fn state(ticket: &Ticket, silent: Duration, storing: bool) {
    ticket.note(TransferState {
        confirmed: true,
        proved: true,
        storing,
        ending: false,
        dallying: false,
        at: Instant::now().checked_sub(silent).expect("up for longer"),
    });
}

#[test]
fn one_address_has_no_more_than_its_transfers_and_this_machine_has_no_bound() {
    let admission = Admission::new(99).with_limits(99, 2);
    let first = start(&admission, peer(1, 1));
    let second = start(&admission, peer(1, 2));
    assert!(confirm(&first) && confirm(&second));
    let third = admission.judge(peer(1, 3), REQUEST);
    assert!(matches!(third, Verdict::BusyClient));
    let _elsewhere = start(&admission, peer(2, 1));
    drop(first);
    let third = start(&admission, peer(1, 3));
    let fourth = admission.judge(peer(1, 4), REQUEST);
    assert!(
        matches!(fourth, Verdict::Repeated),
        "nothing yet: it may still answer"
    );
    // What nobody has answered for a while leaves for the next.
    third.note(TransferState {
        confirmed: false,
        proved: false,
        storing: false,
        ending: false,
        dallying: false,
        at: Instant::now() - Duration::from_millis(300),
    });
    let _fourth = start(&admission, peer(1, 4));
    assert_eq!(third.handle().said(), [Command::Supersede]);
    assert!(third.fate().quiet.load(Ordering::Relaxed));
    let local: Vec<_> = (1..9)
        .map(|port| start(&admission, ([127, 0, 0, 1], port).into()))
        .collect();
    drop(local);
}

#[test]
fn a_running_transfer_is_not_ended_by_any_request_until_its_client_is_silent() {
    const OTHER: &[u8] = b"\0\x01other\0octet\0";
    let admission = Admission::new(99);
    let ticket = start(&admission, peer(1, 1));
    for request in [REQUEST, OTHER] {
        state(&ticket, Duration::ZERO, false);
        let verdict = admission.judge(peer(1, 1), request);
        assert!(matches!(verdict, Verdict::Repeated));
        state(&ticket, Duration::from_secs(9), true);
        let verdict = admission.judge(peer(1, 1), request);
        assert!(matches!(verdict, Verdict::Repeated), "it waits for us");
    }
    assert!(ticket.handle().said().is_empty());
    state(&ticket, Duration::from_millis(300), false);
    let again = start(&admission, peer(1, 1));
    assert!(ticket.handle().said().is_empty(), "it may have paused");
    state(&again, Duration::ZERO, false);
    assert_eq!(ticket.handle().said(), [Command::Supersede]);
}

#[test]
fn places_that_silence_holds_are_given_away_and_others_are_not() {
    let admission = Admission::new(3).with_limits(3, 3);
    let running: Vec<_> = (1..=3).map(|n| start(&admission, peer(n, 1))).collect();
    let storing = Duration::from_secs(60);
    state(&running[0], Duration::from_secs(1), false);
    state(&running[1], Duration::from_secs(8), false);
    state(&running[2], storing, true);
    let _fourth = start(&admission, peer(4, 1));
    assert_eq!(running[1].handle().said(), [Command::Supersede]);
    assert!(running[1].fate().displaced.load(Ordering::Relaxed));
    assert!(running[0].handle().said().is_empty());
    assert!(running[2].handle().said().is_empty());
}

#[test]
fn one_host_of_ipv6_does_not_take_every_place() {
    let admission = Admission::new(40).with_limits(40, 40);
    let of = |network: u16, host: u16| -> SocketAddr {
        (
            std::net::Ipv6Addr::new(0xfd00, 0, 0, network, 0, 0, 0, host),
            9,
        )
            .into()
    };
    let mut tickets = Vec::new();
    let mut take = |peer: SocketAddr| match admission.judge(peer, REQUEST) {
        Verdict::Start(ticket) => {
            confirm(&ticket);
            tickets.push(ticket);
            Ok(())
        }
        Verdict::BusyNetwork { limit } => Err(limit),
        other => panic!("{other:?}"),
    };
    let taken = (0..99).take_while(|host| take(of(1, *host)).is_ok());
    assert_eq!(taken.count(), 20);
    assert_eq!(take(of(1, 100)), Err(20), "half of all for a /64");
    let taken = (0..99).take_while(|network| take(of(2 + network, 1)).is_ok());
    assert_eq!(taken.count(), 10);
    assert_eq!(take(of(200, 1)), Err(30), "three quarters for a /56");
    let elsewhere = (1..=10).all(|host| take(peer(host, 1)).is_ok());
    assert!(elsewhere, "others have the rest");
}

#[test]
fn only_an_unconfirmed_transfer_would_repeat_its_answer() {
    let admission = Admission::new(9);
    let ticket = start(&admission, peer(1, 1));
    ticket.will_answer(516);
    assert_eq!(admission.would_repeat(peer(1, 1), REQUEST), Some(516));
    assert_eq!(
        admission.would_repeat(peer(1, 1), b"\0\x01other\0octet\0"),
        None
    );
    assert_eq!(admission.would_repeat(peer(1, 2), REQUEST), None);
    confirm(&ticket);
    assert_eq!(admission.would_repeat(peer(1, 1), REQUEST), None);
}
