//! Exercises about the log that the page shows, or of a file that is one: given out, corrected, and as a file.
//!
//! Nothing is kept between requests: an exercise follows from the log's first events, so many as the page names, and a seed.
//! A page that was opened for a file has nothing else: it is told no rows, which would be the answers.

use axum::body::Bytes;
use axum::http::StatusCode;
use lineman_trace::learn::Answers;
use lineman_trace::learn::Exercise;
use lineman_trace::learn::Mark;
use lineman_trace::learn::OrderMark;
use lineman_trace::learn::Plan;
use lineman_trace::log::Event;
use lineman_trace::story::Saying;
use serde_json::Value;
use serde_json::json;

use crate::lang::Lang;
use crate::views::exercise as view;
use crate::views::words::sentence;

/// What exercises are made of.
pub(super) struct Paper {
    events: Vec<Event>,
    plan: Plan,
}

impl Paper {
    /// A log, and what is asked about any.
    pub(super) fn of_log(events: Vec<Event>) -> Self {
        let plan = Plan::default();
        Self { events, plan }
    }

    /// An exercise, and others about the same log.
    pub(super) fn of(exercise: &Exercise) -> Self {
        let (events, plan) = (exercise.events().to_vec(), exercise.plan().clone());
        Self { events, plan }
    }

    /// Which of them it is.
    pub(super) fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// The exercise that a seed makes of the first events, so many of them or all; `None` if nothing in them can be
    /// asked about.
    pub(super) fn exercise(&self, seed: u64, count: Option<usize>) -> Option<Exercise> {
        let count = count.map_or(self.events.len(), |count| count.min(self.events.len()));
        let plan = self.plan.clone();
        Exercise::new(Plan { seed, ..plan }, self.events[..count].to_vec()).ok()
    }
}

/// What is asked; no answers.
pub(super) fn asked(exercise: &Exercise) -> Value {
    let shuffled = exercise.shuffled().iter().map(|row| {
        let arrow = exercise.row(*row).and_then(|row| row.arrow.as_ref());
        let from = arrow.map(|arrow| arrow.from);
        let text = both(|lang| view::shuffled_label(exercise, *row, lang));
        json!({ "from": from, "text": text })
    });
    let shuffled: Vec<Value> = shuffled.collect();
    let lines = exercise.lines();
    let texts: Vec<Value> = lines
        .iter()
        .map(|line| both(|lang| view::label(exercise, line, &[], lang)))
        .collect();
    let questions = (0..exercise.blanks().len())
        .map(|blank| both(|lang| view::question(exercise, blank, lang)));
    json!({
        "events": exercise.events().len(),
        // A script's numbers have 53 bits.
        "seed": exercise.plan().seed.to_string(),
        "order": shuffled,
        "lines": lines,
        "texts": texts,
        "questions": questions.collect::<Vec<_>>(),
    })
}

/// What the log says of answers.
///
/// # Errors
/// When they are none.
pub(super) fn marks(exercise: &Exercise, body: &Bytes) -> Result<Value, StatusCode> {
    let answers: Answers = serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let marks = exercise.check(&answers);
    let blanks = marks.blanks.iter().map(|mark| match mark {
        Mark::Open => json!({ "mark": "open" }),
        Mark::Right => json!({ "mark": "right" }),
        Mark::Wrong(why) => json!({ "mark": "wrong", "why": reasons(why) }),
    });
    let order = marks.order.as_ref().map(|mark| match mark {
        OrderMark::Open => json!({ "mark": "open" }),
        OrderMark::Right => json!({ "mark": "right" }),
        OrderMark::Wrong { late, early, why } => {
            json!({ "mark": "wrong", "late": late, "early": early, "why": reasons(why) })
        }
    });
    Ok(json!({
        "solved": marks.is_solved(),
        "blanks": blanks.collect::<Vec<_>>(),
        "order": order,
    }))
}

fn reasons(why: &[&Saying]) -> Value {
    both(|lang| {
        let all: Vec<String> = why.iter().map(|saying| sentence(saying, lang)).collect();
        all.join(" ")
    })
}

fn both(text: impl Fn(Lang) -> String) -> Value {
    json!({ "en": text(Lang::En), "zh": text(Lang::Zh) })
}
