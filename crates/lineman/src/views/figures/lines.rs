//! Figures as lines of a terminal: a name, from where to where it went, and its way in signs, all on one axis of time.

use std::net::SocketAddr;

use lineman_trace::log::Host;

use super::End;
use super::Figures;
use super::Kind;
use super::Value;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::figures::Figures as Words;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::width;

/// How the lines are.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// How many columns they have.
    pub columns: usize,
    /// The language.
    pub lang: Lang,
    /// No sign beyond ASCII.
    pub ascii: bool,
}

/// From low to high; the first is at 0.
const SIGNS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; 8] = ["_", ".", ":", "-", "=", "+", "*", "#"];
/// Fewer columns than this show no way.
const FEWEST: usize = 8;
/// Connections whose figures are printed: of more a picture is better.
const CONNECTIONS: usize = 8;

impl Figures {
    /// All connections, one below the other.
    pub fn lines(&self, look: Look) -> Vec<String> {
        let mut lines = Vec::new();
        let mut count = 0;
        for (ends, times) in self.connections() {
            count += 1;
            if count > CONNECTIONS {
                continue;
            }
            let told: Vec<&End> = ends.iter().filter(|end| end.is_told()).collect();
            for block in self.blocks(&told, times, look) {
                lines.push(String::new());
                lines.extend(block);
            }
        }
        if lines.is_empty() {
            return vec![String::new(), say(&Words::Nothing {}, look)];
        }
        if self.is_capture {
            lines.push(say(&Words::Captured {}, look));
        }
        let hidden = &(count.saturating_sub(CONNECTIONS) + self.left_out());
        if *hidden > 0 {
            lines.push(say(&Words::More { count: hidden }, look));
        }
        lines
    }

    /// One end of the connection between two addresses that went on at a moment, else of the last connection.
    pub(in crate::views) fn lines_of(
        &self,
        at: Host,
        between: Option<(SocketAddr, SocketAddr)>,
        t_ns: u64,
        look: Look,
    ) -> Vec<String> {
        let is_between = |end: &End| {
            let turned = between.map(|(one, other)| (other, one));
            end.ends.is_some() && (end.ends == between || end.ends == turned)
        };
        let same = |(ends, times): &(&[End; 2], (u64, u64))| {
            times.0 <= t_ns && ends.iter().any(is_between)
        };
        let found = self.connections().filter(same).last();
        match found.or_else(|| self.connections().last()) {
            Some((ends, times)) => self.blocks(&[&ends[at as usize]], times, look).concat(),
            None => vec![say(&Words::Nothing {}, look)],
        }
    }

    /// The heading of each end, and a line for each figure of it: all on one axis of time.
    fn blocks(&self, ends: &[&End], times: (u64, u64), look: Look) -> Vec<Vec<String>> {
        let words: Vec<_> = ends.iter().map(|end| self.words(end, look)).collect();
        let all = || words.iter().flatten();
        let name = all().map(|(name, ..)| width(name)).max().unwrap_or(0);
        let range = all().map(|(_, range, _)| width(range)).max().unwrap_or(0);
        let room = look.columns.saturating_sub(name + range + 6);
        let room = if room < FEWEST { 0 } else { room };
        let line = |end: &End, (its_name, its_range, kind): &(String, String, Option<Kind>)| {
            let columns = match kind {
                None => sequence(end, times, room),
                Some(Kind::RoundTrip) => moments(end.values(Kind::RoundTrip), times, room),
                Some(kind) => steps(end.values(*kind), times, room),
            };
            let head = format!("  {}  {}  ", pad(its_name, name), pad(its_range, range));
            let line = format!("{head}{}", way(&columns, look));
            cut(line.trim_end(), look.columns, more(look))
        };
        let block = |(end, words): (&&End, &Vec<_>)| {
            let mut lines = vec![cut(&heading(end, times, look), look.columns, more(look))];
            lines.extend(words.iter().map(|it| line(end, it)));
            lines
        };
        ends.iter().zip(&words).map(block).collect()
    }

    /// What there is: names, ranges, and where the way is found; `None` is the sequence numbers.
    fn words(&self, end: &End, look: Look) -> Vec<(String, String, Option<Kind>)> {
        let mut all = Vec::new();
        let top = end.segments.all().iter().map(|it| it.to).max();
        if let Some(to) = &top.filter(|_| end.has_bytes()) {
            let (again, lost) = (&end.again, &end.lost);
            let range = match (again, lost) {
                (0, 0) => Words::To { to },
                (_, 0) => Words::ToAgain { to, again },
                _ => Words::ToLost { to, again, lost },
            };
            all.push((say(&Words::Sequence {}, look), say(&range, look), None));
        }
        for kind in [
            Kind::InFlight,
            Kind::Window,
            Kind::RoundTrip,
            Kind::Smoothed,
            Kind::Timeout,
            Kind::Goodput,
            Kind::Cwnd,
            Kind::Ssthresh,
        ] {
            let values = end.values(kind);
            let least = values.iter().filter_map(|it| it.least).min();
            let most = values.iter().filter_map(|it| it.most).max();
            let Some((least, most)) = least.zip(most) else {
                continue;
            };
            if most == 0 || kind == Kind::Smoothed {
                continue; // the samples are beside it
            }
            all.push((
                say(&name(kind), look),
                self.range(kind, least, most, values, look),
                Some(kind),
            ));
        }
        all
    }

