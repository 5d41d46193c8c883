//! Any datagram: parsing never panics, what is shown has no control characters, and what was
//! parsed is the same after another round.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::Packet;

fuzz_target!(|bytes: &[u8]| {
    let Ok(packet) = Packet::parse(bytes) else {
        return;
    };
    let shown = packet.to_string();
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\t'),
        "{shown:?}"
    );
    let encoded = packet.encode();
    let again = Packet::parse(&encoded).expect("an encoded packet");
    match (packet, again) {
        (Packet::Request(first), Packet::Request(second)) => {
            assert_eq!(first.direction, second.direction);
            assert_eq!((first.filename, first.mode), (second.filename, second.mode));
            assert_eq!(pairs(first.options), pairs(second.options));
        }
        (Packet::Oack(first), Packet::Oack(second)) => assert_eq!(pairs(first), pairs(second)),
        (first, second) => assert_eq!(first, second),
    }
    assert_eq!(again.encode(), encoded);
});

fn pairs(options: Options<'_>) -> Vec<(&[u8], &[u8])> {
    options.iter().collect()
}
