//! What is known of a host: its socket, the state of it, its last calls.

use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpState;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::style::Modifier;
use ratatui::style::Style;
use ratatui::text::Line;

use super::say;
use super::tint;
use super::top::is_capture;
use crate::lang::tui::Tui;
use crate::views::cells::address;
use crate::views::cells::call;
use crate::views::cells::queued;
use crate::views::scene::Card;
use crate::views::scene::Socket;
use crate::views::text::cut;
use crate::views::text::width;
use crate::views::text::wrap;
use crate::views::tui::diagram;
use crate::views::tui::model::Model;

/// A card above the ladder.
pub(super) fn flat(model: &Model, host: Host, frame: &mut Frame<'_>, area: Rect) {
    let card = &model.scene().hosts[host];
    let columns = usize::from(area.width).saturating_sub(1);
    let queues = queues(model, host, card).join(" ");
    let port = port(model, host);
    let title = format!("{port}  {queues}");
    let title = match width(&title) > columns {
        true => format!("{port} {queues}"),
        false => title,
    };
    let mut lines = vec![heading(model, host, cut(&title, columns, more(model)))];
    if model.has_tcp() {
        lines.extend(diagram::lines(false, state(model, host), model.setup.ascii));
    }
    let last = card.calls.back().map(|cell| call(cell, more(model)));
    lines.push(Line::raw(format!(
        " {}",
        cut(&last.unwrap_or_default(), columns - 1, more(model))
    )));
    super::put(frame, area, &lines);
}

/// A card beside it.
pub(super) fn tall(model: &Model, host: Host, frame: &mut Frame<'_>, area: Rect) {
    let card = &model.scene().hosts[host];
    let columns = usize::from(area.width).saturating_sub(1);
    let mut lines = Vec::new();
    for line in wrap(&name(model, host), columns) {
        lines.push(heading(model, host, line));
    }
    if model.has_tcp() {
        lines.extend(diagram::lines(true, state(model, host), model.setup.ascii));
        for text in queues(model, host, card) {
            let whole = wrap(&text, columns.saturating_sub(LEAD.len()));
            lines.extend(whole.iter().map(|line| Line::raw(format!("{LEAD}{line}"))));
        }
    }
    lines.push(Line::raw(""));
    let title = format!(" {}", say(model, &Tui::Calls {}));
    lines.push(Line::styled(
        title,
        Style::new().add_modifier(Modifier::BOLD),
    ));
    let room = usize::from(area.height).saturating_sub(lines.len());
    lines.extend(calls(model, card, columns, room));
    super::put(frame, area, &lines);
}

/// The last calls, in as many lines as there are.
fn calls(model: &Model, card: &Card, columns: usize, room: usize) -> Vec<Line<'static>> {
    let mut blocks: Vec<Vec<String>> = Vec::new();
    let mut taken = 0;
    for cell in card.calls.iter().rev() {
        let lines = wrap(
            &call(cell, more(model)),
            columns.saturating_sub(LEAD.len() * 2),
        );
        taken += lines.len();
        if taken > room {
            break;
        }
        blocks.push(lines);
    }
    let indented = |(at, line): (usize, String)| {
        let lead = if at == 0 { LEAD } else { "   " };
        Line::raw(format!("{lead}{line}"))
    };
    blocks
        .into_iter()
        .rev()
        .flat_map(|lines| lines.into_iter().enumerate().map(indented))
        .collect()
}

const LEAD: &str = " ";

fn heading(model: &Model, host: Host, text: String) -> Line<'static> {
    let colour = match host {
        Host::Client => Color::Cyan,
        Host::Server => Color::Magenta,
    };
    let mut style = tint(model, colour).add_modifier(Modifier::BOLD);
    let mut lead = ' ';
    if model.focus == Some(host) {
        style = style.add_modifier(Modifier::REVERSED);
        lead = '*';
    }
    Line::styled(format!("{lead}{text}"), style)
}

