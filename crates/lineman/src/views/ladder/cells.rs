//! What stands in the columns of a row.

use std::net::SocketAddr;

use lineman_trace::log::Host;
use lineman_trace::log::Origin;
use lineman_trace::log::TimerKind;
use lineman_trace::story::Arrow;
use lineman_trace::story::CallCell;
use lineman_trace::story::Expiry;
use lineman_trace::story::Fate;
use lineman_trace::story::Row;
use lineman_trace::story::Stretch;
use lineman_trace::story::What;
use lineman_trace::story::millis;

use super::Style;
use super::marks::Marks;
use crate::lang::Message as _;
use crate::lang::bracketed;
use crate::lang::views::Views;
use crate::views::cells::call;
use crate::views::cells::state as shown;

/// Sentences: there, but not in front.
pub(super) const DIM: &str = "2";
/// A state that has just changed.
pub(super) const NEW: &str = "1";
/// A packet that is lost.
const LOST: &str = "31";
/// One that is sent again, or that waits.
const AGAIN: &str = "33";

/// `text` in a colour, if there are colours.
pub(super) fn paint(style: Style, colour: &str, text: &str) -> String {
    if style.colour && !colour.is_empty() && !text.trim().is_empty() {
        format!("\x1b[{colour}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

/// The colour of an arrow.
pub(super) fn colour(arrow: &Arrow) -> &'static str {
    match arrow.fate {
        Fate::Dropped => LOST,
        Fate::Held => AGAIN,
        _ if arrow.is_resent() || arrow.stretch == Stretch::Repeat => AGAIN,
        _ => "",
    }
}

/// What a host did in a row: its timer and its call, first what was first.
pub(super) fn deeds(row: &Row, host: Host, style: Style) -> Vec<String> {
    let call = row.calls[host].as_ref();
    let waited = call.is_some_and(|cell| cell.begins && cell.t_ns < row.t_ns);
    let call = call.map(|cell| call_text(cell, style));
    let deeds = [timer(row, host, style), call].into_iter().flatten();
    match waited {
        true => deeds.rev().collect(),
        false => deeds.collect(),
    }
}

/// The timer of a host that expired.
pub(super) fn timer(row: &Row, host: Host, style: Style) -> Option<String> {
    let timer = row.timer.filter(|timer| timer.host == host)?;
    let text = bracketed(&worded(timer, style), style.lang);
    Some(text.trim_start().to_owned())
}

/// A call, as a programmer writes it.
pub(super) fn call_text(cell: &CallCell, style: Style) -> String {
    call(cell, Marks::of(style).more)
}

fn worded(timer: Expiry, style: Style) -> String {
    let millis: &u64 = &millis(timer.wait_ns);
    let words = match (timer.kind, timer.origin) {
        (TimerKind::Retransmission, Origin::Inferred) => Views::ClockResendDeduced { millis },
        (TimerKind::Retransmission, _) => Views::ClockResend { millis },
        (TimerKind::LossProbe, _) => Views::ClockLossProbe { millis },
        (TimerKind::DelayedAck, _) => Views::ClockDelayedAck { millis },
        (TimerKind::TimeWait, _) => Views::ClockTimeWait { millis },
        (TimerKind::Persist, _) => Views::ClockPersist { millis },
        (TimerKind::Reordering, _) => Views::ClockReordering { millis },
    };
    words.render(style.lang)
}

/// The state of a host, and whether it has just changed; for UDP the port of its socket, if it has one, because UDP has no state.
pub(super) fn state(row: &Row, host: Host) -> (String, bool) {
    if let Some(cell) = row.states[host] {
        return (shown(&cell), cell.before != cell.after);
    }
    let port = row.arrow.as_ref().and_then(|arrow| end(arrow, host));
    (
        port.map_or_else(String::new, |end| format!(":{}", end.port())),
        false,
    )
}

fn end(arrow: &Arrow, host: Host) -> Option<SocketAddr> {
    match arrow.seen.what {
        What::Udp(_) if arrow.without_socket[host] => None,
        What::Udp(_) if arrow.from == host => arrow.seen.from,
        What::Udp(_) => arrow.seen.to,
        _ => None,
    }
}
