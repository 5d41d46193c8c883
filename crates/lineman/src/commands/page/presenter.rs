//! A log on the page.

use std::cell::RefCell;
use std::rc::Rc;

use lineman_lab::wire;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::feed::Feed;
use super::reproduce::Reproduce;
use crate::commands::lab::bench::known::Known;
use crate::commands::trace::log_time::LogTime;
use crate::commands::trace::session::Present;
use crate::failure::Failure;
use crate::views::page::Message;
use crate::views::page::Model;

/// Shows a log to all browsers that look.
pub(super) struct Page {
    model: Model,
    feed: Feed,
    time: LogTime,
    /// How the lab can be had again.
    reproduce: Option<Reproduce>,
    /// What is known of the hosts' sockets, where there is a lab to drive.
    known: Option<Rc<RefCell<Known>>>,
}

impl Page {
    /// Nothing of it yet, and nothing of what was told before counts. `session` says what there is to drive.
    pub(super) fn new(
        feed: Feed,
        session: &Value,
        reproduce: Option<Reproduce>,
        known: Option<Rc<RefCell<Known>>>,
    ) -> Self {
        feed.begin(Message::new("session", session));
        Self {
            model: Model::default(),
            feed,
            time: LogTime::default(),
            reproduce,
            known,
        }
    }

    /// Tells whether a script is being played.
    pub(super) fn playing(&self, plays: bool) {
        let playing = json!({ "playing": plays });
        self.feed.tell(vec![Message::new("wire", &playing)]);
    }

    /// Tells all browsers how the wire is from now on.
    pub(super) fn obeyed(&self, command: &wire::Command) {
        let wire = match command {
            wire::Command::Step => json!({ "step": true }),
            wire::Command::Run => json!({ "step": false }),
            wire::Command::Rules(rules) => {
                let rules = rules.to_string();
                let command = self.reproduce.as_ref().map(|it| it.line(&rules));
                json!({ "rules": rules, "command": command })
            }
            _ => return,
        };
        self.feed.tell(vec![Message::new("wire", &wire)]);
    }

    /// Tells something that is not in the log.
    pub(super) fn notice(&self, text: &Value) {
        self.feed
            .tell(vec![Message::new("notice", &json!({ "text": text }))]);
    }
}

impl Present for Page {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        self.time.see(event);
        self.feed.keep(event);
        self.feed.tell(self.model.push(event));
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        self.time.instant(self.model.due_ns()?)
    }

    fn idle(&mut self) -> Result<(), Failure> {
        self.feed.tell(self.model.idle(self.time.now_ns()));
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.feed.tell(self.model.figures().into_iter().collect());
        self.feed.show(self.model.scene());
        if let Some(known) = &self.known {
            self.feed
                .show(Message::new("sockets", &sockets(&known.borrow())));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.feed.tell(self.model.finish());
        Ok(())
    }

    /// It is looked at until a signal comes.
    fn is_done(&self) -> bool {
        false
    }

    fn not_recorded(&mut self, failure: Failure) -> Result<(), Failure> {
        self.notice(&failure.text.into());
        Ok(())
    }
}

/// The open sockets of both hosts, by descriptor: the page's user chooses among them.
fn sockets(known: &Known) -> Value {
    let of = |host| {
        let all = known.sockets(host).map(|(fd, socket)| {
            json!({
                "fd": fd,
                "listens": socket.listens,
                "datagram": socket.is_datagram,
                "bound": socket.bound,
            })
        });
        all.collect::<Vec<_>>()
    };
    json!({ "client": of(Host::Client), "server": of(Host::Server) })
}
