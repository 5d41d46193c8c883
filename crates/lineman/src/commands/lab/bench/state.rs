//! The sockets of both hosts, as the kernel has them now.

use lineman_lab::Figures;
use lineman_lab::hosts::SocketView;
use lineman_lab::hosts::Transport;
use lineman_trace::log::Host;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpState;
use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::views::cells::queued;
use crate::views::text::wrap;

/// For people, in so many columns; `origin` says whose TCP it is.
pub fn text(
    host: Host,
    sockets: &[SocketView],
    origin: Origin,
    columns: usize,
    lang: Lang,
) -> Vec<String> {
    let name = match host {
        Host::Client => Words::Client {},
        Host::Server => Words::Server {},
    };
    let mut lines = vec![name.render(lang)];
    if sockets.is_empty() {
        lines.push(Words::NoSockets {}.render(lang));
    }
    for socket in sockets {
        lines.extend(indented(&line(socket, origin, lang), "  ", columns));
        let figures = socket.figures.map(|it| worded(&it, lang));
        lines.extend(figures.iter().flat_map(|it| indented(it, MORE, columns)));
    }
    lines
}

/// A text behind `indent`; what does not fit into a line stands below, further in.
fn indented(text: &str, indent: &str, columns: usize) -> Vec<String> {
    let lines = wrap(text, columns.saturating_sub(MORE.len()));
    let lines = lines.into_iter().enumerate();
    lines
        .map(|(nth, line)| match nth {
            0 => format!("{indent}{line}"),
            _ => format!("{MORE}{line}"),
        })
        .collect()
}

/// Stands before what belongs to the line above.
const MORE: &str = "        ";

/// For programs.
///
/// # Errors
/// When stdout is closed.
pub fn event(host: Host, sockets: &[SocketView], console: Console) -> Result<(), Failure> {
    console.tell("sockets", json!({ "host": host, "sockets": sockets }))
}

fn line(socket: &SocketView, origin: Origin, lang: Lang) -> String {
    let fd = match socket.fd {
        Some(fd) => format!("fd {fd}"),
        None => "-   ".to_owned(),
    };
    let kind = match socket.transport {
        Transport::Stream => "tcp",
        Transport::Datagram => "udp",
    };
    let ends = match socket.socket.remote {
        Some(remote) => format!("{} → {remote}", socket.socket.local),
        None => socket.socket.local.to_string(),
    };
    let state = match (socket.state, socket.transport) {
        (Some(state), _) => state.name().to_owned(),
        (None, Transport::Stream) => Words::Idle {}.render(lang),
        (None, Transport::Datagram) => String::new(),
    };
    let queues = socket.queues.map(|queues| match socket.state {
        Some(TcpState::Listen) => {
            let (waiting, backlog) = (&queues.unread, &queues.unsent);
            Words::Backlog { waiting, backlog }.render(lang)
        }
        state => {
            let it = queues.queued(state.unwrap_or(TcpState::Closed), origin);
            let unread = &queued(it.unread, it.unread_flag);
            let unsent = &queued(it.unsent, it.unsent_flag);
            Words::Queues { unread, unsent }.render(lang)
        }
    });
    let parts = [fd, kind.to_owned(), ends, state];
    let mut parts: Vec<String> = parts.into_iter().chain(queues).collect();
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

fn worded(figures: &Figures, lang: Lang) -> String {
    let millis = |time: std::time::Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
    let threshold: &dyn std::fmt::Display = match figures.slow_start_threshold {
        NO_THRESHOLD.. => &"-",
        _ => &figures.slow_start_threshold,
    };
    Words::Figures {
        rto: &figures.rto.as_millis(),
        rtt: &millis(figures.rtt),
        variance: &millis(figures.rtt_variance),
        window: &figures.congestion_window,
        threshold,
        segment: &figures.segment,
        flight: &figures.unacknowledged,
        resent: &figures.retransmitted,
    }
    .render(lang)
}

/// `TCP_INFINITE_SSTHRESH`: nothing was lost yet.
const NO_THRESHOLD: u32 = 0x7fff_ffff;

#[cfg(test)]
mod tests {
    use lineman_trace::log::Endpoints;
    use lineman_trace::log::Queues;

    use super::*;

    /// "Unread 1", where a FIN had arrived and no byte.
    #[test]
    fn a_fin_was_told_as_an_unread_byte() {
        let local = ([10, 0, 0, 2], 80).into();
        let remote = Some(([10, 0, 0, 1], 45_110).into());
        let socket = |state, unread, unsent| SocketView {
            fd: Some(4),
            transport: Transport::Stream,
            socket: Endpoints { local, remote },
            state: Some(state),
            queues: Some(Queues { unread, unsent }),
            figures: None,
        };
        for (socket, origin, told) in [
            (
                socket(TcpState::CloseWait, 1, 0),
                Origin::Kernel,
                "unread FIN, not acknowledged 0",
            ),
            (
                socket(TcpState::SynSent, 0, 1),
                Origin::Kernel,
                "unread 0, not acknowledged SYN",
            ),
            (
                socket(TcpState::CloseWait, 1, 0),
                Origin::Simulated,
                "unread 1, not acknowledged 0",
            ),
        ] {
            let said = line(&socket, origin, Lang::En);
            assert!(said.ends_with(told), "{said}");
        }
    }
}
