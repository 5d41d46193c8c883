//! Whatever bytes a stranger sends: what is shown of them has no control character but the tab.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lineman_proto::text;

fuzz_target!(|bytes: &[u8]| {
    let shown = text::visible_bytes(bytes);
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\t'),
        "a control character in {shown:?}"
    );
    assert_eq!(text::visible(&shown), shown, "safe text is left as it is");
});
