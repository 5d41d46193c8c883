//! Tests of what bounds the table of transfers.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::admission::Admission;
use super::admission::Pulse;
use super::admission::Ticket;
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
    ticket.note(Pulse {
        confirmed: true,
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
    assert!(oldest.quiet().load(Ordering::Relaxed));
    assert!(newer.handle().said().is_empty());
    assert!(!confirm(&oldest), "too late");
    assert_eq!((admission.evicted(), admission.lingering()), (1, 1));
    drop(oldest);
    assert_eq!(admission.lingering(), 0);
    admission.shed();
    assert_eq!(newer.handle().said(), [Command::Supersede]);
    assert_eq!(admission.unfinished(), 2, "the confirmed and the newest");
}

#[test]
fn one_address_has_no_more_than_its_transfers_and_this_machine_has_no_bound() {
    let admission = Admission::new(99).with_limits(99, 2);
    let first = start(&admission, peer(1, 1));
    let _second = start(&admission, peer(1, 2));
    let third = admission.judge(peer(1, 3), REQUEST);
    assert!(matches!(third, Verdict::BusyClient));
    let _elsewhere = start(&admission, peer(2, 1));
    // Another request takes the place of the first and is no third.
    let Verdict::Start(instead) = admission.judge(peer(1, 1), b"\0\x01other\0octet\0") else {
        panic!("it gave the old one up");
    };
    drop(first);
    let third = admission.judge(peer(1, 3), REQUEST);
    assert!(matches!(third, Verdict::BusyClient));
    drop(instead);
    let _third = start(&admission, peer(1, 3));
    let local: Vec<_> = (1..9)
        .map(|port| start(&admission, ([127, 0, 0, 1], port).into()))
        .collect();
    drop(local);
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
