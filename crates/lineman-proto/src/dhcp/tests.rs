//! Whole packets, as firmware sends them.

use std::net::Ipv4Addr;
use std::net::SocketAddrV4;
use std::time::Duration;
use std::time::Instant;

use super::limits::Limits;
use super::message::at;
use super::message::kind;
use super::*;
use crate::tftp::guard::Prefix;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 9);
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 1);
/// What EDK2 says of itself.
const EDK2: &[u8] = b"PXEClient:Arch:00007:UNDI:003016";

#[expect(clippy::disallowed_methods, reason = "a start for virtual time")]
fn start() -> Instant {
    Instant::now()
}

/// A question as firmware asks it.
#[derive(Clone)]
struct Question {
    kind: u8,
    class: &'static [u8],
    arch: Option<u16>,
    more: Vec<u8>,
    relay: Ipv4Addr,
    card: u16,
    length: usize,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            kind: kind::DISCOVER,
            class: EDK2,
            arch: Some(7),
            more: Vec::new(),
            relay: Ipv4Addr::UNSPECIFIED,
            card: 1,
            length: 348,
        }
    }
}

impl Question {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; at::COOKIE];
        bytes[..4].copy_from_slice(&[1, 1, 6, 0]);
        bytes[at::XID..][..4].copy_from_slice(&[1, 2, 3, 4]);
        bytes[at::FLAGS] = 0x80;
        bytes[at::GIADDR..][..4].copy_from_slice(&self.relay.octets());
        bytes[at::CHADDR..][..4].copy_from_slice(&[0x52, 0x54, 0, 0x12]);
        bytes[at::CHADDR + 4..][..2].copy_from_slice(&self.card.to_be_bytes());
        bytes.extend([
            99,
            130,
            83,
            99,
            53,
            1,
            self.kind,
            60,
            self.class.len() as u8,
        ]);
        bytes.extend(self.class);
        if let Some(arch) = self.arch {
            bytes.extend([93, 2]);
            bytes.extend(arch.to_be_bytes());
        }
        bytes.extend([97, 17, 0]);
        bytes.extend(0..16);
        bytes.extend(&self.more);
        bytes.push(255);
        bytes.resize(bytes.len().max(self.length), 0);
        bytes
    }
}

fn broadcast() -> Arrival {
    Arrival {
        from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT),
        service: Service::Dhcp,
        is_direct: false,
        server: SERVER,
        next_server: SERVER,
    }
}

fn to_boot_server(port: u16) -> Arrival {
    Arrival {
        from: SocketAddrV4::new(MACHINE, port),
        service: Service::BootServer,
        is_direct: true,
        ..broadcast()
    }
}

fn relayed() -> Arrival {
    Arrival {
        from: SocketAddrV4::new(RELAY, SERVER_PORT),
        is_direct: true,
        ..broadcast()
    }
}

fn loaders(set: &[&str]) -> Loaders {
    Loaders::new(set.iter().map(|text| text.parse().expect(text)).collect())
}

fn proxy(set: &[&str]) -> ProxyDhcp {
    ProxyDhcp::new(start(), loaders(set), Some(Prefix::local()))
}

fn ask(proxy: &mut ProxyDhcp, arrival: &Arrival, question: &Question) -> Outcome {
    proxy.handle_packet(start(), arrival, &question.bytes(), &|_| false)
}

#[track_caller]
fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Answered(answer) => answer,
        other => panic!("not answered: {other:?}"),
    }
}

