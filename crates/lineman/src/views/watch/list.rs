//! The conversations of a watch on a whole terminal: a line for each, and one of them chosen.

use std::collections::BTreeMap;

use lineman_trace::capture::Conversation;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::style::Style as Look;
use ratatui::text::Line;

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::watch::Watch as Words;
use crate::views::conversations::Style;
use crate::views::conversations::course;
use crate::views::conversations::title;
use crate::views::text::cut;
use crate::views::text::pad;
use crate::views::text::size;
use crate::views::text::width;
use crate::views::tui::Key;

/// How many conversations are listed; the oldest leave.
const MOST: usize = 10_000;
/// How many columns the counts take.
const COUNTS: usize = 20;

/// The list, and what a person has chosen.
#[derive(Debug)]
pub struct List {
    rows: BTreeMap<u64, Conversation>,
    /// The number of the chosen one.
    chosen: Option<u64>,
    packets: u64,
    lost: u64,
    interface: String,
    ended: bool,
    lang: Lang,
    ascii: bool,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The ladder of this conversation.
    Open(u64),
    /// The end.
    Leave,
}

impl List {
    /// Nothing yet.
    pub fn new(interface: String, lang: Lang, ascii: bool) -> Self {
        Self {
            rows: BTreeMap::new(),
            chosen: None,
            packets: 0,
            lost: 0,
            interface,
            ended: false,
            lang,
            ascii,
        }
    }

    /// A packet of a conversation, or of none.
    pub fn packet(&mut self, conversation: Option<&Conversation>) {
        self.packets += 1;
        let Some(conversation) = conversation else {
            return;
        };
        self.rows.insert(conversation.number, conversation.clone());
        self.chosen.get_or_insert(conversation.number);
        if self.rows.len() > MOST {
            self.rows.pop_first();
        }
    }

    /// Number and ends of one of those that are listed.
    pub fn title(&self, number: u64) -> Option<String> {
        let known = self.rows.get(&number)?;
        Some(self.spelled(&format!("{number} {}", title(known))))
    }

    /// One of those that are listed.
    pub fn conversation(&mut self, number: u64) -> Option<&mut Conversation> {
        self.rows.get_mut(&number)
    }

    /// So many packets found no room.
    pub fn lost(&mut self, lost: u64) {
        self.lost = lost;
    }

    /// Nothing more comes.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// A key was pressed.
    pub fn key(&mut self, key: Key) -> Option<Order> {
        let chosen = self.chosen.unwrap_or_default();
        let before = |steps: usize| self.rows.range(..chosen).rev().take(steps).last();
        let after = |steps: usize| self.rows.range(chosen + 1..).take(steps).last();
        let to = match key {
            Key::Up | Key::Char('k') => before(1),
            Key::Down | Key::Char('j') => after(1),
            Key::PageUp => before(10),
            Key::PageDown => after(10),
            Key::Home => self.rows.first_key_value(),
            Key::End => self.rows.last_key_value(),
            Key::Enter | Key::Right => return self.chosen.map(Order::Open),
            Key::Char('q') | Key::Escape => return Some(Order::Leave),
            _ => None,
        };
        if let Some((number, _)) = to {
            self.chosen = Some(*number);
        }
        None
    }

    /// Draws it.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let lines = self.lines(area);
        for (y, line) in (area.y..area.bottom()).zip(&lines) {
            frame.buffer_mut().set_line(area.x, y, line, area.width);
        }
    }

    fn lines(&self, area: Rect) -> Vec<Line<'static>> {
        let columns = usize::from(area.width);
        let room = usize::from(area.height).saturating_sub(3);
        let reversed = Look::new().add_modifier(Modifier::REVERSED);
        let bar = |text: &str| Line::styled(pad(&cut(text, columns, "…"), columns), reversed);
        let mut lines = vec![bar(&format!(" {}", self.head()))];
        let numbers: Vec<u64> = self.rows.keys().copied().collect();
        let at = numbers
            .iter()
            .position(|number| Some(*number) == self.chosen);
        let at = at.unwrap_or_default();
        // The chosen one is in the middle where there are enough of them.
        let start = at
            .saturating_sub(room / 2)
            .min(numbers.len().saturating_sub(room));
        for number in numbers.iter().skip(start).take(room) {
            let Some(known) = self.rows.get(number) else {
                continue;
            };
            let text = pad(&self.row(known, columns), columns);
            lines.push(match Some(*number) == self.chosen {
                true => Line::styled(text, reversed),
                false => Line::raw(text),
            });
        }
        while lines.len() <= room {
            lines.push(Line::raw(String::new()));
        }
        let chosen = self.chosen.and_then(|number| self.rows.get(&number));
        let course = chosen.map(|known| course(known, self.style(columns)));
        let course = format!(" {}", self.spelled(&course.unwrap_or_default()));
        lines.push(Line::raw(cut(&course, columns, "…")));
        let keys = Words::ListKeys {}.render(self.lang);
        lines.push(Line::raw(cut(
            &format!(" {}", self.spelled(&keys)),
            columns,
            "…",
        )));
        lines
    }

    fn head(&self) -> String {
        let (interface, packets, lost) = (&self.interface, &self.packets, &self.lost);
        let conversations = &self.rows.len();
        let mut parts = vec![
            Words::ListHead {
                interface,
                packets,
                conversations,
            }
            .render(self.lang),
        ];
        if self.lost > 0 {
            parts.push(Words::ListLost { lost }.render(self.lang));
        }
        if self.ended {
            parts.push(Words::ListEnded {}.render(self.lang));
        }
        parts.join(if self.ascii { " | " } else { " │ " })
    }

    fn row(&self, known: &Conversation, columns: usize) -> String {
        let counts = format!(
            "{:>6} {:>11} ",
            known.all_packets(),
            size(known.all_bytes() as f64)
        );
        let head = format!("{:>5} ", known.number);
        let ends = title(known);
        let left = columns.saturating_sub(width(&head) + COUNTS);
        let course = course(known, self.style(columns));
        let ends = match width(&ends) + width(&course) + 2 <= left {
            true => {
                let middle = left - width(&course);
                format!("{}{course}", pad(&ends, middle))
            }
            false => pad(&cut(&ends, left, "…"), left),
        };
        self.spelled(&format!("{head}{ends} {counts}"))
    }

    fn style(&self, width: usize) -> Style {
        Style {
            width,
            lang: self.lang,
            ascii: self.ascii,
            top: 0,
        }
    }

    fn spelled(&self, text: &str) -> String {
        match self.ascii {
            true => text
                .replace('→', "->")
                .replace('·', ",")
                .replace('…', "..")
                .replace('↑', "Up")
                .replace('↓', "Down"),
            false => text.to_owned(),
        }
    }
}
