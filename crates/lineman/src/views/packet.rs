//! A packet in a few words: those of its protocol are the same in every language.

use lineman_proto::text::quoted;
use lineman_proto::wire::Flags;
use lineman_proto::wire::Problem;
use lineman_proto::wire::flow::Label;
use lineman_proto::wire::flow::Segment;
use lineman_trace::story::Arrow;
use lineman_trace::story::Datagram;
use lineman_trace::story::IcmpError;
use lineman_trace::story::Piece;
use lineman_trace::story::Tftp;
use lineman_trace::story::What;

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bracketed;
use crate::lang::views::Views;
use crate::views::text::clean;

/// What stands at the arrow, the longest form first; numbers of TCP are counted from the connection's beginning.
pub fn labels(arrow: &Arrow, lang: Lang) -> Vec<String> {
    numbered_labels(arrow, lang, false)
}

/// The same; with `absolute` the numbers of TCP are those of its header.
pub fn numbered_labels(arrow: &Arrow, lang: Lang, absolute: bool) -> Vec<String> {
    let counted = arrow.counted().filter(|_| !absolute);
    let mut all = match (&arrow.seen.what, counted) {
        (What::Tcp(segment), Some(place)) => segment_labels(segment, place.seq, place.ack),
        // Counted from the beginning of this connection, the number of another says nothing.
        (What::Tcp(segment), None) if arrow.place.is_some() => {
            let ack = segment.has(Flags::ACK).then(|| segment.ack.into());
            segment_labels(segment, segment.seq.into(), ack)
        }
        (What::Udp(datagram), _) => datagram_labels(arrow, datagram, lang),
        (What::Piece(piece), _) => piece_labels(piece, lang),
        (What::IcmpError(error), _) => error_labels(error, lang),
        _ => vec![arrow.seen.line.clone(), without_addresses(&arrow.seen.line)],
    };
    // By its flags and its byte it is like any other segment.
    if matches!(arrow.label, Some(Label::Probe { .. })) {
        let word = bracketed(&Views::WindowProbe {}.render(lang), lang);
        all.iter_mut().for_each(|label| label.push_str(&word));
    }
    let lead = arrow.connection.map(|it| format!("{it} "));
    // Beside a name there may be no room for a number.
    if let (Some(_), What::Tcp(segment)) = (&lead, &arrow.seen.what) {
        all.push(segment.flags.to_string());
    }
    let lead = lead.unwrap_or_default();
    all.iter()
        .map(|label| clean(&format!("{lead}{label}")))
        .collect()
}

/// The word for a packet that waits on the wire: a rule delays it, or it is held until something lets it through.
pub fn waits(arrow: &Arrow) -> Views<'static> {
    match arrow.is_delayed() {
        true => Views::Delayed {},
        false => Views::Held {},
    }
}

/// The longest form.
pub fn label(arrow: &Arrow, lang: Lang) -> String {
    labels(arrow, lang).into_iter().next().unwrap_or_default()
}

fn segment_labels(segment: &Segment, seq: i64, ack: Option<i64>) -> Vec<String> {
    let flags = segment.flags;
    let seq = format!(" seq={seq}");
    let ack = ack.map_or_else(String::new, |ack| format!(" ack={ack}"));
    let len = match segment.len {
        0 => String::new(),
        len => format!(" len={len}"),
    };
    let window = match segment.window == 0 && !flags.has(Flags::RST) {
        true => " win=0",
        false => "",
    };
    if segment.takes() == 0 {
        return vec![format!("{flags}{ack}{window}"), flags.to_string()];
    }
    vec![
        format!("{flags}{seq}{ack}{len}{window}"),
        format!("{flags}{seq}{len}"),
        format!("{flags}{seq}"),
    ]
}

fn datagram_labels(arrow: &Arrow, datagram: &Datagram, lang: Lang) -> Vec<String> {
    let Some(packet) = &datagram.tftp else {
        if datagram.in_pieces {
            let len = &datagram.len;
            return vec![
                Views::FirstFragment { len }.render(lang),
                Views::FragmentShort { offset: &0 }.render(lang),
            ];
        }
        let text = quoted(&datagram.preview);
        let short = format!("UDP len={}", datagram.len);
        return vec![format!("{short} {text}"), short];
    };
    match packet {
        Tftp::Request(ask) => {
            let verb = if ask.write { "WRQ" } else { "RRQ" };
            let short = format!("{verb} \"{}\"", ask.file);
            let long = format!("{short} {}", ask.mode);
            vec![format!("{long}{}", options(&ask.options)), long, short]
        }
        Tftp::Oack(given) => vec![format!("OACK{}", options(given)), "OACK".to_owned()],
        Tftp::Data { block, len } => {
            let last = arrow.file.is_some_and(|step| step.last);
            let mark = match last {
                true => Views::LastBlock {}.render(lang),
                false => String::new(),
            };
            vec![
                format!("DATA {block} len={len}{mark}"),
                format!("DATA {block}{mark}"),
            ]
        }
        Tftp::Ack { block } => vec![format!("ACK {block}")],
        Tftp::Error { code, message } => {
            vec![format!("ERROR {code} {message}"), format!("ERROR {code}")]
        }
    }
}

/// Bytes `first` to `last` of what IP carries.
fn piece_labels(piece: &Piece, lang: Lang) -> Vec<String> {
    let mark = match piece.more {
        true => String::new(),
        false => Views::LastFragment {}.render(lang),
    };
    let (offset, len) = (&piece.offset, &piece.len);
    vec![
        Views::Fragment { offset, len }.render(lang) + &mark,
        Views::FragmentShort { offset }.render(lang),
    ]
}

fn error_labels(error: &IcmpError, lang: Lang) -> Vec<String> {
    let port = error.closed_port().map(|target| target.port());
    let icmp = &error.protocol();
    let long = match (error.problem, &port) {
        (Problem::Port, Some(port)) => Views::PortUnreachable { icmp, port },
        (Problem::Port | Problem::Delivery, _) => Views::Unreachable { icmp },
        (Problem::Network, _) => Views::NetworkUnreachable { icmp },
        (Problem::Host, _) => Views::HostUnreachable { icmp },
        (Problem::Protocol, _) => Views::ProtocolUnreachable { icmp },
        (Problem::Prohibited, _) => Views::Prohibited { icmp },
        (Problem::TooBig, _) => Views::TooBig { icmp },
        (Problem::Quench, _) => Views::SourceQuench { icmp },
        (Problem::Redirect, _) => Views::Redirect { icmp },
        (Problem::TimeToLive, _) => Views::TimeToLive { icmp },
        (Problem::Reassembly, _) => Views::Reassembly { icmp },
        (Problem::Parameter, _) => Views::Parameter { icmp },
    };
    let short = match error.problem {
        Problem::Port
        | Problem::Delivery
        | Problem::Network
        | Problem::Host
        | Problem::Protocol
        | Problem::Prohibited => Views::Unreachable { icmp },
        _ => Views::IcmpError { icmp },
    };
    [long, short].map(|words| words.render(lang)).into()
}

/// A line about a frame begins with `from > to`.
fn without_addresses(line: &str) -> String {
    let rest = line.split_once(" > ").map(|(_, rest)| rest);
    let rest = rest.and_then(|rest| rest.split_once(' '));
    rest.map_or(line, |(_, rest)| rest).to_owned()
}

fn options(options: &[(String, String)]) -> String {
    options
        .iter()
        .map(|(name, value)| format!(" {name}={value}"))
        .collect()
}
