//! The page's commands, carried out in the lab.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::pending;
use std::rc::Rc;
use std::time::Instant;

use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Stop;
use lineman_lab::wire;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::commands::Answer;
use super::commands::Choice;
use super::commands::Command;
use super::commands::Said;
use super::commands::Wrong;
use super::commands::rules;
use super::commands::time;
use super::presenter::Page;
use crate::commands::lab::bench::help;
use crate::commands::lab::bench::known::Known;
use crate::commands::lab::bench::line;
use crate::commands::lab::bench::line::Wish;
use crate::commands::lab::bench::pace::Pace;
use crate::commands::lab::bench::state;
use crate::commands::lab::driven::Order;
use crate::commands::lab::live::Live;
use crate::commands::lab::live::Play;
use crate::commands::lab::live::Played;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Source;
use crate::commands::trace::source::refusal;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench;

/// A command, and the channel to the request that waits for its result.
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// A lab, and how its scripts end.
pub struct Lab {
    /// What obeys.
    pub live: Live,
    /// What is told of scripts.
    pub played: Played,
}

/// The commands as they come, and the lab that they are for.
pub(super) struct Driver {
    inbox: mpsc::Receiver<Asked>,
    /// `None` if everything has happened.
    lab: Option<Lab>,
    /// Whether the lab has ended.
    over: bool,
    /// What the log tells of sockets and held packets, so that the user need not name them again.
    known: Rc<RefCell<Known>>,
    pace: Pace,
    /// Lines whose time has not come.
    lines: VecDeque<Lines>,
    /// The lab that was asked for in place of this one; whether another can be had at all.
    next: Option<Choice>,
    may_start: bool,
    console: Console,
}

/// Lines of one command.
struct Lines {
    host: Host,
    left: VecDeque<String>,
    said: Said,
    answer: oneshot::Sender<Answer>,
}

/// What is heard beside the log.
pub(super) enum Heard {
    Asked(Asked),
    /// The next line's time has come.
    Due,
    /// A script has ended.
    Played(Result<(), Stop>),
}

impl Driver {
    pub(super) fn new(inbox: mpsc::Receiver<Asked>, may_start: bool, console: Console) -> Self {
        Self {
            inbox,
            lab: None,
            over: true,
            known: Rc::new(RefCell::new(Known::new())),
            pace: Pace::new(std::time::Duration::ZERO),
            lines: VecDeque::new(),
            next: None,
            may_start,
            console,
        }
    }

    /// Drives this lab from now on, of which nothing is known yet.
    pub(super) fn drive(&mut self, lab: Option<Lab>) -> Rc<RefCell<Known>> {
        self.over = lab.is_none();
        self.lab = lab;
        self.known = Rc::new(RefCell::new(Known::new()));
        self.pace = Pace::new(std::time::Duration::ZERO);
        self.forget_lines();
        Rc::clone(&self.known)
    }

    /// The lab that was asked for in place of the one that has ended.
    pub(super) fn next(&mut self) -> Option<Choice> {
        self.next.take()
    }

    /// What waits for a lab that is no more is not done.
    fn forget_lines(&mut self) {
        for lines in self.lines.drain(..) {
            let _ = lines.answer.send(Err(Wrong::Ended)); // nobody may wait
        }
    }

    fn do_now(&mut self, command: Command, page: &mut Page) -> Answer {
        if let Command::Start {
            scenario,
            ipv6,
            step,
            rules,
        } = command
        {
            return self.start(scenario, ipv6, step, rules);
        }
        let lab = match &self.lab {
            Some(lab) if !self.over => &lab.live,
            Some(_) => return Err(Wrong::Ended),
            None => return Err(Wrong::Recorded),
        };
        let known = self.known.borrow();
        let held = |id: u64| {
            known
                .held(Some(id))
                .map_err(|why| Wrong::Line(format!("#{id}"), why))
        };
        let command = match command {
            Command::Deliver { id } => wire::Command::Deliver(held(id)?),
            Command::Drop { id } => wire::Command::Drop(held(id)?),
            Command::Duplicate { id } => wire::Command::Duplicate(held(id)?),
            Command::Delay { id, millis } => wire::Command::Delay(held(id)?, time(millis)),
            Command::Step {} => wire::Command::Step,
            Command::Run {} => wire::Command::Run,
            Command::Rules { rules: text } => wire::Command::Rules(rules(&text)?),
            Command::Tftp(tftp) => {
                return match lab.play(Play::Transfer(tftp.transfer())) {
                    true => {
                        page.playing(true);
                        Ok(Said::default())
                    }
                    false => Err(Wrong::Playing),
                };
            }
            Command::Lines { .. } | Command::Start { .. } => return Err(Wrong::TooMany), // taken before
        };
        page.obeyed(&command);
        lab.obey(command);
        Ok(Said::default())
    }

