//! Calls that come again and again are shown once: a server that looks every half second whether it is to
//! end, with poll(2), would fill the screen. The record has them all.

use std::collections::HashMap;
use std::collections::HashSet;

use lineman_trace::log::Answer;
use lineman_trace::log::Call;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use tokio::time::Instant;

use crate::commands::trace::session::Present;
use crate::failure::Failure;

/// A presenter that is not told of calls that are to be left out.
pub(super) struct Folded<P> {
    inner: P,
    fold: Option<Fold>,
}

impl<P> Folded<P> {
    /// Leaves out calls of these names, and those that wait in vain once more; with `None` nothing.
    pub(super) fn new(inner: P, hidden: Option<&[String]>) -> Self {
        let fold = hidden.map(|hidden| Fold {
            hidden: hidden.iter().cloned().collect(),
            ..Fold::default()
        });
        Self { inner, fold }
    }
}

impl<P: Present> Present for Folded<P> {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        match self.fold.as_mut().is_none_or(|fold| fold.shows(event)) {
            true => self.inner.take(event),
            false => Ok(()),
        }
    }

    fn due(&self) -> Option<Instant> {
        self.inner.due()
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.inner.idle()
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.inner.settle()
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.inner.finish()
    }

    fn is_done(&self) -> bool {
        self.inner.is_done()
    }

    fn give_up(&mut self) {
        self.inner.give_up();
    }

    fn not_recorded(&mut self, failure: Failure) -> Result<(), Failure> {
        self.inner.not_recorded(failure)
    }
}

/// Which calls are shown.
#[derive(Debug, Default)]
struct Fold {
    /// Names of calls that are never shown.
    hidden: HashSet<String>,
    /// The last wait of each program, if it was in vain.
    vain: HashMap<Program, Wait>,
    /// Calls that have begun and are not shown.
    left_out: HashSet<u64>,
}

/// Whose calls they are.
type Program = (Host, Option<String>);

/// What a program waits for: the call's name and arguments.
type Wait = (String, Vec<String>);

impl Fold {
    fn shows(&mut self, event: &Event) -> bool {
        let Kind::Call(call) = &event.kind else {
            return true;
        };
        if self.hidden.contains(&call.name) {
            return false;
        }
        let program = (call.host, call.program.clone());
        let wait = (call.name.clone(), call.args.clone());
        if !WAITING.contains(&call.name.as_str()) {
            self.vain.remove(&program);
            return true;
        }
        match &call.answer {
            None if self.vain.get(&program) == Some(&wait) => {
                self.left_out.insert(call.id);
                false
            }
            None => true,
            Some(_) => {
                let in_vain = is_in_vain(call);
                match in_vain {
                    true => drop(self.vain.insert(program, wait)),
                    false => drop(self.vain.remove(&program)),
                }
                // Its end is of interest when something has come of it.
                !(self.left_out.remove(&call.id) && in_vain)
            }
        }
    }
}

/// Whether nothing has happened in the time that it waited.
fn is_in_vain(call: &Call) -> bool {
    matches!(&call.answer, Some(Answer::Value(value)) if value == "0" || value.contains("Timeout"))
}

/// The calls that wait for one of several things.
const WAITING: [&str; 7] = [
    "poll",
    "ppoll",
    "select",
    "pselect",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
];

#[cfg(test)]
mod tests {
    use super::*;

    struct Told(Fold, u64);

    impl Told {
        fn call(&mut self, name: &str, answer: Option<&str>) -> bool {
            if answer.is_none() {
                self.1 += 1;
            }
            let call = Call {
                id: self.1,
                host: Host::Server,
                program: Some("python3".to_owned()),
                fd: None,
                socket: None,
                name: name.to_owned(),
                args: vec!["[{fd=3, events=POLLIN}]".to_owned(), "500".to_owned()],
                answer: answer.map(|value| Answer::Value(value.to_owned())),
            };
            let (n, t_ns, kind) = (0, 0, Kind::Call(call));
            self.0.shows(&Event { n, t_ns, kind })
        }

        fn polls(&mut self, answer: &str) -> [bool; 2] {
            [self.call("poll", None), self.call("poll", Some(answer))]
        }
    }

    /// http.server asks twice a second whether it is to end.
    #[test]
    fn a_wait_in_vain_is_shown_once_and_one_that_is_not_each_time() {
        let mut told = Told(Fold::default(), 0);
        assert_eq!(told.polls("0 (Timeout)"), [true, true]);
        assert_eq!(told.polls("0 (Timeout)"), [false, false]);
        assert_eq!(told.polls("0 (Timeout)"), [false, false]);
        assert_eq!(told.polls("1 ([{fd=3, revents=POLLIN}])"), [false, true]);
        assert!(told.call("accept", None) && told.call("accept", Some("4")));
        assert_eq!(told.polls("0 (Timeout)"), [true, true]);
        assert_eq!(told.polls("0 (Timeout)"), [false, false]);
    }

    #[test]
    fn calls_can_be_left_out_by_their_names() {
        let hidden = ["read".to_owned()].into();
        let fold = Fold {
            hidden,
            ..Fold::default()
        };
        let mut told = Told(fold, 0);
        assert!(!told.call("read", None) && !told.call("read", Some("5")));
        assert!(told.call("recv", None) && told.call("recv", Some("5")));
    }
}
