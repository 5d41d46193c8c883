//! Any datagram to a proxy for DHCP, from anywhere: it never panics; what it answers is no longer than the question, gives
//! no address, is no question itself, and goes to everybody only if the question came so.
#![no_main]

use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use lineman_proto::dhcp::Arrival;
use lineman_proto::dhcp::Loaders;
use lineman_proto::dhcp::Message;
use lineman_proto::dhcp::Outcome;
use lineman_proto::dhcp::ProxyDhcp;
use lineman_proto::dhcp::Service;
use lineman_proto::dhcp::To;

fuzz_target!(|input: &[u8]| {
    // How it comes, and from where; then the datagram.
    let Some((&[bits, a, b, c, d, high, low], bytes)) = input.split_first_chunk() else {
        return;
    };
    let (from, port) = ([a, b, c, d], u16::from_be_bytes([high, low]));
    let arrival = Arrival {
        from: SocketAddrV4::new(from.into(), port),
        service: if bits & 1 == 0 {
            Service::Dhcp
        } else {
            Service::BootServer
        },
        is_direct: bits & 2 != 0,
        server: [10, 0, 0, 1].into(),
        next_server: [10, 0, 0, 2].into(),
    };
    let now = Instant::now();
    let set = ["7=a.efi", "0=pxelinux.0"].map(|text| text.parse().expect(text));
    let mut proxy = ProxyDhcp::new(now, Loaders::new(set.into()), None);
    let outcome = proxy.handle_packet(now, &arrival, bytes, &|_| bits & 4 != 0);
    let Outcome::Answered(answer) = outcome else {
        return;
    };
    assert!(answer.packet.len() <= bytes.len());
    assert!((1..=127).contains(&answer.file.len()));
    let message = Message::parse(&answer.packet).expect("an answer is a message");
    assert!(!message.is_request());
    assert_eq!(message.given_address(), Ipv4Addr::UNSPECIFIED);
    assert_eq!(message.file(), answer.file.as_bytes());
    assert_eq!(
        answer.to == To::Everybody,
        arrival.service == Service::Dhcp && !arrival.is_direct
    );
    let again = proxy.handle_packet(now, &arrival, &answer.packet, &|_| true);
    assert!(matches!(again, Outcome::Ignored(_)));
});