    /// Why a script has not come to its end, in both languages.
    fn stopped(&self, stop: &Stop) -> Value {
        let text = |lang| {
            let console = Console {
                lang,
                ..self.console
            };
            refusal::stopped(stop, console).text
        };
        json!({ "en": text(Lang::En), "zh": text(Lang::Zh) })
    }

    fn start(
        &mut self,
        scenario: Option<String>,
        ipv6: bool,
        step: bool,
        own: Option<String>,
    ) -> Answer {
        if !self.may_start {
            return Err(Wrong::Recorded);
        }
        let find = |name: String| Scenario::find(&name).ok_or(Wrong::NoScenario(name));
        let scenario = scenario.map(find).transpose()?;
        self.next = Some(Choice {
            scenario,
            ipv6,
            step,
            rules: own.map(|text| rules(&text)).transpose()?,
        });
        Ok(Said::default())
    }

    /// Obeys the next line.
    fn obey_line(&mut self, page: &mut Page) {
        let Some(mut lines) = self.lines.pop_front() else {
            return;
        };
        let Some(line) = lines.left.pop_front() else {
            let _ = lines.answer.send(Ok(lines.said)); // nobody may wait
            return;
        };
        let wish = {
            let mut known = self.known.borrow_mut();
            known.host = lines.host;
            line::read(&line, &mut known)
        };
        let wrong = |why| Wrong::Line(line.clone(), why);
        let done = match wish {
            Err(why) => Err(wrong(why)),
            Ok(Wish::State) => return self.tell_state(lines),
            Ok(wish) => self.grant(wish, page).map_err(|why| match why {
                Refused::Complaint(why) => wrong(why),
                Refused::Wrong(why) => why,
            }),
        };
        match done {
            Ok(said) => {
                lines.said.en += &said.en;
                lines.said.zh += &said.zh;
                match lines.left.is_empty() {
                    true => drop(lines.answer.send(Ok(lines.said))),
                    false => self.lines.push_front(lines),
                }
            }
            Err(why) => drop(lines.answer.send(Err(why))),
        }
    }

    fn grant(&mut self, wish: Wish, page: &mut Page) -> Result<Said, Refused> {
        let lab = self.lab.as_ref().filter(|_| !self.over);
        let lab = &lab.ok_or(Refused::Wrong(Wrong::Ended))?.live;
        match wish {
            Wish::Call(host, call) => {
                lab.call(host, call);
                self.pace.asked();
            }
            Wish::Meant(host, call) => {
                lab.call(host, call.clone());
                self.pace.asked();
                let line = line::descriptor_meant(&call);
                return Ok(Said::with(|lang| Bench::Meant { line: &line }.render(lang)));
            }
            Wish::Wire(command) => {
                page.obeyed(&command);
                lab.obey(command);
            }
            Wish::Help(word) => {
                let text = |lang| help::text(word.as_deref(), lang);
                text(self.console.lang).map_err(Refused::Complaint)?;
                return Ok(Said::with(|lang| text(lang).unwrap_or_default()));
            }
            Wish::Wait(_) => return Err(Refused::Wrong(Wrong::NotHere("wait"))),
            Wish::Quit => return Err(Refused::Wrong(Wrong::NotHere("quit"))),
            Wish::Nothing | Wish::Host(_) | Wish::State => {}
        }
        Ok(Said::default())
    }

