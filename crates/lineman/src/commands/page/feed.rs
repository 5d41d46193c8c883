//! The messages for the page: numbered, kept, and read by any number of browsers from where each likes.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::watch;

use crate::views::page::FrameBytes;
use crate::views::page::Message;

/// What the page is told. Clones are the same feed.
///
/// Rows are kept for whoever comes later; of how things stand only the latest is.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    told: Arc<Mutex<Told>>,
    /// How often something was told.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Told {
    /// From the first one on; the number of the first is 1.
    kept: Vec<Message>,
    /// The packet of each row.
    frames: Vec<Option<Arc<FrameBytes>>>,
    /// How things stand, and how often that was told.
    scene: Option<(u64, Message)>,
}

/// One browser's place in a feed.
#[derive(Debug)]
pub(super) struct Reader {
    feed: Feed,
    news: watch::Receiver<u64>,
    /// How many messages it has.
    read: usize,
    /// The scene that it has.
    scene: u64,
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

    /// Tells how things stand, in place of what was told before.
    pub(super) fn show(&self, scene: Message) {
        let mut told = self.locked();
        let count = match &told.scene {
            Some((_, before)) if *before == scene => return,
            Some((count, _)) => count + 1,
            None => 1,
        };
        told.scene = Some((count, scene));
        drop(told);
        self.news.send_modify(|count| *count += 1);
    }

    /// The packet of a row, if it has one.
    pub(super) fn frame(&self, row: usize) -> Option<Arc<FrameBytes>> {
        self.locked().frames.get(row)?.clone()
    }

    /// A reader who has the first `read` messages already.
    pub(super) fn reader(&self, read: usize) -> Reader {
        Reader {
            read: read.min(self.locked().kept.len()),
            news: self.news.subscribe(),
            feed: self.clone(),
            scene: 0,
        }
    }

    fn locked(&self) -> MutexGuard<'_, Told> {
        // Nothing in here panics half-way.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Waits for the next message; its number, if it is one that is kept. `None` when nobody tells any more.
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
        if let Some(message) = told.kept.get(self.read) {
            self.read += 1;
            return Some((Some(self.read), message.clone()));
        }
        let (count, scene) = told.scene.as_ref()?;
        (*count > self.scene).then(|| {
            self.scene = *count;
            (None, scene.clone())
        })
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
