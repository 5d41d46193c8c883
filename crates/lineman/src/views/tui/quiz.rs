//! “Which state next?”: asked before a packet arrives, and corrected by the row in which it does.

use std::collections::BTreeSet;

use lineman_trace::learn::Change;
use lineman_trace::learn::Guess;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use lineman_trace::story::Row;

use super::key::Key;
use super::model::Model;
use super::model::Panel;
use super::order::Notice;
use super::order::Order;

/// What was asked, and how it went.
#[derive(Clone, Debug, Default)]
pub(super) struct Quiz {
    /// Whether it is asked.
    pub(super) on: bool,
    pub(super) asked: u32,
    pub(super) right: u32,
    /// Packets that were asked about.
    known: BTreeSet<u64>,
    /// What the user expects of a packet that is under way.
    open: Option<(u64, Guess)>,
}

/// A question, while it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The packet.
    pub(super) id: u64,
    /// Whose state is meant.
    pub(super) host: Host,
    /// Nothing, or one of the states.
    pub(super) at: usize,
    /// Whether the wire holds it; else the next row shows what came of it.
    held: bool,
}

impl Question {
    fn guess(&self) -> Guess {
        match self.at.checked_sub(1).and_then(|at| TcpState::ALL.get(at)) {
            Some(state) => Guess::Changes(Change {
                host: self.host,
                state: *state,
            }),
            None => Guess::Nothing,
        }
    }
}

impl Model {
    /// Begins to ask, or stops.
    pub(super) fn toggle_quiz(&mut self) {
        self.quiz.on = !self.quiz.on;
        self.reached = self.selected;
        self.notice = Some(Notice::Asks(self.quiz.on));
    }

    /// Asks about the next row, if its packet changes something that can be known.
    pub(super) fn ask_about_row(&mut self, at: usize) -> bool {
        let row = self.rows.get(at).filter(|row| Guess::asks(row));
        let id = row.and_then(|row| Some(row.arrow.as_ref()?.id));
        self.ask(id.filter(|_| at > self.reached), false)
    }

    /// Asks about the packet that the wire is to let through.
    pub(super) fn ask_about_held(&mut self) -> bool {
        let held = self.next_held().map(|held| held.id);
        let is_tcp = |id: &u64| {
            let arrow = self.arrow(*id);
            arrow.is_some_and(|arrow| arrow.seen.segment().is_some())
        };
        let id = held.filter(is_tcp);
        self.ask(id, true)
    }

    fn ask(&mut self, id: Option<u64>, held: bool) -> bool {
        let Some(id) = id.filter(|id| self.quiz.on && !self.quiz.known.contains(id)) else {
            return false;
        };
        let from = self.arrow(id).map(|arrow| arrow.from);
        let from = from.or_else(|| {
            let mut arrows = self.rows.iter().filter_map(|row| row.arrow.as_ref());
            arrows.find(|arrow| arrow.id == id).map(|arrow| arrow.from)
        });
        self.panel = Panel::Guess(Question {
            id,
            host: from.map_or(Host::Server, Host::other),
            at: 0,
            held,
        });
        true
    }

    /// Takes a key while a question is asked.
    pub(super) fn guess_key(&mut self, mut question: Question, key: Key) -> Option<Order> {
        let count = TcpState::ALL.len() + 1;
        match key {
            Key::Up => question.at = (question.at + count - 1) % count,
            Key::Down => question.at = (question.at + 1) % count,
            Key::Left | Key::Char('1') => question.host = Host::Client,
            Key::Right | Key::Char('2') => question.host = Host::Server,
            Key::Enter | Key::Char(' ') => return self.guessed(&question, true),
            Key::Escape | Key::Char('q') => return self.guessed(&question, false),
            _ => {}
        }
        self.panel = Panel::Guess(question);
        None
    }

    /// Goes on with or without an answer.
    fn guessed(&mut self, question: &Question, answered: bool) -> Option<Order> {
        self.panel = Panel::None;
        self.quiz.known.insert(question.id);
        self.quiz.open = answered.then(|| (question.id, question.guess()));
        if question.held {
            return self.deliver();
        }
        let next = self.below(self.selected);
        self.select(next);
        let row = self.rows.get(next).cloned();
        row.iter().for_each(|row| self.correct(row));
        None
    }

    /// The row in which the packet arrives that the user was asked about.
    pub(super) fn quiz_row(&self) -> Option<Row> {
        let (id, _) = self.quiz.open?;
        let arrives =
            |row: &&Row| Guess::asks(row) && row.arrow.as_ref().is_some_and(|it| it.id == id);
        self.rows.iter().rev().find(arrives).cloned()
    }

    /// Corrects the guess that is open, if this is the row in which its packet arrives.
    pub(super) fn correct(&mut self, row: &Row) {
        let Some((id, guess)) = self.quiz.open else {
            return;
        };
        if row.arrow.as_ref().is_none_or(|arrow| arrow.id != id) {
            return;
        }
        if let Some(outcome) = guess.outcome(row) {
            self.quiz.open = None;
            self.quiz.asked += 1;
            self.quiz.right += u32::from(outcome.right);
            self.notice = Some(Notice::Guessed {
                right: outcome.right,
                changes: outcome.changes,
            });
        }
    }
}
