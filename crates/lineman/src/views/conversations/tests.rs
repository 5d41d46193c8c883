//! The table of a summary that was made by hand.

use lineman_proto::wire::Flags;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Summary;
use lineman_trace::files::LinkType;

use super::Style;
use super::lines;
use crate::lang::Lang;

fn style(width: usize, lang: Lang) -> Style {
    Style {
        width,
        lang,
        ascii: false,
        top: 50,
    }
}

/// So many SYNs to a port each, between addresses as long as they can be.
fn scan(ports: u16) -> Summary {
    let mut all = Conversations::default();
    let end = |last: u8, port: u16| {
        let ip = format!("2001:db8:1111:2222:3333:4444:5555:66{last:02}");
        format!("[{ip}]:{port}").parse().expect("an address")
    };
    for port in 1..=ports {
        let bytes = Envelope::new(end(1, 40_000), end(2, port)).tcp(&Segment {
            flags: Flags::SYN,
            seq: port.into(),
            window: 1024,
            ..Segment::default()
        });
        all.take(&Captured {
            link: LinkType::ETHERNET,
            utc_ns: Some(1_790_000_000_000_000_000 + u64::from(port)),
            wire_len: u32::try_from(bytes.len()).expect("a packet"),
            checksum_pending: false,
            bytes: &bytes,
        });
    }
    all.finish()
}

#[test]
fn no_line_is_wider_than_the_output_however_long_addresses_are() {
    for lang in [Lang::En, Lang::Zh] {
        for ports in [1, 8, 300] {
            for width in [40, 80, 120, 200] {
                for line in lines(&scan(ports), "a.pcap", style(width, lang)) {
                    assert!(crate::views::text::width(&line) <= width, "{width}: {line}");
                }
            }
        }
    }
}

#[test]
fn a_scan_is_one_sentence_and_few_attempts_are_told_one_by_one() {
    let few = lines(&scan(8), "a.pcap", style(120, Lang::En));
    assert_eq!(
        few.iter().filter(|line| line.contains("no answer")).count(),
        8
    );
    let many = lines(&scan(300), "a.pcap", style(200, Lang::En)).join("\n");
    assert!(many.contains("300 more like this: TCP"), "{many}");
    assert!(many.contains("ports 1–300"), "{many}");
    assert!(many.contains("a scan looks like this"), "{many}");
    let chinese = lines(&scan(300), "a.pcap", style(200, Lang::Zh)).join("\n");
    assert!(chinese.contains("还有 300 个同类会话"), "{chinese}");
}

#[test]
fn what_is_left_out_is_said_and_how_to_see_it() {
    let mut all = Conversations::default();
    for port in 1..=60_u16 {
        let ends = [(1, port), (2, 53)].map(|(last, port)| {
            std::net::SocketAddr::from((std::net::Ipv4Addr::new(10, 0, 0, last), port))
        });
        for (from, to) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            let bytes = Envelope::new(from, to).udp(b"x");
            all.take(&Captured {
                link: LinkType::ETHERNET,
                utc_ns: None,
                wire_len: u32::try_from(bytes.len()).expect("a packet"),
                checksum_pending: false,
                bytes: &bytes,
            });
        }
    }
    let summary = all.finish();
    let shown = lines(&summary, "a.pcap", style(120, Lang::En)).join("\n");
    assert!(
        shown.contains("10 more conversations, with less trouble: --top 0"),
        "{shown}"
    );
    assert!(shown.contains("Packets without a time: 120."), "{shown}");
    assert!(shown.contains("lineman read a.pcap -c 1"), "{shown}");
    let style = Style {
        top: 0,
        ..style(120, Lang::En)
    };
    let all = lines(&summary, "a.pcap", style);
    assert_eq!(all.iter().filter(|line| line.contains("UDP")).count(), 60);
}