/// The host and where its socket is.
fn name(model: &Model, host: Host) -> String {
    let ends = ends(model, host);
    let address = model.start.as_ref().map(|start| address(start, host));
    let end = ends.map(|ends| ends.local.to_string());
    let end = &end.or(address).unwrap_or_default();
    say(
        model,
        &match host {
            Host::Client => Tui::Client { end },
            Host::Server => Tui::Server { end },
        },
    )
}

/// The host and its socket's port: beside the ladder its address is named already.
fn port(model: &Model, host: Host) -> String {
    let Some(ends) = ends(model, host) else {
        return name(model, host);
    };
    let port = &ends.local.port();
    let word = match host {
        Host::Client => Tui::ClientPort { port },
        Host::Server => Tui::ServerPort { port },
    };
    say(model, &word)
}

/// What waits in the socket's queues; a listener's are those of connections.
fn queues(model: &Model, host: Host, card: &Card) -> Vec<String> {
    if is_capture(model) {
        // Packets tell of no socket, and of states only what can be deduced from them.
        let deduced = state(model, host).map(|_| say(model, &Tui::StateDeduced {}));
        return deduced.into_iter().collect();
    }
    let of_row = of_row(model, host);
    let another = |socket: &Socket| of_row.is_some_and(|ends| ends != socket.ends);
    if card.socket.as_ref().is_some_and(another) {
        return Vec::new(); // of the row's own socket nothing was told since
    }
    let Some(socket) = card.socket else {
        let none = model.has_tcp().then(|| say(model, &Tui::NoSocket {}));
        return none.into_iter().collect();
    };
    if socket.origin == Origin::Inferred {
        return vec![say(model, &Tui::StateDeduced {})];
    }
    let Some(queues) = socket.queues else {
        return Vec::new();
    };
    let it = queues.queued(socket.state, socket.origin);
    let unread = &queued(it.unread, it.unread_flag);
    let unsent = &queued(it.unsent, it.unsent_flag);
    let words = match socket.state {
        TcpState::Listen => vec![Tui::Waiting {
            count: unread,
            limit: unsent,
        }],
        _ => vec![Tui::Unread { count: unread }, Tui::Unsent { count: unsent }],
    };
    words.iter().map(|word| say(model, word)).collect()
}

/// The socket that the card is about: that of the selected row's packet, else the one whose state changed last.
fn ends(model: &Model, host: Host) -> Option<Endpoints> {
    let last = model.scene().hosts[host].socket;
    of_row(model, host).or_else(|| last.map(|socket| socket.ends))
}

/// Whether the selected row says what the card is about, and not the log as it grows.
fn tells_row(model: &Model, host: Host) -> bool {
    let known = model.scene().hosts[host].socket;
    // Beside a connection that is closed there may be a socket that listens, of which the rows tell.
    let is_over = known.is_some_and(|socket| socket.state == TcpState::Closed);
    !model.following || is_over
}

/// The socket at a host's end of the selected row's packet.
fn of_row(model: &Model, host: Host) -> Option<Endpoints> {
    let row = model.row().filter(|_| tells_row(model, host))?;
    let arrow = row.arrow.as_ref()?;
    arrow.seen.segment()?;
    let is_nobodys = arrow.nobody.is_some() && arrow.from != host;
    let (from, to) = (arrow.seen.from?, arrow.seen.to?);
    let (local, remote) = match arrow.from == host {
        true => (from, to),
        false => (to, from),
    };
    let remote = Some(remote);
    // Before its TCP has told of it, it is the listener's.
    let known = row.states[host].is_some_and(|cell| cell.after != TcpState::Listen);
    (known && !is_nobodys).then_some(Endpoints { local, remote })
}

/// The state that the selected row leaves the host in.
fn state(model: &Model, host: Host) -> Option<TcpState> {
    let in_row = model.row().and_then(|row| row.states[host]);
    let in_row = in_row.filter(|_| tells_row(model, host));
    let known = model.scene().hosts[host].socket;
    in_row
        .map(|cell| cell.after)
        .or_else(|| known.map(|socket| socket.state))
}

fn more(model: &Model) -> &'static str {
    if model.setup.ascii { ".." } else { "…" }
}
