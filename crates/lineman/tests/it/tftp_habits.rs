//! What clients do that the RFCs leave open.

use std::time::Duration;

use crate::tftp_kit::Served;
use crate::tftp_kit::assert_same;
use crate::tftp_kit::content;
use crate::tftp_raw::Raw;
use crate::tftp_raw::ack;
use crate::tftp_raw::data;
use crate::tftp_raw::rrq;

/// Acknowledges what comes, like iPXE, and counts how often a second block was there already.
#[test]
fn blocks_are_sent_ahead_where_that_was_asked_for() {
    for (args, ahead) in [(&["--pipeline", "auto"][..], true), (&[], false)] {
        let server = Served::new(args);
        let file = content(100 * 512);
        server.write("file", &file);
        let client = Raw::new();
        let (mut packet, tid) = client.ask(server.address(), &rrq(b"file", &[]));
        for number in 1..20 {
            assert_eq!(packet[..4], data(number, b""));
            client.send(tid, &ack(number));
            packet = client.receive().0;
        }
        let second = client.within(Duration::from_millis(10));
        let early = second
            .as_ref()
            .is_some_and(|packet| packet[..4] == data(21, b""));
        assert_eq!(early, ahead, "{args:?}");
        assert_same(&packet[4..], &file[19 * 512..20 * 512], "block 20");
    }
}
