//! Ending a transfer from this side.

use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::ErrorCode;
use lineman_proto::tftp::Event;
use lineman_proto::tftp::Failure;
use lineman_proto::tftp::Offer;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::Session;
use lineman_proto::tftp::Timing;

/// The last block does not fit on the disk: its bytes are refused while `Store` waits already. The
/// file must not be made permanent without them.
#[test]
fn a_last_block_that_was_refused_is_not_followed_by_store() {
    let mut session = all_but_stored(now());
    session.abort(ErrorCode::DISK_FULL, "Disk full");
    assert_eq!(session.poll_event(), Some(Event::Failed(Failure::Aborted)));
    assert_eq!(session.poll_event(), None);
    assert_eq!(session.poll_timeout(), None);
}

/// A server that is stopped while an upload that is complete dallies: no ERROR, no second ending.
#[test]
fn what_is_complete_does_not_fail_any_more() {
    let now = now();
    let mut session = all_but_stored(now);
    assert_eq!(session.poll_event(), Some(Event::Store));
    session.handle_stored(now);
    while session.poll_transmit().is_some() {}
    let finished = Event::Finished { confirmed: true };
    assert_eq!(session.poll_event(), Some(finished));
    session.abort(ErrorCode::NOT_DEFINED, "Stopped");
    assert_eq!(session.poll_transmit(), None);
    assert_eq!(session.poll_event(), None);
    assert_eq!(session.poll_timeout(), None);
}

/// An upload of one block, whose bytes the driver has just been given.
fn all_but_stored(now: Instant) -> Session {
    let peer = peer();
    let timing = Timing {
        patience: Duration::from_secs(20),
        dally: Duration::from_secs(1),
        unconfirmed_resends: None,
    };
    let offer = Offer {
        agreed: Agreed::default(),
        oack: None,
    };
    let mut session = Session::serve_write(now, peer, offer, Rollover::ToZero, timing);
    while session.poll_transmit().is_some() {}
    session.handle_packet(now, peer, b"\0\x03\0\x01last");
    assert_eq!(session.poll_event(), Some(Event::Deliver(4..8)));
    session
}

fn peer() -> SocketAddr {
    ([127, 0, 0, 1], 1000).into()
}

#[allow(
    clippy::disallowed_methods,
    reason = "an instant to count from; the time that passes is virtual"
)]
fn now() -> Instant {
    Instant::now()
}
