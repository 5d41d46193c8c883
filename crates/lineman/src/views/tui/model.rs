//! What is on the screen, before it is drawn.

use std::collections::BTreeSet;

use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Start;
use lineman_trace::story::Arrow;
use lineman_trace::story::Row;
use lineman_trace::story::Saying;
use lineman_trace::story::Story;

use super::order::Notice;
use super::order::Setup;
use super::prompt::Prompt;
use super::quiz::Question;
use super::quiz::Quiz;
use crate::lang::Lang;
use crate::views::figures::Figures;
use crate::views::scene::Held;
use crate::views::scene::Scene;

/// Who decides about packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The wire.
    Run,
    /// The person.
    Step,
    /// No one decides: it happens by itself, and time stands still for the reader.
    Walk,
    /// No one decides: it has all happened.
    Replay,
}

/// What lies over the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    /// Nothing.
    None,
    /// All keys.
    Help,
    /// Where to export to.
    Export(Prompt),
    /// All scenarios; which is chosen.
    Scenarios(usize),
    /// Which state comes next.
    Guess(Question),
}

/// What is on the screen.
#[derive(Debug)]
pub struct Model {
    pub(super) setup: Setup,
    pub(super) mode: Mode,
    pub(super) start: Option<Start>,
    pub(super) ended: bool,
    events: Vec<Event>,
    story: Story,
    pub(super) rows: Vec<Row>,
    /// How things stand at the end of the log.
    now: Scene,
    /// How they stood at the selected row, if that is not the end.
    past: Option<Scene>,
    pub(super) selected: usize,
    /// The furthest row that was selected.
    pub(super) reached: usize,
    /// Rows that are nearly the same are shown one by one.
    pub(super) unfolded: bool,
    pub(super) quiz: Quiz,
    /// Whether anything of TCP has happened: else nothing is shown of its states.
    has_tcp: bool,
    /// The selection stays at the last row.
    pub(super) following: bool,
    pub(super) focus: Option<Host>,
    pub(super) explain: bool,
    /// The field under the cursor, while the bytes are shown.
    pub(super) field: Option<usize>,
    pub(super) panel: Panel,
    pub(super) notice: Option<Notice>,
    /// Whether a key was pressed.
    pub(super) touched: bool,
    /// Held packets about which the wire was told already.
    pub(super) decided: BTreeSet<u64>,
    /// Figures over time, and of which host they are shown in place of the words.
    pub(super) figures: Figures,
    pub(super) figures_of: Option<Host>,
}

impl Model {
    /// An empty screen.
    pub fn new(setup: Setup) -> Self {
        let mode = match (setup.live, setup.step) {
            (false, _) => Mode::Replay,
            _ if setup.walk => Mode::Walk,
            (true, true) => Mode::Step,
            (true, false) => Mode::Run,
        };
        Self {
            mode,
            start: None,
            ended: false,
            events: Vec::new(),
            story: Story::new(),
            rows: Vec::new(),
            now: Scene::default(),
            past: None,
            selected: 0,
            reached: 0,
            unfolded: false,
            quiz: Quiz::default(),
            has_tcp: false,
            following: setup.live && !setup.walk, // a recorded log is read from its beginning
            focus: None,
            explain: true,
            field: None,
            panel: Panel::None,
            notice: None,
            touched: false,
            decided: BTreeSet::new(),
            figures: Figures::default(),
            figures_of: None,
            setup,
        }
    }

    /// Takes an event.
    pub fn push(&mut self, event: Event) {
        if let Kind::Start(start) = &event.visible().kind {
            self.start = Some(start.clone());
        }
        self.has_tcp |= is_of_tcp(&event);
        self.figures.push(&event);
        let rows = self.story.push(&event);
        self.now.push(&event);
        self.events.push(event);
        self.append(rows);
    }

    /// Nothing has happened until `now_ns`.
    pub fn idle(&mut self, now_ns: u64) {
        let rows = self.story.idle(now_ns);
        self.append(rows);
    }

    /// When [`idle`](Self::idle) has rows, unless something happens before.
    pub fn due_ns(&self) -> Option<u64> {
        self.story.due_ns()
    }

