//! Any bytes as a capture, sorted into conversations with room for few: each packet is counted once, every
//! number of a conversation was given before it is used, the log of a conversation is one that can be told, and no
//! text has a control character.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversations;
use lineman_trace::capture::Limits;
use lineman_trace::capture::Recorder;
use lineman_trace::files::Reader;
use lineman_trace::files::Record;
use lineman_trace::files::Unpacked;
use lineman_trace::story::Story;

fuzz_target!(|bytes: &[u8]| {
    let Ok(unpacked) = Unpacked::new(bytes) else {
        return;
    };
    let Ok(mut reader) = Reader::new(unpacked) else {
        return;
    };
    let limits = Limits {
        followed: 4,
        kept: 4,
    };
    let mut all = Conversations::new(limits);
    let (mut recorder, mut story) = (Recorder::new(), Story::new());
    let mut record = Record::new(0, 0, Vec::new());
    let mut packets = 0;
    // A few bytes of gzip may be many packets.
    while packets < 1000
        && let Some(Ok(())) = reader.read_into(&mut record)
    {
        let packet = Captured {
            link: reader.interfaces()[record.interface as usize].link,
            utc_ns: record.utc_ns,
            wire_len: record.wire_len,
            checksum_pending: false,
            bytes: &record.bytes,
        };
        let sorted = all.take(&packet);
        packets += 1;
        assert_eq!(sorted.number, packets);
        assert!(
            sorted
                .conversation
                .is_none_or(|it| it <= all.totals().conversations)
        );
        assert_eq!(all.current().map(|it| it.number), sorted.conversation);
        if packets == 1 {
            story.push(&recorder.start("", &packet, all.current()));
        }
        story.push(&recorder.packet(sorted.number, sorted.from, &packet));
    }
    story.finish();
    let summary = all.finish();
    assert_eq!(summary.totals.packets, packets);
    let told = summary.conversations.len() as u64;
    let folded: u64 = summary.folds.iter().map(|fold| fold.conversations).sum();
    assert_eq!(told + folded, summary.totals.conversations);
    for it in &summary.conversations {
        let file = it
            .transfer
            .iter()
            .flat_map(|transfer| transfer.file.chars());
        assert!(!file.into_iter().any(char::is_control));
    }
});
