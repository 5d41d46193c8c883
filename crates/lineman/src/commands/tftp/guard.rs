//! What the guard of a server turned away: as it happens, and in the end.

use lineman_net::tftp::RefusedCounts;
use lineman_proto::tftp::guard::Ignored;
use lineman_proto::tftp::guard::Prefix;
use serde_json::Value;
use serde_json::json;

use crate::args::parse::Addresses;
use crate::console::Console;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::log::Level;

/// The addresses that `--allow` lets in; `None` is all.
pub fn allowed(typed: &[Addresses]) -> Option<Vec<Prefix>> {
    if typed.is_empty() {
        return Some(Prefix::local());
    }
    // One `any` makes the whole `None`.
    typed
        .iter()
        .map(|addresses| match addresses {
            Addresses::Any => None,
            Addresses::Of(prefix) => Some(*prefix),
        })
        .collect()
}

/// The addresses that cannot be forged, as `--trust` says.
pub fn trusted(typed: &[Addresses]) -> Vec<Prefix> {
    let ranges = |addresses: &Addresses| match addresses {
        Addresses::Any => Prefix::all().to_vec(),
        Addresses::Of(prefix) => vec![*prefix],
    };
    typed.iter().flat_map(ranges).collect()
}

/// Blocks to these addresses wait for the first time.
pub fn slowed(prefix: &Prefix, console: Console) {
    let sentence = Tftp::Slowed { prefix }.render(console.lang);
    let fields = json!({ "prefix": prefix.to_string() });
    console.record(Level::Warning, "slowed", &sentence, fields);
}

/// The first datagram that was ignored for this reason from these addresses.
pub fn ignored(prefix: &Prefix, why: Ignored, console: Console) {
    let (id, message) = match why {
        Ignored::NotAllowed => ("not-allowed", Tftp::IgnoredNotAllowed { prefix }),
        Ignored::Loop => ("loop", Tftp::IgnoredLoop { prefix }),
        Ignored::TooFast => ("too-fast", Tftp::IgnoredTooFast { prefix }),
        Ignored::Amplifies => ("amplifies", Tftp::IgnoredAmplifies { prefix }),
        Ignored::Flood => ("flood", Tftp::IgnoredFlood { prefix }),
        _ => return,
    };
    let fields = json!({ "prefix": prefix.to_string(), "reason": id });
    let sentence = message.render(console.lang);
    console.record(Level::Warning, "ignored", &sentence, fields);
}

/// Says all counts that are not 0, in one sentence.
pub fn summary(counts: &RefusedCounts, console: Console) {
    let RefusedCounts {
        ignored,
        evicted,
        untold,
    } = counts;
    let parts: Vec<String> = [
        (
            ignored.not_allowed,
            Tftp::CountNotAllowed {
                count: &ignored.not_allowed,
            },
        ),
        (
            ignored.loops,
            Tftp::CountLoops {
                count: &ignored.loops,
            },
        ),
        (
            ignored.too_fast,
            Tftp::CountTooFast {
                count: &ignored.too_fast,
            },
        ),
        (
            ignored.amplifies,
            Tftp::CountAmplifies {
                count: &ignored.amplifies,
            },
        ),
        (
            ignored.flood,
            Tftp::CountFlood {
                count: &ignored.flood,
            },
        ),
        (*evicted, Tftp::CountEvicted { count: evicted }),
        (*untold, Tftp::CountUntold { count: untold }),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(_, message)| message.render(console.lang))
    .collect();
    let parts = parts.join(match console.lang {
        Lang::En => ", ",
        Lang::Zh => "，",
    });
    if !parts.is_empty() {
        console.note(&Tftp::Refused { parts: &parts });
    }
}

/// The same for programs.
pub fn counts(counts: &RefusedCounts) -> Value {
    let RefusedCounts {
        ignored,
        evicted,
        untold,
    } = counts;
    json!({
        "not_allowed": ignored.not_allowed,
        "loops": ignored.loops,
        "too_fast": ignored.too_fast,
        "amplifies": ignored.amplifies,
        "flood": ignored.flood,
        "evicted": evicted,
        "untold": untold,
    })
}

/// Lets this process open as many files as the system lets it: each transfer needs two.
pub fn raise_open_files() {
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current = limit.maximum;
    // What it may open now is enough for most; beyond it, requests hear that we are busy.
    let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, limit);
}
