//! What strace(1) writes of a program, read as socket calls.
//!
//! It is told to write the time of each call and how long it took (`-ttt -T`), whose call it is
//! (`-f -o`), and what each descriptor is (`-yy`). A call that waits is half a line, which strace
//! flushes before the call is made: [`Trace::unfinished`] reads that, so a call is told when it begins.
//! What cannot be read is left out; nothing in here fails.

mod args;
mod call;
pub(crate) mod registers;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::HashSet;

use call::Text;
use lineman_trace::log::Answer;
use lineman_trace::log::Endpoints;

/// A call of a program, as it begins or returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Traced {
    /// Which thread made it; a thread is in one call at most.
    pub(crate) thread: u32,
    /// When, in nanoseconds since 1970.
    pub(crate) utc_ns: u64,
    /// Its descriptor.
    pub(crate) fd: Option<i32>,
    /// The ends of the connection that it is about: as it began, and of a new one when it returns.
    pub(crate) socket: Option<Endpoints>,
    /// Its name, as a programmer writes it.
    pub(crate) name: String,
    /// Its arguments, as in the log.
    pub(crate) args: Vec<String>,
    /// `None` when it begins.
    pub(crate) answer: Option<Answer>,
}

/// Reads what strace writes, and knows which calls have begun.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    begun: HashMap<u32, Begun>,
    /// The epoll instances that a socket of the wire was added to.
    epolls: HashSet<i32>,
    /// The connections of sockets that a thread has added to an epoll, if they have one, by what it has put there to know them by.
    watched: HashMap<(u32, Option<i32>, String), Option<Endpoints>>,
    /// Connections that their programs have dissolved. strace looks once at what a socket is, and has them still when the
    /// socket has another.
    dissolved: HashSet<Endpoints>,
}

/// A call that has not returned.
#[derive(Debug)]
struct Begun {
    /// What strace has written of it.
    text: String,
    /// Whether its beginning is of interest, and was told.
    told: bool,
}

/// The beginning of each line.
struct Line<'a> {
    thread: u32,
    utc_ns: u64,
    rest: &'a str,
}

impl Trace {
    /// Takes a line that is not finished yet, and may grow.
    pub(crate) fn unfinished(&mut self, text: &str) -> Option<Traced> {
        let line = Line::of(text)?;
        if line.rest.starts_with('<') || self.begun.contains_key(&line.thread) {
            return None;
        }
        self.begin(&line, line.rest)
    }

    /// Takes a whole line.
    pub(crate) fn line(&mut self, text: &str) -> Vec<Traced> {
        let mut told = self.whole_line(text);
        for call in &mut told {
            let ends = call.socket.filter(|it| self.dissolved.contains(it));
            call.socket = call.socket.filter(|_| ends.is_none());
            let dissolves = call.name == "connect" && call.args == ["AF_UNSPEC"];
            let done = matches!(&call.answer, Some(Answer::Value(_))) && dissolves;
            if let Some(ends) = call
                .socket
                .filter(|_| done && self.dissolved.len() < DISSOLVED)
            {
                self.dissolved.insert(ends);
            }
        }
        told
    }

    fn whole_line(&mut self, text: &str) -> Vec<Traced> {
        let Some(line) = Line::of(text) else {
            return Vec::new();
        };
        if let Some(rest) = line.rest.strip_prefix("<... ") {
            let Some((_, rest)) = rest.split_once(" resumed>") else {
                return Vec::new();
            };
            let Some(begun) = self.begun.remove(&line.thread) else {
                return Vec::new();
            };
            let whole = begun.text + rest;
            return begun
                .told
                .then(|| self.returned(&line, &whole, Some(line.utc_ns)))
                .flatten()
                .into_iter()
                .collect();
        }
        if let Some(head) = line.rest.strip_suffix("<unfinished ...>") {
            let known = self.begun.remove(&line.thread);
            let told = self.begin(&line, head);
            // Its beginning was told already, when there was less of it.
            return told.filter(|_| known.is_none()).into_iter().collect();
        }
        let known = self.begun.remove(&line.thread);
        let end = self.returned(&line, line.rest, None);
        let Some(end) = end.filter(|it| self.is_of_interest(&it.name, it.fd)) else {
            return Vec::new();
        };
        let begins = known.is_none_or(|begun| !begun.told);
        let begin = begins.then(|| Traced {
            utc_ns: line.utc_ns,
            answer: None,
            socket: Text::of(line.rest).and_then(|text| text.call()?.socket),
            ..end.clone()
        });
        begin.into_iter().chain([end]).collect()
    }

    /// A call that is complete. `at` is when it returned, where that is not its beginning and how long it took.
    fn returned(&mut self, line: &Line<'_>, text: &str, at: Option<u64>) -> Option<Traced> {
        let text = Text::of(text)?;
        let call = text.call()?;
        let answer = text.answer(&call)?;
        let took = text.took_ns().unwrap_or(0);
        // Other threads may have another epoll by the same number: their processes are not known.
        let key = |data: &str| (line.thread, call.fd, data.to_owned());
        if let Some((data, ends)) = text.watched().filter(|_| self.watched.len() < WATCHED) {
            self.watched.insert(key(data), ends);
        }
        let ready = text.ready_data();
        let ready = ready.and_then(|data| *self.watched.get(&key(data))?);
        Some(Traced {
            thread: line.thread,
            utc_ns: at.unwrap_or_else(|| line.utc_ns.saturating_add(took)),
            fd: call.fd,
            socket: text.made().or(call.socket).or(ready),
            name: call.name,
            args: call.args,
            answer: Some(answer),
        })
    }

    /// An epoll that no socket of the wire was added to waits for something else.
    fn is_of_interest(&mut self, name: &str, fd: Option<i32>) -> bool {
        let Some(fd) = fd.filter(|_| name.starts_with("epoll_")) else {
            return true;
        };
        if name == "epoll_ctl" && self.epolls.len() < EPOLLS {
            self.epolls.insert(fd);
        }
        self.epolls.contains(&fd)
    }

    fn begin(&mut self, line: &Line<'_>, text: &str) -> Option<Traced> {
        if text.starts_with(['+', '-']) || !text.contains('(') {
            return None;
        }
        let call = Text::of(text).and_then(|text| text.call());
        let call = call.filter(|call| self.is_of_interest(&call.name, call.fd));
        let begun = Begun {
            text: text.to_owned(),
            told: call.is_some(),
        };
        self.begun.insert(line.thread, begun);
        let call = call?;
        Some(Traced {
            thread: line.thread,
            utc_ns: line.utc_ns,
            fd: call.fd,
            socket: call.socket.filter(|it| !self.dissolved.contains(it)),
            name: call.name,
            args: call.args,
            answer: None,
        })
    }
}

/// How many epoll instances are remembered: more than a lesson's program has.
const EPOLLS: usize = 1024;
/// How many sockets of epolls are remembered: the same.
const WATCHED: usize = 4096;
/// How many dissolved connections are remembered: the same.
const DISSOLVED: usize = 1024;

impl<'a> Line<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (thread, rest) = text.split_once(' ')?;
        let (time, rest) = rest.trim_start().split_once(' ')?;
        Some(Self {
            thread: thread.parse().ok()?,
            utc_ns: args::seconds_ns(time)?,
            rest,
        })
    }
}
