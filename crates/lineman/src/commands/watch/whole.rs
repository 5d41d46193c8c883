//! A watch on the whole terminal: the list of conversations, and the ladder of the one that is opened.

use std::collections::HashMap;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::capture::Conversation;
use lineman_trace::capture::Recorder;
use lineman_trace::capture::Sorted;
use lineman_trace::log::Event;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::clock::Clock;
use super::kernel;
use super::kernel::Told;
use crate::commands::capture::Caught;
use crate::commands::capture::system;
use crate::commands::lab::tui::Input;
use crate::commands::lab::tui::listen;
use crate::commands::lab::tui::setup;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::screen::Screen;
use crate::views::tui;
use crate::views::tui::Key;
use crate::views::tui::Model;
use crate::views::tui::Setup;
use crate::views::watch::List;
use crate::views::watch::Order;

/// How many bytes of packets are kept for ladders that may be opened; the conversation that was silent longest is
/// forgotten first. Its line stays in the list.
const MOST: usize = 64 << 20;

/// The whole terminal; dropping it gives it back.
pub struct Whole {
    screen: Screen,
    inputs: mpsc::UnboundedReceiver<Input>,
    list: List,
    opened: Option<(u64, Model)>,
    /// The time of the opened one's log.
    clock: Clock,
    histories: HashMap<u64, History>,
    kept: usize,
    /// Nothing more comes.
    ended: bool,
    ascii: bool,
    console: Console,
}

/// The log of a conversation, for its ladder.
struct History {
    recorder: Recorder,
    events: Vec<Event>,
    bytes: usize,
    /// Which packet of the capture was its last.
    last: u64,
}

impl Whole {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is none, or JSON was asked for.
    pub fn take(interface: &str, ascii: bool, console: Console) -> Result<Self, Failure> {
        let ascii = setup(ascii, console)?.ascii;
        let screen = Screen::take()
            .map_err(SystemError::new(Operation::Open, "the terminal"))
            .map_err(|error| Failure::system(&error, console.lang))?;
        Ok(Self {
            screen,
            inputs: listen(console)?,
            list: List::new(interface.to_owned(), console.lang, ascii),
            opened: None,
            clock: Clock::default(),
            histories: HashMap::new(),
            kept: 0,
            ended: false,
            ascii,
            console,
        })
    }

    /// A packet was captured.
    pub fn packet(&mut self, sorted: Sorted, packet: &Caught, of: Option<&Conversation>) {
        self.list.packet(of);
        let Some(conversation) = of else { return };
        let number = conversation.number;
        let captured = packet.as_captured();
        let history = self.histories.entry(number).or_insert_with(|| {
            let mut recorder = Recorder::new();
            let start = recorder.start(&system(), &captured, Some(conversation));
            History {
                recorder,
                events: vec![start],
                bytes: 0,
                last: 0,
            }
        });
        let event = history
            .recorder
            .packet(sorted.number, sorted.from, &captured);
        history.events.push(event.clone());
        history.bytes += packet.bytes.len();
        history.last = sorted.number;
        self.kept += packet.bytes.len();
        if let Some((_, model)) = self.opened.as_mut().filter(|(opened, _)| *opened == number) {
            self.clock.see(event.t_ns);
            model.push(event);
        }
        while self.kept > MOST {
            let idlest = self
                .histories
                .iter()
                .min_by_key(|(_, history)| history.last);
            let Some(number) = idlest.map(|(number, _)| *number) else {
                break;
            };
            let gone = self.histories.remove(&number);
            self.kept -= gone.map_or(0, |history| history.bytes);
        }
    }

    /// The kernel says more than packets tell; its word stands until the next packet.
    pub fn states(&mut self, told: &Told) {
        if let Some(conversation) = self.list.conversation(told.conversation) {
            kernel::replace(conversation, told.states);
        }
    }

    /// So many packets were lost.
    pub fn lost(&mut self, lost: u64) {
        self.list.lost(lost);
    }

    /// Nothing more comes.
    pub fn end(&mut self) {
        self.list.end();
        self.ended = true;
        if let Some((_, model)) = &mut self.opened {
            model.finish();
        }
    }

    /// Waits for a key, or another size.
    pub async fn input(&mut self) -> Input {
        self.inputs.recv().await.unwrap_or(Input::Leave(Exit::Done))
    }

    /// Takes it; whether the person leaves.
    ///
    /// # Errors
    /// When the program is to end at once.
    pub fn take_input(&mut self, input: Input) -> Result<bool, Failure> {
        match input {
            Input::Resized => Ok(false),
            Input::Leave(exit) => Err(Failure::said(exit)),
            Input::Key(key) => self.key(key),
        }
    }

    fn key(&mut self, key: Key) -> Result<bool, Failure> {
        if let Some((_, model)) = &mut self.opened {
            // Its own end is the way back: export and the rest are for logs.
            if let Some(tui::Order::Leave) = model.key(key) {
                self.opened = None;
            }
            return Ok(false);
        }
        match self.list.key(key) {
            Some(Order::Leave) => return Ok(true),
            Some(Order::Open(number)) => self.open(number)?,
            None => {}
        }
        Ok(false)
    }

    fn open(&mut self, number: u64) -> Result<(), Failure> {
        let Some(history) = self.histories.get(&number) else {
            return Ok(()); // forgotten
        };
        let subject = self.list.title(number).unwrap_or_default();
        let mut model = Model::new(Setup {
            subject: format!("lineman watch: {subject}"),
            captured: true,
            ..setup(self.ascii, self.console)?
        });
        self.clock = Clock::default();
        for event in &history.events {
            self.clock.see(event.t_ns);
            model.push(event.clone());
        }
        if self.ended {
            model.finish();
        }
        self.opened = Some((number, model));
        Ok(())
    }

    /// When [`idle`](Self::idle) is to be called.
    pub fn due(&self) -> Option<Instant> {
        let (_, model) = self.opened.as_ref()?;
        self.clock.instant(model.due_ns()?)
    }

    /// Rows that were waiting for more are complete.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn idle(&mut self) -> Result<(), Failure> {
        if let Some((_, model)) = &mut self.opened {
            model.idle(self.clock.now_ns());
        }
        self.settle()
    }

    /// Draws what there is.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn settle(&mut self) -> Result<(), Failure> {
        if !self.screen.is_ours() {
            return Err(Failure::said(Exit::Internal)); // something has panicked, and said so
        }
        let (list, opened) = (&self.list, &self.opened);
        let drawn = self.screen.terminal.draw(|frame| match opened {
            Some((_, model)) => tui::draw(model, frame),
            None => list.draw(frame),
        });
        drawn
            .map(drop)
            .map_err(SystemError::new(Operation::Write, "the terminal"))
            .map_err(|error| Failure::system(&error, self.console.lang))
    }
}
