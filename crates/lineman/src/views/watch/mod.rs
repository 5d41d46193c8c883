//! Conversations as they go on, one below the other: each has a ladder of its own, and each line says whose it is.

mod list;

use std::collections::HashMap;

use lineman_trace::capture::Captured;
use lineman_trace::capture::Conversation;
use lineman_trace::capture::Recorder;
use lineman_trace::capture::Sorted;

use super::cells::time;
use super::ladder::Ladder;
use super::ladder::Style;
use super::text::clean;
use super::text::cut;
use crate::lang::Message as _;
use crate::lang::watch::Watch as Words;
use crate::views::conversations::title;

pub use list::List;
pub use list::Order;

/// How many ladders there are at most; of another conversation's beginning, the one that was silent longest ends.
const MOST: usize = 512;
/// How many columns the number of a conversation takes, with its mark: `  12│ `.
const NUMBER: usize = 6;
/// How wide a ladder is at most.
const WIDEST: usize = 99;
/// Colours of numbers, so that neighbours differ.
const COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "31"];

/// The ladders of all conversations. Times count from the first packet of all.
#[derive(Debug)]
pub struct Interleaved {
    style: Style,
    strands: HashMap<u64, Strand>,
    begun_ns: Option<u64>,
    system: String,
    /// How many packets were taken.
    taken: u64,
}

/// A conversation that goes on.
#[derive(Debug)]
struct Strand {
    recorder: Recorder,
    ladder: Ladder,
    /// Which packet was its last.
    last: u64,
    /// Whether packets were lost since then.
    may_lack: bool,
}

impl Interleaved {
    /// Nothing yet. `system` is where packets are captured.
    pub fn new(style: Style, system: String) -> Self {
        // Nothing is known of calls: the widest layout has columns for them.
        let width = style.width.saturating_sub(NUMBER).min(WIDEST);
        Self {
            style: Style { width, ..style },
            strands: HashMap::new(),
            begun_ns: None,
            system,
            taken: 0,
        }
    }

    /// Takes a packet, and gives the lines that are to be appended.
    pub fn take(
        &mut self,
        sorted: Sorted,
        packet: &Captured<'_>,
        conversation: Option<&Conversation>,
    ) -> Vec<String> {
        let begun_ns = *self
            .begun_ns
            .get_or_insert_with(|| packet.utc_ns.unwrap_or_default());
        self.taken += 1;
        let Some(conversation) = conversation else {
            return vec![self.alone(packet, begun_ns)];
        };
        let number = conversation.number;
        let mut lines = Vec::new();
        if !self.strands.contains_key(&number) {
            lines.extend(self.begin(conversation, packet, begun_ns));
        }
        let Some(strand) = self.strands.get_mut(&number) else {
            return lines;
        };
        strand.last = self.taken;
        let may_lack = std::mem::take(&mut strand.may_lack);
        let event = strand.recorder.packet(sorted.number, sorted.from, packet);
        let rows = strand.ladder.push(&event);
        if may_lack {
            let words = Words::MayLack {}.render(self.style.lang);
            lines.push(self.marked(number, &words));
        }
        lines.extend(rows.iter().map(|line| self.marked(number, line)));
        lines
    }

    /// Packets were lost: nobody knows whose.
    pub fn lost(&mut self) {
        for strand in self.strands.values_mut() {
            strand.may_lack = true;
        }
    }

