//! Answers of an end that is far from where packets are seen: they come a round trip after what they answer, and so tell by how long they
//! took what they are.

use super::AT_ONCE_NS;
use super::Arrived;
use super::Said;
use super::Sent;
use super::TftpFlow;

/// How long the answers of an end take, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// The shortest and the longest, of what was sent once: each is the answer to that (Karn's rule).
    of_single: Option<(u64, u64)>,
    /// That of what was sent twice and answered twice, each time as late.
    of_pairs: Option<u64>,
}

/// What a packet may be that answers something once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// It comes as long after a repeat as answers take.
    Answer { ns: u64 },
    /// Or a timer has sent it: how long answers take is not known.
    Either { ns: u64 },
}

/// Whether two intervals are about the same.
fn is_near(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= one.max(other) / 8
}

impl Sent {
    /// When it has come, each time that it was sent, the first first; nothing if that was too often to be remembered.
    fn came(&self, arrived: Arrived<'_>) -> impl Iterator<Item = u64> {
        let is_whole = self.ids.last().is_some_and(Option::is_none);
        let sent = self.ids.iter().zip(self.sent_ns).rev();
        let came = sent.filter_map(move |(id, sent_ns)| match arrived {
            Some(arrived) => arrived((*id)?).map(|it| it.last_ns),
            None => id.map(|_| sent_ns),
        });
        came.filter(move |_| is_whole)
    }
}

impl TftpFlow {
    /// What an answer that comes again may be by how long after a repeat of what it answers it does.
    pub(super) fn late(
        &self,
        key: &(bool, Said),
        now_ns: u64,
        arrived: Arrived<'_>,
    ) -> Option<Late> {
        let answers = matches!(key.1, Said::Ack { .. }) || self.answers_request(key);
        let asked = self.asked_by(key).filter(|_| answers)?;
        let asked = self.sent.get(&asked)?;
        let first_ns = asked.first_answer_ns?;
        let came_ns = asked.came(arrived).nth(asked.answered as usize)?;
        let ns = now_ns.saturating_sub(came_ns);
        let is_late = |wanted: u64| is_near(ns, wanted) && is_near(first_ns, wanted);
        if ns < AT_ONCE_NS || !is_near(ns, first_ns) {
            return None;
        }
        let pace = &self.paces[usize::from(key.0)];
        match pace.of_single {
            // They take as long each time.
            Some((least, most)) if most <= least.saturating_mul(2) => {
                let is_usual = is_late(least) || is_late(most);
                is_usual.then_some(Late::Answer { ns })
            }
            Some(_) => None,
            None if pace.of_pairs.is_some_and(is_late) => Some(Late::Answer { ns }),
            None => Some(Late::Either { ns }),
        }
    }

    /// Notes how long an answer has taken.
    pub(super) fn note_pace(
        &mut self,
        key: &(bool, Said),
        (now_ns, late): (u64, Option<Late>),
        arrived: Arrived<'_>,
    ) {
        let pace = &mut self.paces[usize::from(key.0)];
        if let Some(Late::Answer { ns } | Late::Either { ns }) = late {
            pace.of_pairs = Some(ns);
        }
        let Some(asked) = self.asked_by(key) else {
            return;
        };
        let Some(asked) = self.sent.get_mut(&asked) else {
            return;
        };
        if asked.answered > 0 {
            return;
        }
        let mut came = asked.came(arrived);
        let (first, second) = (came.next(), came.next());
        drop(came);
        let Some(first_ns) = first.map(|came_ns| now_ns.saturating_sub(came_ns)) else {
            return;
        };
        asked.first_answer_ns = Some(first_ns);
        if second.is_none() {
            let pace = &mut self.paces[usize::from(key.0)];
            let (least, most) = pace.of_single.unwrap_or((first_ns, first_ns));
            pace.of_single = Some((least.min(first_ns), most.max(first_ns)));
        }
    }
}