#[track_caller]
fn refusal(outcome: Outcome) -> Refused {
    match outcome {
        Outcome::Refused { why, .. } => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn an_offer_gives_no_address_and_says_where_the_loader_is() {
    let mut proxy = proxy(&["x64-uefi=a.efi"]);
    let answer = answer(ask(&mut proxy, &broadcast(), &Question::default()));
    assert_eq!(answer.to, To::Everybody);
    let message = Message::parse(&answer.packet).expect("a message");
    assert!(!message.is_request());
    assert_eq!(message.given_address(), Ipv4Addr::UNSPECIFIED);
    assert_eq!(message.next_server(), SERVER);
    assert_eq!(message.file(), b"a.efi");
    assert_eq!(&answer.packet[at::XID..][..4], &[1, 2, 3, 4]);
    assert_eq!(answer.packet[at::FLAGS], 0x80);
    assert_eq!(message.hardware_address(), [0x52, 0x54, 0, 0x12, 0, 1]);
    let option = |number| message.option(number);
    assert_eq!(option(option::MESSAGE_TYPE), Some(&[kind::OFFER][..]));
    assert_eq!(option(option::SERVER_ID), Some(&SERVER.octets()[..]));
    assert_eq!(option(option::VENDOR_CLASS), Some(&b"PXEClient"[..]));
    assert_eq!(option(option::MACHINE_ID).map(<[u8]>::len), Some(17));
    assert_eq!(option(option::VENDOR), None, "UEFI would look for a menu");
    assert_eq!(answer.client.hardware.to_string(), "52:54:00:12:00:01");
    let id = answer.client.machine_id.expect("an id").to_string();
    assert_eq!(id, "03020100-0504-0706-0809-0a0b0c0d0e0f");
}

#[test]
fn a_bios_is_told_to_boot_directly() {
    let mut proxy = proxy(&["x86-bios=pxelinux.0"]);
    let question = Question {
        class: b"PXEClient:Arch:00000:UNDI:002001",
        arch: Some(0),
        ..Question::default()
    };
    let answer = answer(ask(&mut proxy, &broadcast(), &question));
    let message = Message::parse(&answer.packet).expect("a message");
    assert_eq!(message.option(option::VENDOR), Some(&[6, 1, 8, 255][..]));
}

#[test]
fn the_boot_server_s_port_acknowledges_to_whom_asked() {
    let mut proxy = proxy(&["7=a.efi"]);
    let question = Question {
        kind: kind::REQUEST,
        ..Question::default()
    };
    for port in [CLIENT_PORT, BOOT_SERVER_PORT] {
        let answer = answer(ask(&mut proxy, &to_boot_server(port), &question));
        assert_eq!(answer.to, To::One(SocketAddrV4::new(MACHINE, port)));
        let message = Message::parse(&answer.packet).expect("a message");
        assert_eq!(message.option(option::MESSAGE_TYPE), Some(&[kind::ACK][..]));
        assert_eq!(message.file(), b"a.efi");
    }
    let other = ask(&mut proxy, &to_boot_server(53), &question);
    assert_eq!(refusal(other), Refused::UnsoundRelay);
    let stranger = Arrival {
        from: SocketAddrV4::new([192, 0, 2, 1].into(), CLIENT_PORT),
        ..to_boot_server(CLIENT_PORT)
    };
    let other = ask(&mut proxy, &stranger, &question);
    assert_eq!(refusal(other), Refused::NotAllowed);
}

#[test]
fn nobody_but_firmware_is_answered() {
    let mut proxy = proxy(&["7=a.efi"]);
    let mut ignored = |arrival: &Arrival, question: Question| {
        let outcome = ask(&mut proxy, arrival, &question);
        assert!(matches!(outcome, Outcome::Ignored(_)), "{outcome:?}");
    };
    let usual = Question::default;
    for class in [&b"MSFT 5.0"[..], b"", b"PXEClients", b"pxeclient"] {
        ignored(&broadcast(), Question { class, ..usual() });
    }
    for kind in [
        0,
        kind::OFFER,
        kind::REQUEST,
        4,
        kind::ACK,
        7,
        kind::INFORM,
        255,
    ] {
        ignored(&broadcast(), Question { kind, ..usual() });
    }
    for kind in [kind::DISCOVER, kind::OFFER, kind::ACK] {
        ignored(&to_boot_server(CLIENT_PORT), Question { kind, ..usual() });
    }
}

/// Its own offers come back to it where the network sends broadcasts back.
#[test]
fn answers_are_never_answered() {
    let mut proxy = proxy(&["7=a.efi"]);
    let answer = answer(ask(&mut proxy, &broadcast(), &Question::default()));
    for arrival in [broadcast(), relayed(), to_boot_server(BOOT_SERVER_PORT)] {
        let outcome = proxy.handle_packet(start(), &arrival, &answer.packet, &|_| true);
        assert!(matches!(outcome, Outcome::Ignored(Ignored::NoQuestion)));
    }
}

/// Whatever the first bytes of a question are cut to or end in, and BOOTP, which has no cookie.
#[test]
fn what_is_no_dhcp_is_ignored() {
    let mut proxy = proxy(&["7=a.efi"]);
    let whole = Question::default().bytes();
    for length in 0..whole.len() {
        let outcome = proxy.handle_packet(start(), &broadcast(), &whole[..length], &|_| false);
        assert!(!matches!(outcome, Outcome::Answered(_)), "{length} bytes");
    }
    let mut bootp = whole.clone();
    bootp[at::COOKIE..].fill(0);
    let mut long_address = whole;
    long_address[at::HLEN] = 17;
    for bytes in [bootp, long_address] {
        let outcome = proxy.handle_packet(start(), &broadcast(), &bytes, &|_| false);
        assert!(matches!(outcome, Outcome::Ignored(Ignored::NoQuestion)));
    }
}

#[test]
fn a_relay_is_answered_if_it_can_be_one() {
    let mut proxy = proxy(&["7=a.efi"]);
    let question = Question {
        relay: RELAY,
        more: vec![82, 4, 1, 2, 0xab, 0xcd],
        ..Question::default()
    };
    let answer = answer(ask(&mut proxy, &relayed(), &question));
    assert_eq!(answer.to, To::One(SocketAddrV4::new(RELAY, SERVER_PORT)));
    let message = Message::parse(&answer.packet).expect("a message");
    assert_eq!(message.relay(), RELAY);
    let last = message.options().last();
    assert_eq!(
        last,
        Some((82, &[1, 2, 0xab, 0xcd][..])),
        "given back, last"
    );

    let mut refused = |arrival: Arrival, relay: [u8; 4]| {
        let relay = relay.into();
        let question = Question {
            relay,
            ..Question::default()
        };
        refusal(ask(&mut proxy, &arrival, &question))
    };
    let from = |ip: [u8; 4], port| Arrival {
        from: SocketAddrV4::new(ip.into(), port),
        ..relayed()
    };
    assert_eq!(refused(relayed(), [192, 0, 2, 1]), Refused::NotAllowed);
    assert_eq!(
        refused(from([192, 0, 2, 1], 67), [10, 7, 0, 1]),
        Refused::NotAllowed
    );
    for relay in [[255; 4], [224, 0, 0, 1], [127, 0, 0, 1]] {
        assert_eq!(refused(relayed(), relay), Refused::UnsoundRelay);
    }
    assert_eq!(
        refused(from([10, 7, 0, 1], 53), [10, 7, 0, 1]),
        Refused::UnsoundRelay
    );
    assert_eq!(
        refused(from([0; 4], 67), [10, 7, 0, 1]),
        Refused::UnsoundRelay
    );
    assert_eq!(refused(broadcast(), [10, 7, 0, 1]), Refused::UnsoundRelay);
    // Without a relay, from afar: it would be told to everybody here.
    assert_eq!(refused(relayed(), [0; 4]), Refused::UnsoundRelay);
}

#[test]
fn a_loader_for_each_architecture() {
    let set = [
        "x64-uefi=x64.efi",
        "6=ia32.efi",
        "x64-http=http://10.0.0.1/x64.efi",
    ];
    let mut proxy = proxy(&set);
    let mut told = |class: &'static [u8], arch, exists: &dyn Fn(&str) -> bool| {
        let question = Question {
            class,
            arch,
            ..Question::default()
        };
        let bytes = question.bytes();
        match proxy.handle_packet(start(), &broadcast(), &bytes, exists) {
            Outcome::Answered(answer) => Ok(answer.file),
            outcome => Err(refusal(outcome)),
        }
    };
    let nothing = |_: &str| false;
    let all = |_: &str| true;
    assert_eq!(told(EDK2, Some(7), &all).as_deref(), Ok("x64.efi"));
    assert_eq!(told(EDK2, Some(6), &all).as_deref(), Ok("ia32.efi"));
    assert_eq!(
        told(EDK2, None, &all).as_deref(),
        Ok("x64.efi"),
        "by option 60"
    );
    assert_eq!(told(EDK2, Some(9), &all).as_deref(), Ok("ipxe.efi"));
    assert_eq!(
        told(EDK2, Some(11), &nothing),
        Err(Refused::NoLoader(Arch(11)))
    );
    assert_eq!(told(EDK2, Some(11), &all).as_deref(), Ok("ipxe-arm64.efi"));
    assert_eq!(
        told(EDK2, Some(4660), &all),
        Err(Refused::NoLoader(Arch(4660)))
    );
    assert_eq!(told(b"PXEClient", None, &all), Err(Refused::NoArchitecture));
    let http = b"HTTPClient:Arch:00016:UNDI:003001";
    assert_eq!(
        told(http, Some(16), &all).as_deref(),
        Ok("http://10.0.0.1/x64.efi")
    );
    assert_eq!(told(http, Some(19), &all), Err(Refused::NoLoader(Arch(19))));
    // Who loads by HTTP is never told a name for TFTP, and the other way round.
    assert_eq!(told(http, Some(7), &all), Err(Refused::NoLoader(Arch(7))));
    assert_eq!(told(EDK2, Some(16), &all), Err(Refused::NoLoader(Arch(16))));
}

#[test]
fn who_lists_several_architectures_gets_the_first_that_there_is() {
    let mut proxy = proxy(&["11=a64.efi", "7=x64.efi"]);
    let question = Question {
        arch: None,
        more: vec![93, 6, 0, 6, 0, 7, 0, 11],
        ..Question::default()
    };
    assert_eq!(
        answer(ask(&mut proxy, &broadcast(), &question)).file,
        "x64.efi"
    );
}

/// Told its loader again, iPXE would load itself for ever.
#[test]
fn ipxe_is_told_a_script_and_never_a_loader() {
    let ipxe = Question {
        more: b"\x4d\x04iPXE".to_vec(),
        ..Question::default()
    };
    let mut with = proxy(&["7=ipxe.efi", "ipxe=http://10.0.0.1/boot.ipxe"]);
    let told = answer(ask(&mut with, &broadcast(), &ipxe));
    assert_eq!(told.file, "http://10.0.0.1/boot.ipxe");
    let mut without = proxy(&["7=ipxe.efi"]);
    assert_eq!(
        refusal(ask(&mut without, &broadcast(), &ipxe)),
        Refused::NoScript
    );
}

#[test]
fn a_machine_that_asks_without_end_is_answered_less() {
    let mut proxy = proxy(&["7=a.efi"]);
    let mut count = |seconds: u64, card| {
        let question = Question {
            card,
            ..Question::default()
        };
        let now = start() + Duration::from_secs(seconds);
        let outcomes =
            (0..100).map(|_| proxy.handle_packet(now, &broadcast(), &question.bytes(), &|_| false));
        outcomes
            .filter(|it| matches!(it, Outcome::Answered(_)))
            .count()
    };
    assert_eq!(count(0, 1), 16);
    assert_eq!(count(0, 2), 16, "another machine is not held to it");
    let later = count(10, 1);
    assert!((9..=11).contains(&later), "{later} ten seconds later");
}

#[test]
fn invented_machines_take_no_memory_without_end() {
    let (mut limits, now) = (Limits::new(start()), start());
    for card in 0..10_000 {
        let question = Question {
            card,
            ..Question::default()
        };
        let bytes = question.bytes();
        let message = Message::parse(&bytes).expect("a message");
        let client = Client::of(&message).expect("firmware");
        limits.take_answer(now, client.hardware);
        limits.take_line(now, client.hardware, "a.efi".to_owned());
    }
    assert_eq!(limits.remembered(), 4096);
}

#[test]
fn no_answer_is_longer_than_its_question() {
    let mut proxy = proxy(&["7=a.efi"]);
    let short = Question {
        class: b"PXEClient",
        length: 0,
        ..Question::default()
    };
    assert!(short.bytes().len() < 300);
    assert_eq!(
        refusal(ask(&mut proxy, &broadcast(), &short)),
        Refused::Amplifies
    );
    let just_enough = Question {
        length: 300,
        ..short
    };
    assert_eq!(
        answer(ask(&mut proxy, &broadcast(), &just_enough))
            .packet
            .len(),
        300
    );
}

#[test]
fn options_may_lie_in_the_fields_for_names() {
    let mut bytes = Question::default().bytes();
    bytes[at::SNAME..][..4].copy_from_slice(&[77, 2, b'h', b'i']);
    bytes[at::FILE..][..3].copy_from_slice(&[93, 1, 7]);
    let message = Message::parse(&bytes).expect("a message");
    assert_eq!(message.option(option::USER_CLASS), None, "it is a name");
    let overload = [52, 1, 3];
    bytes[at::OPTIONS + 3..][..3].copy_from_slice(&overload);
    bytes[at::OPTIONS + 6] = 255;
    let message = Message::parse(&bytes).expect("a message");
    assert_eq!(message.option(option::USER_CLASS), Some(&b"hi"[..]));
    assert_eq!(message.option(option::ARCHITECTURE), Some(&[7][..]));
}

#[test]
fn the_log_says_the_same_of_a_machine_once_in_a_boot() {
    let mut proxy = proxy(&["7=a.efi"]);
    let mut news = |seconds| {
        let now = start() + Duration::from_secs(seconds);
        let bytes = Question::default().bytes();
        answer(proxy.handle_packet(now, &broadcast(), &bytes, &|_| false)).is_news
    };
    assert!(news(0) && !news(4) && !news(12) && news(60));
}
