//! Where the columns are: three layouts, by the width of the terminal.

use lineman_trace::log::Host;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::story::Row;

use super::INDENT;
use super::Style;
use super::cells;
use super::cells::paint;
use super::shaft::shaft;
use super::shaft::short;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::lang::wire::Wire;
use crate::views::cells::address;
use crate::views::cells::time;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::width;
use crate::views::text::wrap;

const HOSTS: [Host; 2] = [Host::Client, Host::Server];
/// The longest name of a state, and a mark before it.
const STATE: usize = 13;

#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// Calls, states and arrows side by side.
    Wide {
        /// How wide the calls of a host are.
        calls: usize,
        /// How wide an arrow is.
        arrow: usize,
    },
    /// States and arrows side by side, calls above.
    Medium {
        /// How wide an arrow is.
        arrow: usize,
    },
    /// One thing below the other.
    List,
}

impl Layout {
    pub(super) fn for_width(columns: usize) -> Self {
        let sides = INDENT + 2 * (STATE + 1);
        match columns {
            100.. => {
                let rest = columns - sides - 2;
                let arrow = rest * 9 / 20;
                let calls = (rest - arrow) / 2;
                Self::Wide { calls, arrow }
            }
            60.. => Self::Medium {
                arrow: columns - sides,
            },
            _ => Self::List,
        }
    }

    /// Where sentences begin.
    pub(super) fn indent(self) -> usize {
        match self {
            Self::List => 2,
            _ => INDENT,
        }
    }

    /// The names of the columns.
    pub(super) fn heading(self, start: &Start, style: Style) -> Vec<String> {
        let client = Views::Client {
            address: &address(start, Host::Client),
        }
        .render(style.lang);
        let server = Views::Server {
            address: &address(start, Host::Server),
        }
        .render(style.lang);
        let state = Views::State {}.render(style.lang);
        let time = pad("    t(s)", INDENT);
        let line = match self {
            Self::Wide { calls, arrow } => format!(
                "{time}{} {} {} {} {server}",
                pad(&client, calls),
                pad(&state, STATE),
                " ".repeat(arrow),
                pad(&state, STATE),
            ),
            Self::Medium { .. } => {
                let room = style.width.saturating_sub(INDENT + width(&server));
                format!("{time}{}{server}", pad(&client, room))
            }
            Self::List => format!("{client}, {server}"),
        };
        let mut lines = simulated(start, style);
        lines.push(cut(&line, style.width, ""));
        lines
    }

    /// The lines of a row, without its sentence.
    pub(super) fn row(self, row: &Row, style: Style) -> Vec<String> {
        match self {
            Self::Wide { calls, arrow } => wide(row, calls, arrow, style),
            Self::Medium { arrow } => medium(row, arrow, style),
            Self::List => list(row, style),
        }
    }
}

/// What must be known before anything else, if it is so: that no kernel's TCP is seen here.
fn simulated(start: &Start, style: Style) -> Vec<String> {
    if start.origin != Origin::Simulated {
        return Vec::new();
    }
    let system = &start.system;
    let words = Views::Simulated { system }.render(style.lang);
    let lines = wrap(&words, style.width);
    lines
        .iter()
        .map(|line| paint(style, cells::NEW, line))
        .collect()
}

fn wide(row: &Row, calls: usize, arrow: usize, style: Style) -> Vec<String> {
    let [client, server] = HOSTS.map(|host| {
        let deeds = cells::deeds(row, host, style);
        let lines = deeds.iter().flat_map(|deed| wrap(deed, calls));
        lines.collect::<Vec<String>>()
    });
    let middle = middle(row, arrow, style);
    if middle.is_none() && client.is_empty() && server.is_empty() {
        return Vec::new();
    }
    let blank = " ".repeat(2 * (STATE + 1) + arrow);
    let middle = middle.unwrap_or_else(|| blank.clone());
    let height = client.len().max(server.len()).max(1);
    (0..height)
        .map(|line| {
            let time = if line == 0 {
                time(row.t_ns)
            } else {
                String::new()
            };
            let middle = if line == 0 { &middle } else { &blank };
            let cell = |lines: &[String]| lines.get(line).cloned().unwrap_or_default();
            let line = format!(
                "{}{} {middle} {}",
                pad(&time, INDENT),
                pad(&cell(&client), calls),
                cell(&server)
            );
            line.trim_end().to_owned()
        })
        .collect()
}

/// State, arrow, state; nothing if there is none of them.
fn middle(row: &Row, arrow: usize, style: Style) -> Option<String> {
    let states = HOSTS.map(|host| cells::state(row, host));
    if row.arrow.is_none() && states.iter().all(|(text, _)| text.is_empty()) {
        return None;
    }
    let [client, server] = states.map(|(text, is_new)| {
        let colour = if is_new { cells::NEW } else { "" };
        paint(style, colour, &pad(&text, STATE))
    });
    let shaft = row.arrow.as_ref().map_or_else(
        || connections(row, arrow),
        |packet| paint(style, cells::colour(packet), &shaft(packet, arrow, style)),
    );
    Some(format!("{client} {shaft} {server}"))
}

