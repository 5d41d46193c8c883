//! The messages for the page: numbered, kept, and read by any number of browsers from where each likes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use lineman_trace::log::Event;
use tokio::sync::watch;

use crate::views::page::FrameBytes;
use crate::views::page::Message;

/// What the page is told. Clones are the same feed.
///
/// Rows are kept for browsers that connect later; of the present state only the latest is kept.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    told: Arc<Mutex<Told>>,
    /// How often something was told.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Told {
    /// How many messages were told of earlier logs: they are kept no more.
    forgotten: usize,
    /// Of this log, from the first one on; the number of the first that ever was is 1.
    kept: Vec<Message>,
    /// The packet of each row.
    frames: Vec<Option<Arc<FrameBytes>>>,
    /// How things stand, by kind of message, and when each was told.
    standing: BTreeMap<&'static str, (u64, Message)>,
    /// How often that was told.
    shown: u64,
    /// The log, for exports.
    events: Vec<Event>,
}

/// One browser's place in a feed.
#[derive(Debug)]
pub(super) struct Reader {
    feed: Feed,
    news: watch::Receiver<u64>,
    /// The number of the last message that it has.
    read: usize,
    /// When what it has of how things stand was told.
    shown: u64,
}

impl Default for Feed {
    fn default() -> Self {
        let (news, _) = watch::channel(0);
        Self {
            told: Arc::default(),
            news,
        }
    }
}

impl Feed {
    /// Tells messages that are kept.
    pub(super) fn tell(&self, messages: Vec<Message>) {
        if !messages.is_empty() {
            let mut told = self.locked();
            let rows = messages.iter().filter(|message| message.kind == "row");
            told.frames.extend(rows.map(|row| row.frame.clone()));
            told.kept.extend(messages);
            drop(told);
            self.news.send_modify(|count| *count += 1);
        }
    }

    /// Begins anew: of what was told before nothing counts any more.
    pub(super) fn begin(&self, first: Message) {
        let mut told = self.locked();
        told.forgotten += told.kept.len();
        told.kept = Vec::new();
        told.frames = Vec::new();
        told.events = Vec::new();
        told.standing.clear();
        drop(told);
        self.tell(vec![first]);
    }

    /// Keeps an event for exports.
    pub(super) fn keep(&self, event: &Event) {
        self.locked().events.push(event.clone());
    }

    /// The log as far as it has come.
    pub(super) fn events(&self) -> Vec<Event> {
        self.locked().events.clone()
    }

    /// Tells how things stand, in place of what was told before.
    pub(super) fn show(&self, scene: Message) {
        let mut told = self.locked();
        let before = told.standing.get(scene.kind);
        if before.is_some_and(|(_, before)| *before == scene) {
            return;
        }
        told.shown += 1;
        let shown = told.shown;
        told.standing.insert(scene.kind, (shown, scene));
        drop(told);
        self.news.send_modify(|count| *count += 1);
    }

    /// The packet of a row, if it has one.
    pub(super) fn frame(&self, row: usize) -> Option<Arc<FrameBytes>> {
        self.locked().frames.get(row)?.clone()
    }

    /// A reader who has the messages up to number `read` already.
    pub(super) fn reader(&self, read: usize) -> Reader {
        let told = self.locked();
        let last = told.forgotten + told.kept.len();
        drop(told);
        Reader {
            read: read.min(last),
            news: self.news.subscribe(),
            feed: self.clone(),
            shown: 0,
        }
    }

    fn locked(&self) -> MutexGuard<'_, Told> {
        // Nothing in here panics half-way.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Waits for the next message; its number, if it is one that is kept. `None` when there will be no more.
    pub(super) async fn next(&mut self) -> Option<(Option<usize>, Message)> {
        loop {
            self.news.mark_unchanged();
            if let Some(message) = self.take() {
                return Some(message);
            }
            self.news.changed().await.ok()?;
        }
    }

    fn take(&mut self) -> Option<(Option<usize>, Message)> {
        let told = self.feed.locked();
        self.read = self.read.max(told.forgotten);
        if let Some(message) = told.kept.get(self.read - told.forgotten) {
            self.read += 1;
            return Some((Some(self.read), message.clone()));
        }
        let news = told.standing.values().filter(|(at, _)| *at > self.shown);
        let (at, message) = news.min_by_key(|(at, _)| *at)?;
        self.shown = *at;
        Some((None, message.clone()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(n: u64) -> Message {
        Message::new("row", &json!({ "n": n }))
    }

    async fn numbers(reader: &mut Reader, count: usize) -> Vec<Option<usize>> {
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.push(reader.next().await.expect("a message").0);
        }
        numbers
    }

    #[tokio::test]
    async fn a_browser_that_comes_back_goes_on_without_a_gap() {
        let feed = Feed::default();
        feed.tell(vec![row(0), row(1)]);
        let mut first = feed.reader(0);
        assert_eq!(numbers(&mut first, 2).await, [Some(1), Some(2)]);
        feed.tell(vec![row(2)]);
        let mut back = feed.reader(2);
        assert_eq!(numbers(&mut back, 1).await, [Some(3)]);
        // A number from an earlier run of the program is none of these.
        feed.tell(vec![row(3)]);
        assert_eq!(
            numbers(&mut feed.reader(1), 3).await,
            [Some(2), Some(3), Some(4)]
        );
    }

    /// A browser that had some of the log before, or all of it, is told the next one from its beginning.
    #[tokio::test]
    async fn another_log_is_told_from_its_beginning() {
        let feed = Feed::default();
        feed.tell(vec![row(0), row(1), row(2)]);
        let mut open = feed.reader(0);
        assert_eq!(numbers(&mut open, 1).await, [Some(1)]);
        feed.show(Message::new("scene", &json!({ "held": 1 })));
        feed.begin(Message::new("session", &json!({})));
        feed.tell(vec![row(0)]);
        for mut reader in [open, feed.reader(2), feed.reader(3), feed.reader(0)] {
            let (number, first) = reader.next().await.expect("a message");
            assert_eq!((number, first.kind), (Some(4), "session"));
            assert_eq!(numbers(&mut reader, 1).await, [Some(5)]);
            assert!(reader.take().is_none(), "how the other log stood is past");
        }
        assert_eq!(feed.frame(2), None);
    }

    #[tokio::test]
    async fn of_how_things_stand_the_latest_is_told() {
        let feed = Feed::default();
        feed.show(Message::new("scene", &json!({ "held": 1 })));
        feed.show(Message::new("scene", &json!({ "held": 2 })));
        let mut reader = feed.reader(0);
        let (number, scene) = reader.next().await.expect("a scene");
        assert_eq!((number, scene.json.as_str()), (None, r#"{"held":2}"#));
        feed.show(Message::new("scene", &json!({ "held": 2 })));
        feed.tell(vec![row(0)]);
        assert_eq!(
            reader.next().await.expect("a row").0,
            Some(1),
            "the same is not told twice"
        );
    }
}