    /// The conversations that go on.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.strands.keys().copied()
    }

    /// The lines that are due because nothing has happened until `now_ns`, which counts as all times here.
    pub fn idle(&mut self, now_ns: u64) -> Vec<String> {
        let mut due: Vec<(u64, Vec<String>)> = Vec::new();
        for (number, strand) in &mut self.strands {
            if strand
                .ladder
                .due_ns()
                .is_some_and(|due_ns| due_ns <= now_ns)
            {
                due.push((*number, strand.ladder.idle(now_ns)));
            }
        }
        self.sorted(due)
    }

    /// When [`idle`](Self::idle) has lines, unless something happens before.
    pub fn due_ns(&self) -> Option<u64> {
        let all = self.strands.values();
        all.filter_map(|strand| strand.ladder.due_ns()).min()
    }

    /// The time of a packet as times count here.
    pub fn since_ns(&self, utc_ns: Option<u64>) -> u64 {
        let begun_ns = self.begun_ns.unwrap_or_default();
        utc_ns.map_or(0, |utc_ns| utc_ns.saturating_sub(begun_ns))
    }

    /// The last lines.
    pub fn finish(&mut self) -> Vec<String> {
        let strands = self.strands.iter_mut();
        let last = strands.map(|(number, strand)| (*number, strand.ladder.close()));
        let last = last.collect();
        self.sorted(last)
    }

    /// A line that is about a conversation, marked with its number.
    pub fn about(&self, number: u64, text: &str) -> String {
        self.marked(number, text)
    }

    fn sorted(&self, mut all: Vec<(u64, Vec<String>)>) -> Vec<String> {
        all.sort_by_key(|(number, _)| *number);
        let marked = |(number, lines): (u64, Vec<String>)| {
            let marked = lines.iter().map(|line| self.marked(number, line));
            marked.collect::<Vec<_>>()
        };
        all.into_iter().flat_map(marked).collect()
    }

    /// Begins the ladder of a conversation; the one that was silent longest may have to end.
    fn begin(
        &mut self,
        conversation: &Conversation,
        packet: &Captured<'_>,
        begun_ns: u64,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        if self.strands.len() == MOST {
            let idlest = self.strands.iter().min_by_key(|(_, strand)| strand.last);
            if let Some(number) = idlest.map(|(number, _)| *number)
                && let Some(mut strand) = self.strands.remove(&number)
            {
                let rest = strand.ladder.close();
                lines.extend(rest.iter().map(|line| self.marked(number, line)));
            }
        }
        let number = conversation.number;
        let title = cut(&title(conversation), self.style.width, "…");
        lines.push(self.heading(number, &title));
        let mut recorder = Recorder::new();
        let mut ladder = Ladder::new(self.style);
        // All ladders count from the same moment.
        let first = Captured {
            utc_ns: Some(begun_ns),
            ..*packet
        };
        // Its heading names columns, which the title does already.
        ladder.push(&recorder.start(&self.system, &first, Some(conversation)));
        let last = self.taken;
        self.strands.insert(
            number,
            Strand {
                recorder,
                ladder,
                last,
                may_lack: false,
            },
        );
        lines
    }

    /// A packet that belongs to no conversation.
    fn alone(&self, packet: &Captured<'_>, begun_ns: u64) -> String {
        let frame = packet.frame();
        let at = packet
            .utc_ns
            .map_or(0, |utc_ns| utc_ns.saturating_sub(begun_ns));
        let line = format!("{}{}", time(at), clean(&frame.to_string()));
        let mark = if self.style.ascii { '|' } else { '│' };
        format!(
            "{:NUMBER$}{}",
            format!("    {mark}"),
            cut(&line, self.style.width, "…")
        )
    }

    fn heading(&self, number: u64, title: &str) -> String {
        let mark = if self.style.ascii { '+' } else { '┌' };
        self.number(number, mark, title)
    }

    fn marked(&self, number: u64, line: &str) -> String {
        let mark = if self.style.ascii { '|' } else { '│' };
        self.number(number, mark, line)
    }

    fn number(&self, number: u64, mark: char, line: &str) -> String {
        let prefix = format!("{number:>4}{mark}");
        match self.style.colour {
            true => {
                let colour = COLOURS[(number as usize) % COLOURS.len()];
                format!("\x1b[{colour}m{prefix}\x1b[0m {line}")
            }
            false => format!("{prefix} {line}"),
        }
    }
}