    /// Nothing more will happen.
    pub fn finish(&mut self) {
        self.figures.finish();
        let rows = self.story.finish();
        self.ended = true;
        self.append(rows);
    }

    /// Everything that has happened.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The language of the moment.
    pub fn lang(&self) -> Lang {
        self.setup.lang
    }

    /// Shows figures over time from the beginning, if they are wanted.
    pub fn show_figures(&mut self, wanted: bool) {
        self.figures_of = wanted.then_some(Host::Client);
    }

    /// Says something, until the next key.
    pub fn say(&mut self, notice: Notice) {
        self.notice = Some(notice);
    }

    /// Whether everything has happened: packets can be looked at, not decided about.
    pub(super) fn is_over(&self) -> bool {
        self.ended || matches!(self.mode, Mode::Replay | Mode::Walk)
    }

    /// Whether there is anything of TCP to be shown.
    pub(super) fn has_tcp(&self) -> bool {
        self.has_tcp
    }

    /// How things stood at the selected row.
    pub(super) fn scene(&self) -> &Scene {
        self.past.as_ref().unwrap_or(&self.now)
    }

    /// The selected row.
    pub(super) fn row(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    /// What a lab has to say at its beginning: it is shown until the user presses a key.
    pub(super) fn greeting(&self) -> Option<&Row> {
        let is_note = |row: &&Row| {
            let note = |saying: &Saying| matches!(saying, Saying::Note { .. });
            row.sayings.iter().any(note)
        };
        let first = self.rows.first().filter(is_note);
        first.filter(|_| self.setup.live && !self.touched)
    }

    /// The packet of a number, as far as it got.
    pub(super) fn arrow(&self, id: u64) -> Option<&Arrow> {
        let mut arrows = self.rows.iter().rev().filter_map(|row| row.arrow.as_ref());
        arrows.find(|arrow| arrow.id == id)
    }

    /// The held packet that the next decision is about: the selected one, else the oldest.
    pub(super) fn next_held(&self) -> Option<Held> {
        let is_open = |held: &&Held| !self.decided.contains(&held.id);
        let mut open = self.now.held.iter().filter(is_open).copied();
        let first = open.next()?;
        let chosen = self.row().and_then(|row| Some(row.arrow.as_ref()?.id));
        let chosen = chosen.filter(|_| !self.following);
        let found = open.find(|held| Some(held.id) == chosen);
        Some(found.unwrap_or(first))
    }

    /// Selects a row; the last one is followed from then on.
    pub(super) fn select(&mut self, row: usize) {
        let last = self.rows.len().saturating_sub(1);
        let row = row.min(last);
        self.following = row == last && self.mode != Mode::Walk;
        self.selected = self.fold(row).map_or(row, |fold| fold.start);
        self.following |=
            self.fold(row).is_some_and(|fold| fold.end > last) && self.mode != Mode::Walk;
        self.reached = self.reached.max(row);
        self.field = self.field.map(|_| 0);
        self.look_back();
    }

    fn append(&mut self, rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        let is_tcp = |row: &Row| {
            let segment = row.arrow.as_ref().and_then(|arrow| arrow.seen.segment());
            segment.is_some()
        };
        self.has_tcp |= rows.iter().any(is_tcp);
        for row in rows {
            self.append_row(row);
        }
        // Those that came are the last, whatever they have replaced.
        if let Some(row) = self.quiz_row() {
            self.correct(&row);
        }
        if self.following {
            let last = self.rows.len() - 1;
            self.selected = self.fold(last).map_or(last, |fold| fold.start);
            self.reached = last;
        }
        self.look_back();
    }

    /// A selected row is shown with the states that its hosts had then.
    fn look_back(&mut self) {
        let next = self.rows.get(self.below(self.selected));
        let next = next.map(|row| row.t_ns);
        self.past = next.filter(|_| !self.following).map(|until| {
            let before = self.events.iter().take_while(|event| event.t_ns < until);
            Scene::after(before)
        });
    }
}

/// Whether it is about a socket of TCP.
fn is_of_tcp(event: &Event) -> bool {
    match &event.kind {
        Kind::State(_) => true,
        Kind::Call(call) => call.args.iter().any(|arg| arg.contains("SOCK_STREAM")),
        _ => false,
    }
}