/// Whose states a row without a packet tells: beside each.
fn connections(row: &Row, columns: usize) -> String {
    let [client, server] = HOSTS.map(|host| {
        let own = row.states[host].and_then(|cell| cell.connection);
        own.map_or_else(String::new, |it| it.to_string())
    });
    let room = columns.saturating_sub(width(&server));
    format!("{}{server}", pad(&client, room))
}

fn medium(row: &Row, arrow: usize, style: Style) -> Vec<String> {
    let [mut lines, below] = deed_lines(row, style);
    if let Some(middle) = middle(row, arrow, style) {
        let when = pad(&time(row.t_ns), INDENT);
        lines.push(format!("{when}{middle}").trim_end().to_owned());
    }
    lines.extend(below);
    lines
}

fn list(row: &Row, style: Style) -> Vec<String> {
    let [mut lines, below] = deed_lines(row, style);
    let when = pad(&time(row.t_ns), INDENT);
    if let Some(arrow) = &row.arrow {
        let text = format!("{} {}", name(arrow.from, style), short(arrow, style));
        lines.extend(hanging(&when, &text, style, cells::colour(arrow)));
    }
    let states = HOSTS.map(|host| {
        let (text, is_new) = cells::state(row, host);
        let own = row.states[host].and_then(|cell| cell.connection);
        let own = own.map_or_else(String::new, |it| format!("{it} "));
        (host, (own + &text, is_new))
    });
    let shown = states.iter().filter(|(_, (text, _))| !text.is_empty());
    let shown: Vec<String> = shown
        .map(|(host, (text, _))| format!("{} {text}", name(*host, style)))
        .collect();
    if !shown.is_empty() {
        let lead = if row.arrow.is_some() {
            " ".repeat(INDENT)
        } else {
            when
        };
        lines.extend(hanging(&lead, &shown.join(", "), style, ""));
    }
    lines.extend(below);
    lines
}

/// What the hosts did, a line for each at its own time: above the packet, and below it what it made
/// return.
fn deed_lines(row: &Row, style: Style) -> [Vec<String>; 2] {
    let (mut above, mut below) = (Vec::new(), Vec::new());
    // A call may have begun long before a timer expired.
    let mut timers = Vec::new();
    let mut hosts = HOSTS;
    hosts.sort_by_key(|host| row.calls[*host].as_ref().map(|cell| cell.t_ns));
    for host in hosts {
        let line = |text: &str, t_ns: u64| {
            let when = pad(&time(t_ns), INDENT);
            let text = format!("{} {text}", name(host, style));
            hanging(&when, &text, style, "")
        };
        if let Some(timer) = cells::timer(row, host, style) {
            timers.extend(line(&timer, row.t_ns));
        }
        let Some(cell) = &row.calls[host] else {
            continue;
        };
        // A packet that is read late may have left before the call began in whose row it is.
        let earlier = cell.begins && (row.arrow.is_none() || cell.t_ns <= row.t_ns);
        // One that had waited is returned by the packet: what it returns stands below that.
        let comes = row.arrow.as_ref().is_some_and(|arrow| arrow.from != host);
        let returned_ns = cell.returned_ns.filter(|_| comes && cell.begins);
        if let Some(returned_ns) = returned_ns {
            let (mut begun, mut returned) = (cell.clone(), cell.clone());
            (begun.answer, returned.begins) = (None, false);
            let begun = line(&cells::call_text(&begun, style), cell.t_ns);
            match earlier {
                true => above.extend(begun),
                false => below.extend(begun),
            }
            below.extend(line(&cells::call_text(&returned, style), returned_ns));
            continue;
        }
        let lines = line(&cells::call_text(cell, style), cell.t_ns);
        match earlier || row.arrow.is_none() {
            true => above.extend(lines),
            false => below.extend(lines),
        }
    }
    above.extend(timers);
    [above, below]
}

/// `text` behind `lead`, and further lines below it.
fn hanging(lead: &str, text: &str, style: Style, colour: &str) -> Vec<String> {
    let columns = style.width.saturating_sub(width(lead));
    let blank = " ".repeat(width(lead));
    wrap(text, columns)
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let lead = if at == 0 { lead } else { &blank };
            format!("{lead}{}", paint(style, colour, line))
        })
        .collect()
}

fn name(host: Host, style: Style) -> String {
    match host {
        Host::Client => Wire::ClientShort {},
        Host::Server => Wire::ServerShort {},
    }
    .render(style.lang)
}
