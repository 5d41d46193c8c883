//! What there is to say about a conversation, in words.

use lineman_proto::wire::Layer;
use lineman_proto::wire::flow::EndState;
use lineman_proto::wire::flow::Source;
use lineman_trace::capture::Beginning;
use lineman_trace::capture::Conversation;
use lineman_trace::capture::Ending;
use lineman_trace::capture::Fold;
use lineman_trace::capture::Kind;
use lineman_trace::capture::Trouble;
use lineman_trace::capture::Troubles;
use lineman_trace::log::Host;

use super::Style;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::read::Read;
use crate::views::text::size;

/// From how many conversations alike on they are called what a scan looks like.
const SCAN: u64 = 50;

/// A time in seconds, to the millisecond.
pub fn seconds(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000_000_000, ns / 1_000_000 % 1000)
}

/// The name of its protocol.
pub(super) fn protocol(it: &Conversation) -> String {
    match it.kind {
        Kind::Icmp => icmp(it).to_owned(),
        kind => of_kind(kind),
    }
}

/// The name of a protocol.
fn of_kind(kind: Kind) -> String {
    match kind {
        Kind::Ip(number) => format!("IP {number}"),
        named => named.name().to_uppercase(),
    }
}

/// What the ICMP between its ends is called.
fn icmp(it: &Conversation) -> &'static str {
    Layer::icmp(it.ends.server.is_ipv6()).name()
}

/// An end: the address, and the port where there is one.
pub(super) fn end(it: &Conversation, host: Host) -> String {
    let end = it.ends[host];
    match end.port() {
        0 => end.ip().to_string(),
        _ => end.to_string(),
    }
}

/// Who speaks what with whom.
pub fn title(it: &Conversation) -> String {
    let (client, server) = (end(it, Host::Client), end(it, Host::Server));
    format!("{} {client} → {server}", protocol(it))
}

/// How it began and ended, what it moved, and in which states its ends are.
pub fn course(it: &Conversation, style: Style) -> String {
    let lang = style.lang;
    let mut parts = Vec::new();
    match it.beginning {
        Beginning::Midway => parts.push(Read::Midway {}.render(lang)),
        Beginning::Unfinished => parts.push(Read::Unfinished {}.render(lang)),
        Beginning::Syn | Beginning::Request | Beginning::First => {}
    }
    parts.extend(ending(it.kind, it.ending, icmp(it), lang));
    if it.ending == Ending::Open && it.kind != Kind::Tcp && it.packets.server == 0 {
        parts.push(Read::OneSided {}.render(lang));
    }
    if let Some(transfer) = &it.transfer {
        let (file, bytes) = (&transfer.file, &size(transfer.bytes as f64));
        let words = match transfer.upload {
            true => Read::Upload { file, bytes },
            false => Read::Download { file, bytes },
        };
        parts.push(words.render(lang));
    }
    if it.states.client.is_some() || it.states.server.is_some() {
        let (client, server) = (&state(it.states.client), &state(it.states.server));
        parts.push(Read::States { client, server }.render(lang));
    }
    if it.displaced {
        parts.push(Read::Displaced {}.render(lang));
    }
    joined(&parts, lang)
}

/// What went wrong, and what else is unusual; empty if nothing is.
pub(super) fn trouble(it: &Conversation, lang: Lang) -> String {
    let mut parts = troubles(&it.troubles, icmp(it), lang);
    if it.fragments > 0 {
        let count = &it.fragments;
        parts.push(Read::Fragments { count }.render(lang));
    }
    joined(&parts, lang)
}

fn troubles(all: &Troubles, icmp: &str, lang: Lang) -> Vec<String> {
    let words = |(trouble, count): (Trouble, u32)| {
        let count = &count;
        let words = match trouble {
            Trouble::Retransmission => Read::Retransmissions { count },
            Trouble::TimeOut => Read::TimeOuts { count },
            Trouble::Duplicate => Read::Duplicates { count },
            Trouble::OutOfOrder => Read::OutOfOrder { count },
            Trouble::Gap => Read::Gaps { count },
            Trouble::DuplicateAck => Read::DuplicateAcks { count },
            Trouble::ZeroWindow => Read::ZeroWindows { count },
            Trouble::Reset => Read::Resets { count },
            Trouble::Damaged => Read::Damaged { count },
            Trouble::IcmpError => Read::IcmpErrors { icmp: &icmp, count },
            Trouble::Unanswered => Read::UnansweredQuestions { count },
            Trouble::Unseen => Read::UnseenAcked { count },
            Trouble::Stray => Read::Strays { count },
            Trouble::Malformed => Read::Malformed { count },
        };
        words.render(lang)
    };
    all.met().map(words).collect()
}

