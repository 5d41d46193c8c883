//! Any frames, one after the other: taking them apart never panics, every place is inside the frame,
//! what is shown has no control characters, repaired checksums are right, and whatever they are to
//! each other can be said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_proto::wire::Checksum;
use lineman_proto::wire::Conversations;
use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::checksum;
use lineman_proto::wire::flow::Arrivals;
use lineman_proto::wire::flow::Segment;
use lineman_proto::wire::flow::TcpFlows;
use lineman_proto::wire::flow::TftpFlows;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let mut talks = Conversations::new();
    let (mut tcp, mut tftp) = (TcpFlows::new(), TftpFlows::new());
    let mut id = 0;
    while let Some((&[high, low], tail)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_be_bytes([high, low])).min(tail.len());
        let (frame, tail) = tail.split_at(len);
        rest = tail;
        id += 1;
        look(Frame::parse(frame));
        for link in LINKS {
            // The length that a capture states may be any.
            look(Frame::captured(link, frame, usize::from(high) << 8));
        }
        look(Frame::parse(frame).as_tftp());
        let repaired = repair(frame);
        let frame = talks.follow(Frame::parse(&repaired));
        follow_tcp(&mut tcp, id, &frame);
        let arrived = |it: u64| {
            let times = u32::try_from(it % 3).unwrap_or_default();
            let last_ns = it * 1_000_000;
            (times > 0).then_some(Arrivals { times, last_ns })
        };
        tftp.sent(id, id * 1_000_000, &frame, Some(&arrived));
    }
});

const LINKS: [LinkType; 8] = [
    LinkType::NULL,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL2,
    LinkType(147),
];

fn look(frame: Frame<'_>) {
    let len = frame.bytes().len();
    let line = frame.to_string();
    assert!(is_plain(&line), "{line:?}");
    for field in frame.fields() {
        let inside = field.range.start <= field.range.end && field.range.end <= len;
        assert!(inside && is_plain(&field.value), "{field:?}");
    }
    let mut end = 0;
    for (layer, range) in frame.layers() {
        assert!(end <= range.start && range.end <= len, "{layer} {range:?}");
        end = range.end;
    }
    frame.kinds().iter().for_each(drop);
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\t')
}

fn repair(frame: &[u8]) -> Vec<u8> {
    let mut bytes = frame.to_vec();
    checksum::fill(&mut bytes);
    let frame = Frame::parse(&bytes);
    let whole = frame.fragment().is_none() && !frame.is_truncated();
    for (layer, checksum) in frame.checksums() {
        let beyond_repair = matches!(checksum, Checksum::Unknown | Checksum::None);
        let fine = checksum == Checksum::Right || beyond_repair && !whole;
        assert!(fine, "{layer}: {checksum:?}");
    }
    bytes
}

fn follow_tcp(flows: &mut TcpFlows, id: u64, frame: &Frame<'_>) {
    let Some(segment) = Segment::of(frame) else {
        return;
    };
    let sent = flows.sent(id, id * 1_000_000, &segment);
    // A socket connected with itself has one end: which way its segments go cannot be told.
    assert_eq!(sent.is_some(), segment.from != segment.to);
    // Every fourth is lost.
    if id % 4 != 0 {
        flows.delivered(id * 1_000_000, &segment);
    }
}