    fn range(&self, kind: Kind, least: u64, most: u64, values: &[Value], look: Look) -> String {
        let (low, high) = (&shown(kind, least), &shown(kind, most));
        let last = values.last().and_then(|it| it.last);
        let now = &last.map_or_else(|| "–".to_owned(), |last| shown(kind, last));
        let span = &(self.span_ns() / 1_000_000);
        let words = match kind {
            Kind::Acknowledged => return String::new(),
            Kind::InFlight => Words::AtMost { high },
            Kind::Goodput => Words::Rate { high, span },
            Kind::Cwnd | Kind::Ssthresh if low == high => Words::Segments { high },
            Kind::Cwnd | Kind::Ssthresh => Words::SegmentsNow { low, high, now },
            Kind::Window if low == high => Words::Bytes { high },
            Kind::Window => Words::BytesFrom { low, high },
            _ if low == high => Words::Millis { high },
            _ => Words::MillisFrom { low, high },
        };
        say(&words, look)
    }
}

fn heading(end: &End, (from_ns, to_ns): (u64, u64), look: Look) -> String {
    let (local, remote) = end.ends.unzip();
    let text = |end: Option<SocketAddr>| end.map(|end| end.to_string()).unwrap_or_default();
    let (local, remote) = (&text(local), &text(remote));
    let seconds = |ns: u64| format!("{:.3}", ns as f64 / 1e9);
    let (begin, end_at) = (&seconds(from_ns), &seconds(to_ns));
    let words = match end.at {
        Host::Client => Words::OfClient {
            local,
            remote,
            begin,
            end: end_at,
        },
        Host::Server => Words::OfServer {
            local,
            remote,
            begin,
            end: end_at,
        },
    };
    say(&words, look)
}

fn name(kind: Kind) -> Words<'static> {
    match kind {
        Kind::Acknowledged | Kind::InFlight => Words::InFlight {},
        Kind::Window => Words::Window {},
        Kind::RoundTrip | Kind::Smoothed => Words::RoundTrip {},
        Kind::Timeout => Words::Timeout {},
        Kind::Goodput => Words::Goodput {},
        Kind::Cwnd => Words::Cwnd {},
        Kind::Ssthresh => Words::Ssthresh {},
    }
}

/// A value as it is said: times in milliseconds, rates with their unit.
pub(super) fn shown(kind: Kind, value: u64) -> String {
    match kind {
        Kind::RoundTrip | Kind::Smoothed | Kind::Timeout => format!("{:.1}", value as f64 / 1e6),
        Kind::Goodput if value < 10_000 => format!("{value} B/s"),
        Kind::Goodput => format!("{:.1} kB/s", value as f64 / 1e3),
        _ => value.to_string(),
    }
}

/// The column of a moment, of so many.
fn column(t_ns: u64, (from_ns, to_ns): (u64, u64), columns: usize) -> usize {
    let length = u128::from(to_ns.saturating_sub(from_ns)).max(1);
    let at = u128::from(t_ns.saturating_sub(from_ns)) * columns as u128 / length;
    usize::try_from(at)
        .unwrap_or(usize::MAX)
        .min(columns.saturating_sub(1))
}

/// The highest value in each column, and from one to the next what held on.
fn steps(values: &[Value], times: (u64, u64), columns: usize) -> Vec<Option<u64>> {
    let mut out = moments(values, times, columns);
    let mut last = vec![None; columns];
    for value in values {
        if let Some(place) = last.get_mut(column(value.t_ns, times, columns)) {
            *place = Some(value.last);
        }
    }
    let mut holds = None;
    for (highest, last) in out.iter_mut().zip(last) {
        *highest = (*highest).max(holds);
        if let Some(last) = last {
            holds = last;
        }
    }
    out
}

/// The highest value in each column.
fn moments(values: &[Value], times: (u64, u64), columns: usize) -> Vec<Option<u64>> {
    let mut out = vec![None; columns];
    for value in values {
        if let Some(place) = out.get_mut(column(value.t_ns, times, columns)) {
            *place = value.most.max(*place);
        }
    }
    out
}

/// The highest number that was sent.
fn sequence(end: &End, times: (u64, u64), columns: usize) -> Vec<Option<u64>> {
    let mut out = vec![None; columns];
    for segment in end.segments.all() {
        if let Some(place) = out.get_mut(column(segment.t_ns, times, columns)) {
            *place = u64::try_from(segment.to).ok().max(*place);
        }
    }
    let mut highest = None;
    for place in &mut out {
        highest = highest.max(*place);
        *place = highest;
    }
    out
}

/// A sign for each column, from 0 to the highest value.
fn way(columns: &[Option<u64>], look: Look) -> String {
    let signs = if look.ascii { ASCII } else { SIGNS };
    let most = columns.iter().flatten().copied().max().unwrap_or(0).max(1);
    let sign = |value: &Option<u64>| match value {
        None => " ",
        Some(value) => {
            let level = u128::from(*value) * (signs.len() as u128 - 1);
            let level = level.div_ceil(u128::from(most));
            signs[usize::try_from(level).unwrap_or(0).min(signs.len() - 1)]
        }
    };
    columns.iter().map(sign).collect()
}

/// Words, without a sign that the terminal lacks.
fn say(words: &dyn Message, look: Look) -> String {
    let text = words.render(look.lang);
    match look.ascii {
        true => text
            .replace('→', "->")
            .replace('…', "..")
            .replace(" · ", ", ")
            .replace('–', "-"),
        false => text,
    }
}

fn more(look: Look) -> &'static str {
    if look.ascii { ".." } else { "…" }
}