/// Conversations that are told together, in one sentence.
pub(super) fn fold(fold: &Fold, style: Style) -> String {
    let lang = style.lang;
    let host = |host: Option<std::net::IpAddr>| match host {
        Some(ip) => ip.to_string(),
        None => Read::SeveralHosts {}.render(lang),
    };
    let server = host(fold.server);
    let server = match fold.ports {
        Some((low, high)) if low == high => format!("{server}:{low}"),
        Some((low, high)) => {
            let (server, ports) = (&server, &format!("{low}–{high}"));
            Read::PortsOf { ports, server }.render(lang)
        }
        None => server,
    };
    let one = fold.client.or(fold.server);
    let icmp = Layer::icmp(one.is_some_and(|it| it.is_ipv6())).name();
    let protocol = match fold.kind {
        Some(Kind::Icmp) => icmp.to_owned(),
        Some(kind) => of_kind(kind),
        None => Read::SeveralProtocols {}.render(lang),
    };
    let (count, client) = (&fold.conversations, &host(fold.client));
    let mut parts = vec![
        Read::Folded {
            count,
            protocol: &protocol,
            client,
            server: &server,
        }
        .render(lang),
    ];
    let packets = &fold.packets;
    parts.push(Read::FoldedPackets { packets }.render(lang));
    let ended = fold.kind.zip(fold.ending);
    parts.extend(ended.and_then(|(kind, it)| ending(kind, it, icmp, lang)));
    parts.extend(troubles(&fold.troubles, icmp, lang));
    if fold.conversations >= SCAN && fold.client.is_some() && fold.kind.is_some() {
        parts.push(Read::LikeAScan {}.render(lang));
    }
    joined(&parts, lang)
}

/// How it ended; nothing of what has no end by its nature.
fn ending(kind: Kind, ending: Ending, icmp: &str, lang: Lang) -> Option<String> {
    let words = match ending {
        Ending::Open if matches!(kind, Kind::Tcp | Kind::Tftp) => Read::Open {},
        Ending::Open => return None,
        Ending::Closed if kind == Kind::Tftp => Read::Complete {},
        Ending::Closed => Read::Closed {},
        Ending::HalfClosed(Host::Client) => Read::HalfClosedClient {},
        Ending::HalfClosed(Host::Server) => Read::HalfClosedServer {},
        Ending::Reset(Host::Client) => Read::ResetClient {},
        Ending::Reset(Host::Server) => Read::ResetServer {},
        Ending::ResetBetween => Read::ResetBetween {},
        Ending::Failed(Host::Client, code) => {
            return Some(Read::FailedClient { code: &code }.render(lang));
        }
        Ending::Failed(Host::Server, code) => {
            return Some(Read::FailedServer { code: &code }.render(lang));
        }
        Ending::Refused => Read::Refused {},
        Ending::Unreachable => Read::Unreachable { icmp: &icmp },
        Ending::Unanswered => Read::Unanswered {},
    };
    Some(words.render(lang))
}

fn state(state: Option<EndState>) -> String {
    match state {
        None => "?".to_owned(),
        Some(EndState { state, source }) => match source {
            Source::Contradicted => format!("?{}", state.name()),
            Source::Deduced => format!("~{}", state.name()),
            Source::Kernel => state.name().to_owned(),
        },
    }
}

pub(super) fn joined(parts: &[String], lang: Lang) -> String {
    parts.join(match lang {
        Lang::En => "; ",
        Lang::Zh => "；",
    })
}

/// A text with the signs that the output can show.
pub(super) fn spelled(text: &str, style: Style) -> String {
    match style.ascii {
        true => text.replace('→', "->").replace('–', "-").replace('×', "x"),
        false => text.to_owned(),
    }
}
