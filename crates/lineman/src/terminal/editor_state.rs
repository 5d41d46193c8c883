//! What rustyline tells its helper: the draft after each key, and that it is about to draw.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use rustyline::Context;
use rustyline::Helper;
use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;

/// Whom a line goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Addressee(u64);

impl Addressee {
    /// At least as wide as for two digits: another may take its place while the prompt is shown, and
    /// the editor has measured the prompt by then.
    fn prompt(self, columns: usize) -> String {
        format!("{:>columns$}", format!("@{}> ", self.0))
    }
}

/// How wide a prompt is that names no addressee yet, or a number of two digits: `@12> `.
const ADDRESSED: usize = 5;

/// What the session and the editor's thread know of each other.
#[derive(Debug, Default)]
pub(super) struct EditorState {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    draft: String,
    prompt: &'static str,
    /// Whom a line would go to now, and whom the prompt names. They differ while the user is typing.
    latest: Option<Addressee>,
    named: Option<Addressee>,
    /// Whom the line that was finished last goes to.
    finished: Option<u64>,
    /// How many lines were finished.
    lines: u64,
    /// The terminal is in raw mode and the prompt has been drawn.
    at_prompt: bool,
    /// The next drawing, or the end of the line, stops the thread.
    stop: bool,
    stopped: bool,
}

impl EditorState {
    pub(super) fn new(prompt: &'static str) -> Self {
        let shared = Self::default();
        shared.set_prompt(prompt);
        shared
    }

    /// The next prompt, for the editor to measure.
    pub(super) fn prompt(&self) -> String {
        let mut state = self.state();
        state.named = state.latest;
        match state.named {
            Some(addressee) => addressee.prompt(ADDRESSED),
            None => state.prompt.to_owned(),
        }
    }

    /// From now on a line goes to this one, unless one has been begun.
    pub(super) fn address(&self, number: u64) {
        self.state().latest = Some(Addressee(number));
    }

    /// Whom the line that was finished last goes to.
    pub(super) fn addressee(&self) -> Option<u64> {
        self.state().finished
    }

    /// How many lines were finished.
    pub(super) fn lines(&self) -> u64 {
        self.state().lines
    }

    pub(super) fn set_prompt(&self, prompt: &'static str) {
        self.state().prompt = prompt;
    }

    pub(super) fn draft(&self) -> String {
        self.state().draft.clone()
    }

    /// The editor's thread has left the prompt: the line is finished.
    pub(super) fn left_prompt(&self) {
        let mut state = self.state();
        state.draft.clear();
        state.at_prompt = false;
        state.finished = state.named.map(|Addressee(number)| number);
        state.lines += 1;
        self.stop_here(state);
    }

    /// Has the editor's thread stop at its next drawing.
    pub(super) fn stop(&self) {
        self.state().stop = true;
    }

    pub(super) fn wait_at_prompt(&self, limit: Duration) {
        self.wait(limit, |state| state.at_prompt);
    }

    pub(super) fn wait_stopped(&self, limit: Duration) {
        self.wait(limit, |state| state.stopped);
    }

    fn wait(&self, limit: Duration, what: impl Fn(&State) -> bool) {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), limit, |state| !what(state));
        drop(waited);
    }

    /// Stops the calling thread for good if that was asked for.
    fn stop_here(&self, mut state: MutexGuard<'_, State>) {
        if state.stop {
            state.stopped = true;
            self.changed.notify_all();
            drop(state);
            loop {
                std::thread::park();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Given a line as far as it goes, what its last word may become.
pub type Complete = Arc<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// A rustyline helper that completes words, and observes: rustyline asks it for a hint after
/// each key, which is how we know the draft, and to highlight the prompt before each drawing,
/// which is where its thread can be stopped.
pub(super) struct Observer {
    pub(super) shared: Arc<EditorState>,
    pub(super) complete: Complete,
}

impl State {
    /// The prompt as it is drawn: with whom the line goes to, which changes only while nothing is typed.
    fn shown<'p>(&mut self, measured: &'p str) -> Cow<'p, str> {
        let columns = measured.len();
        if let Some(latest) = self.latest
            && self.draft.is_empty()
            && columns >= ADDRESSED
            && latest.prompt(columns).len() == columns
        {
            self.named = Some(latest);
            return Cow::Owned(latest.prompt(columns));
        }
        match self.named {
            Some(named) => Cow::Owned(named.prompt(columns)),
            None => Cow::Borrowed(measured),
        }
    }
}

impl Hinter for Observer {
    type Hint = String;

    fn hint(&self, line: &str, _pos: usize, _ctx: &Context<'_>) -> Option<String> {
        line.clone_into(&mut self.shared.state().draft);
        None
    }
}

impl Highlighter for Observer {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        _default: bool,
    ) -> Cow<'b, str> {
        let mut state = self.shared.state();
        state.at_prompt = true;
        self.shared.changed.notify_all();
        let shown = state.shown(prompt);
        self.shared.stop_here(state);
        shown
    }
}

impl Completer for Observer {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _ctx: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let line = line.get(..pos).unwrap_or_default();
        let begin = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = &line[begin..];
        let mut all = (self.complete)(line);
        all.retain(|candidate| candidate.starts_with(word));
        Ok((begin, all))
    }
}

impl Validator for Observer {}

impl Helper for Observer {}
