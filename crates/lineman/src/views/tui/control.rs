//! What keys do.

use std::time::Duration;

use lineman_lab::wire::Command;
use lineman_trace::log::Host;

use super::hex;
use super::key::Key;
use super::model::Mode;
use super::model::Model;
use super::model::Panel;
use super::order::Notice;
use super::order::Order;
use super::prompt::Answer;
use super::prompt::Prompt;
use crate::lang::Lang;

/// How many rows a page has.
const PAGE: usize = 10;
/// How long a packet is delayed by a key.
pub(super) const DELAY: Duration = Duration::from_millis(200);

impl Model {
    /// Takes a key; gives what is to be done about it elsewhere.
    pub fn key(&mut self, key: Key) -> Option<Order> {
        self.notice = None;
        self.touched = true;
        match &mut self.panel {
            Panel::Help => {
                self.panel = Panel::None;
                None
            }
            Panel::Export(prompt) => {
                let answer = prompt.key(key);
                self.answered(answer)
            }
            Panel::Scenarios(at) => {
                let at = *at;
                self.choice_key(at, key)
            }
            Panel::Guess(question) => {
                let question = question.clone();
                self.guess_key(question, key)
            }
            Panel::None => self.move_to(key).or_else(|| self.command(key)),
        }
    }

    fn answered(&mut self, answer: Answer) -> Option<Order> {
        if answer != Answer::Open {
            self.panel = Panel::None;
        }
        match answer {
            Answer::Given(format, path) => Some(Order::Export { format, path }),
            Answer::Open | Answer::Withdrawn => None,
        }
    }

    /// Keys that move something. They order nothing.
    fn move_to(&mut self, key: Key) -> Option<Order> {
        let at = self.selected;
        match key {
            Key::Up => self.select(self.above(at)),
            Key::Down => self.advance(),
            Key::PageUp => self.select(at.saturating_sub(PAGE)),
            Key::PageDown => self.select((at + PAGE).min(self.shown().saturating_sub(1))),
            Key::Home => self.select(0),
            Key::End => self.select(self.shown().saturating_sub(1)),
            Key::Enter => self.unfolded = !self.unfolded,
            Key::Left => self.field = self.field.map(|field| field.saturating_sub(1)),
            Key::Right => self.field = self.field.map(|field| self.next_field(field)),
            Key::Escape => self.field = None,
            _ => {}
        }
        None
    }

    fn command(&mut self, key: Key) -> Option<Order> {
        let Key::Char(c) = key else { return None };
        match c {
            'q' => return Some(Order::Leave),
            's' if self.setup.choices && self.is_over() => return Some(restart(true)),
            ' ' | 's' => return self.step(),
            'r' if self.setup.choices => return Some(restart(self.mode != Mode::Walk)),
            'n' if self.setup.choices => self.choose(),
            'p' => self.toggle_quiz(),
            'g' => return self.run(),
            'd' => return self.decide(Command::Drop),
            'u' => return self.decide(Command::Duplicate),
            't' => return self.decide(|id| Command::Delay(id, DELAY)),
            '1' => self.turn_to(Host::Client),
            '2' => self.turn_to(Host::Server),
            'x' => self.field = self.field.xor(Some(0)),
            'f' => self.figures_of = self.next_figures(),
            'i' => self.explain = !self.explain,
            '?' | 'h' => self.panel = Panel::Help,
            'e' => self.panel = Panel::Export(Prompt::new(&self.name())),
            'l' => self.setup.lang = other(self.setup.lang),
            _ => {}
        }
        None
    }

    /// The next held packet goes on; a lab that runs begins to hold them; when all is over, the
    /// selection goes a row on.
    fn step(&mut self) -> Option<Order> {
        match self.mode {
            _ if self.is_over() => self.advance(),
            Mode::Step | Mode::Replay | Mode::Walk => {
                if !self.ask_about_held() {
                    return self.deliver();
                }
            }
            Mode::Run => {
                self.mode = Mode::Step;
                return self.tell(Command::Step);
            }
        }
        None
    }

    /// The held packet goes on.
    pub(super) fn deliver(&mut self) -> Option<Order> {
        self.decide(Command::Deliver)
    }

    /// A row on, unless it is asked before what comes of its packet.
    fn advance(&mut self) {
        let next = self.below(self.selected);
        if next >= self.rows.len() {
            if !self.ended && self.mode == Mode::Walk {
                self.notice = Some(Notice::NothingMore);
            }
            self.select(self.selected);
            return;
        }
        if !self.is_over() || !self.ask_about_row(next) {
            self.select(next);
        }
    }

    fn run(&mut self) -> Option<Order> {
        if self.is_over() {
            self.select(usize::MAX);
            return None;
        }
        self.mode = Mode::Run;
        self.tell(Command::Run)
    }

    fn decide(&mut self, command: impl FnOnce(u64) -> Command) -> Option<Order> {
        if self.is_over() {
            self.notice = Some(match self.setup.choices {
                true => Notice::OnlyWalked,
                false => Notice::OnlyRecorded,
            });
            return None;
        }
        let Some(held) = self.next_held() else {
            self.notice = Some(Notice::NothingHeld);
            return None;
        };
        self.decided.insert(held.id);
        self.tell(command(held.id))
    }

    fn tell(&mut self, command: Command) -> Option<Order> {
        self.notice = Some(Notice::Told(command.clone()));
        Some(Order::Wire(command))
    }

    fn turn_to(&mut self, host: Host) {
        self.focus = Some(host).filter(|_| self.focus != Some(host));
    }

    /// The client's figures, then the server's, then none.
    fn next_figures(&self) -> Option<Host> {
        match self.figures_of {
            None => Some(Host::Client),
            Some(Host::Client) => Some(Host::Server),
            Some(Host::Server) => None,
        }
    }

    fn next_field(&self, field: usize) -> usize {
        let fields = hex::shown(self).map_or(0, |shown| shown.fields.len());
        (field + 1).min(fields.saturating_sub(1))
    }

    /// A name for files about this lab. The log may be a stranger's, and so is its scenario's name.
    fn name(&self) -> String {
        let scenario = self.start.as_ref().and_then(|it| it.scenario.as_deref());
        let fits = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        let name: String = scenario.unwrap_or_default().chars().filter(fits).collect();
        match name.is_empty() {
            true => "lab".to_owned(),
            false => name,
        }
    }
}

/// The same scenario anew.
fn restart(hold: bool) -> Order {
    let scenario = None;
    Order::Restart { scenario, hold }
}

fn other(lang: Lang) -> Lang {
    match lang {
        Lang::En => Lang::Zh,
        Lang::Zh => Lang::En,
    }
}
