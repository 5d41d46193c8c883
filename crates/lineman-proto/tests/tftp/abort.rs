//! Ending a transfer from this side.

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
    let (now, peer) = (now(), ([127, 0, 0, 1], 1000).into());
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
    session.abort(ErrorCode::DISK_FULL, "Disk full");
    assert_eq!(session.poll_event(), Some(Event::Failed(Failure::Aborted)));
    assert_eq!(session.poll_event(), None);
    assert_eq!(session.poll_timeout(), None);
}

#[allow(
    clippy::disallowed_methods,
    reason = "an instant to count from; the time that passes is virtual"
)]
fn now() -> Instant {
    Instant::now()
}
