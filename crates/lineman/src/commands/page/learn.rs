//! Exercises about the log that the page shows: given out, corrected, and as a file.
//!
//! Nothing is kept between requests: an exercise follows from the log's first events, so many as the page names, and a seed.

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
use crate::views::packet;
use crate::views::words::sentence;

/// The exercise that a seed makes of these events; `None` if nothing in them can be asked about.
pub(super) fn exercise(seed: u64, events: Vec<Event>) -> Option<Exercise> {
    let plan = Plan {
        seed,
        ..Plan::default()
    };
    Exercise::new(plan, events).ok()
}

/// What is asked; no answers.
pub(super) fn asked(exercise: &Exercise) -> Value {
    let shuffled = exercise.shuffled().iter().map(|row| {
        let arrow = exercise.row(*row).and_then(|row| row.arrow.as_ref());
        let from = arrow.map(|arrow| arrow.from);
        let text = both(|lang| arrow.map_or_else(String::new, |it| packet::label(it, lang)));
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
        "seed": exercise.plan().seed,
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
