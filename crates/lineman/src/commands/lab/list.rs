//! `lineman lab list`: what there is to play.

use std::io;
use std::io::Write as _;

use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Subject;
use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::lab::Lab as Words;
use crate::lang::scenarios;

/// Lists the scenarios on stdout.
pub fn run(console: Console) -> Result<(), Failure> {
    let told = match console.json {
        true => Scenario::all().try_for_each(|scenario| event(scenario, console)),
        false => io::stdout()
            .lock()
            .write_all(table(console.lang).as_bytes()),
    };
    told.map_err(|error| Failure::stdout(error, console.lang))
}

fn event(scenario: &Scenario, console: Console) -> io::Result<()> {
    let fields = json!({
        "name": scenario.name,
        "title": scenarios::title(scenario.name, console.lang),
        "rules": scenario.rules,
    });
    console.event("scenario", fields)
}

fn table(lang: Lang) -> String {
    let mut text = String::new();
    let mut last = None;
    for scenario in Scenario::all() {
        if last != Some(scenario.subject) {
            let gap = if last.is_some() { "\n" } else { "" };
            text += &format!("{gap}{}\n", heading(scenario.subject).render(lang));
            last = Some(scenario.subject);
        }
        let title = scenarios::title(scenario.name, lang).unwrap_or_default();
        text += &format!("  {:20} {title}\n", scenario.name);
    }
    text + "\n" + &Words::HowToPlay {}.render(lang) + "\n"
}

fn heading(subject: Subject) -> Words<'static> {
    match subject {
        Subject::Opening => Words::Opening {},
        Subject::Closing => Words::Closing {},
        Subject::Data => Words::Data {},
        Subject::Datagrams => Words::Datagrams {},
        Subject::Files => Words::Files {},
    }
}
