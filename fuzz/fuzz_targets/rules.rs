//! Any text as rules of the wire: it is an error with a place in the text, or rules whose text reads
//! as the same rules; and those rules judge packets without a panic.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use lineman_lab::rules::Judge;
use lineman_lab::rules::Rules;
use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::compose::Envelope;
use lineman_proto::wire::compose::Segment;
use lineman_trace::log::Host;

fuzz_target!(|text: &str| {
    match text.parse::<Rules>() {
        Err(error) => assert_eq!(text.get(error.at()), Some(error.token())),
        Ok(rules) => {
            assert_eq!(rules.to_string().parse().as_ref(), Ok(&rules));
            judge(&rules);
        }
    }
});

fn judge(rules: &Rules) {
    let mut judge = Judge::new(rules);
    let mut now = Duration::ZERO;
    let ends = (([10, 0, 0, 1], 4000).into(), ([10, 0, 0, 2], 9000).into());
    for id in 0..8_u64 {
        let (from, envelope) = match id % 3 {
            0 => (Host::Server, Envelope::new(ends.1, ends.0)),
            _ => (Host::Client, Envelope::new(ends.0, ends.1)),
        };
        let bytes = envelope.tcp(&Segment {
            flags: Flags([0x02, 0x12, 0x10, 0x11][id as usize % 4]),
            payload: &[7; 64][..id as usize * 8],
            ..Segment::default()
        });
        let plan = judge.plan(id, from, &Frame::parse(&bytes), now);
        let lost = plan.deliveries.is_empty();
        assert!(!lost || plan.rule.is_some());
        assert!(plan.released.iter().all(|(released, _)| *released < id));
        now += Duration::from_millis(30);
    }
}