    /// Says how all sockets are; lines behind that are not obeyed, because they would not wait for the answer.
    fn tell_state(&mut self, lines: Lines) {
        let Some(lab) = self.lab.as_ref().filter(|_| !self.over) else {
            let _ = lines.answer.send(Err(Wrong::Ended)); // nobody may wait
            return;
        };
        let Lines {
            mut said, answer, ..
        } = lines;
        lab.live
            .order(Order::Sockets(Box::new(move |hosts, origin| {
                let all = Said::with(|lang| {
                    let hosts = hosts.iter();
                    let lines = hosts.flat_map(|(host, sockets)| {
                        state::text(*host, sockets, origin, COLUMNS, lang)
                    });
                    lines.collect::<Vec<_>>().join("\n")
                });
                said.en += &all.en;
                said.zh += &all.zh;
                let _ = answer.send(Ok(said)); // nobody may wait
            })));
    }
}

/// Why a line is not obeyed.
enum Refused {
    Complaint(crate::commands::lab::bench::complaint::Complaint),
    Wrong(Wrong),
}

impl Source<Page> for Driver {
    type Input = Heard;

    async fn input(&mut self) -> Heard {
        loop {
            let waits = !self.lines.is_empty();
            if waits && self.pace.is_open() {
                return Heard::Due;
            }
            let changes: Option<Instant> = self.pace.changes().filter(|_| waits);
            let played = async {
                match self.lab.as_mut().filter(|_| !self.over) {
                    Some(lab) => match lab.played.recv().await {
                        Some(played) => played,
                        None => pending().await, // the script's thread has ended
                    },
                    None => pending().await,
                }
            };
            let change = async {
                match changes {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                asked = self.inbox.recv() => match asked {
                    Some(asked) => return Heard::Asked(asked),
                    None => return pending().await, // the server has ended, and the log goes on
                },
                played = played => return Heard::Played(played),
                () = change => {}
            }
        }
    }

    fn take(&mut self, heard: Heard, page: &mut Page) -> Result<Next, Failure> {
        match heard {
            Heard::Due => self.obey_line(page),
            Heard::Played(played) => {
                page.playing(false);
                if let Err(stop) = played {
                    page.notice(&self.stopped(&stop));
                }
            }
            Heard::Asked(Asked {
                command: Command::Lines { host, lines },
                answer,
            }) => {
                let refused = match &self.lab {
                    Some(_) if self.over => Some(Wrong::Ended),
                    Some(_) if self.lines.len() >= MOST_WAITING => Some(Wrong::TooMany),
                    Some(_) => None,
                    None => Some(Wrong::Recorded),
                };
                if let Some(why) = refused {
                    let _ = answer.send(Err(why)); // nobody may wait
                    return Ok(Next::GoOn);
                }
                self.lines.push_back(Lines {
                    host,
                    left: lines.into(),
                    said: Said::default(),
                    answer,
                });
            }
            Heard::Asked(Asked { command, answer }) => {
                let done = self.do_now(command, page);
                let _ = answer.send(done); // nobody may wait
                if self.next.is_some() {
                    return Ok(Next::End);
                }
            }
        }
        Ok(Next::GoOn)
    }

    fn hear(&mut self, event: &Event) {
        self.known.borrow_mut().hear(event);
        self.pace.hear(event);
    }

    /// ^C is how a page ends.
    fn signal(&mut self, _: Exit) -> Result<Next, Failure> {
        Err(Failure::said(Exit::Done))
    }

    fn end(&mut self) {
        self.over = true;
        self.forget_lines();
        self.lab.iter_mut().for_each(|lab| lab.live.end());
    }

    fn ended(&mut self, asked: bool, page: &mut Page) -> Result<(), Failure> {
        self.over = true;
        self.forget_lines();
        let lab = self.lab.as_mut().filter(|_| !asked);
        if let Some(why) = lab.and_then(|lab| lab.live.ended()) {
            page.notice(&self.stopped(&why));
        }
        Ok(())
    }
}

/// As wide as the page's prompt shows a line without breaking it.
const COLUMNS: usize = 100;
/// How many commands may wait for their lines: a person types one after the other.
const MOST_WAITING: usize = 16;
