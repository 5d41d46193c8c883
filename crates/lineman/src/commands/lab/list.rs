//! `lineman lab list`: what there is to play.

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
    match console.json {
        true => Scenario::all().try_for_each(|scenario| tell(scenario, console)),
        false => console.print(table(console.lang)),
    }
}

fn tell(scenario: &Scenario, console: Console) -> Result<(), Failure> {
    let fields = json!({
        "name": scenario.name,
        "title": scenarios::title(scenario.name, console.lang),
        "rules": scenario.rules,
        "simulated": scenario.can_be_simulated(),
    });
    console.tell("scenario", fields)
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
        let mark = if scenario.can_be_simulated() {
            ' '
        } else {
            '*'
        };
        text += &format!("{mark} {:20} {title}\n", scenario.name);
    }
    let last = [Words::Marked {}, Words::HowToPlay {}].map(|words| words.render(lang) + "\n");
    text + "\n" + &last.concat()
}

fn heading(subject: Subject) -> Words<'static> {
    match subject {
        Subject::Opening => Words::Opening {},
        Subject::Closing => Words::Closing {},
        Subject::Data => Words::Data {},
        Subject::Messages => Words::Messages {},
        Subject::Waiting => Words::Waiting {},
        Subject::Datagrams => Words::Datagrams {},
        Subject::Files => Words::Files {},
    }
}
