//! Filters: any text is understood or refused at a place that it has, and what is understood becomes a program that
//! the kernel takes and that ends, on any packet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_proto::wire::LinkType;
use lineman_proto::wire::filter::Filter;
use lineman_proto::wire::filter::MAX_INSTRUCTIONS;

const LINKS: [LinkType; 8] = [
    LinkType::ETHERNET,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::RAW,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::IPV4,
    LinkType::IPV6,
];

fuzz_target!(|data: &[u8]| {
    // The text, a NUL, and a packet.
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let packet = parts.next().unwrap_or(data);
    let filter = match Filter::parse(&text) {
        Ok(filter) => filter,
        Err(error) => {
            let at = error.at();
            assert!(text.get(at).is_some(), "{error}");
            return;
        }
    };
    for link in LINKS {
        let Ok(program) = filter.compile(link) else {
            continue;
        };
        let instructions = program.instructions();
        assert!(instructions.len() <= MAX_INSTRUCTIONS);
        for (at, it) in instructions.iter().enumerate() {
            if it.code & 7 == 5 {
                let far = match it.code & 0xf0 {
                    0 => it.k as usize,
                    _ => usize::from(it.jt.max(it.jf)),
                };
                assert!(
                    at + 1 + far < instructions.len(),
                    "a jump out of the program"
                );
            }
        }
        program.accepts(packet, packet.len());
    }
    let _ = filter.compile_for_cooked_socket();
});
