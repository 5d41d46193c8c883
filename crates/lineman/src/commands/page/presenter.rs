//! A log on the page.

use lineman_lab::wire;
use lineman_trace::log::Event;
use serde_json::json;
use tokio::time::Instant;

use super::feed::Feed;
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
}

impl Page {
    /// Nothing of it yet. `rules` are those of the lab that there is to drive, which holds each packet at first; `None`
    /// if everything has happened.
    pub(super) fn new(feed: Feed, rules: Option<String>) -> Self {
        let live = rules.is_some();
        let rules = rules.unwrap_or_default();
        let session = json!({ "live": live, "step": live, "rules": rules });
        feed.tell(vec![Message::new("session", &session)]);
        Self {
            model: Model::default(),
            feed,
            time: LogTime::default(),
        }
    }

    /// Tells all who look how the wire is from now on.
    pub(super) fn obeyed(&self, command: &wire::Command) {
        let wire = match command {
            wire::Command::Step => json!({ "step": true }),
            wire::Command::Run => json!({ "step": false }),
            wire::Command::Rules(rules) => json!({ "rules": rules.to_string() }),
            _ => return,
        };
        self.feed.tell(vec![Message::new("wire", &wire)]);
    }

    /// Tells something that is not in the log.
    pub(super) fn notice(&self, text: &str) {
        self.feed
            .tell(vec![Message::new("notice", &json!({ "text": text }))]);
    }
}

impl Present for Page {
    fn take(&mut self, event: &Event) -> Result<(), Failure> {
        self.time.see(event);
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
        self.feed.show(self.model.scene());
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
        self.notice(&failure.text);
        Ok(())
    }
}
