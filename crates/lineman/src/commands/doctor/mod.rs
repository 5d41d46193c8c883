//! `lineman doctor`: what this machine allows, and how to get the rest. It tries everything and
//! changes nothing.

use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use self::checks::Check;
use crate::console::Console;
use crate::failure::Failure;

mod checks;
mod rungs;

/// Examines the machine.
///
/// # Errors
/// When stdout cannot be written. What the machine lacks is an answer, not an error.
pub fn run(console: Console) -> Result<(), Failure> {
    let checks = checks::all(console.lang);
    if !console.json {
        return console.print(table(&checks, console));
    }
    checks.iter().try_for_each(|check| {
        let fields = json!({
            "name": check.id,
            "state": check.state.id(),
            "text": check.finding,
            "remedy": check.remedy,
        });
        console.tell("check", fields)
    })
}

/// State, name and finding in columns; below each what to do, if something can be done.
fn table(checks: &[Check], console: Console) -> String {
    let lang = console.lang;
    let states: Vec<String> = checks.iter().map(|check| check.state.word(lang)).collect();
    let first = width(states.iter());
    let second = width(checks.iter().map(|check| &check.name));
    let mut out = String::new();
    for (check, state) in checks.iter().zip(&states) {
        let (state, name) = (padded(state, first), padded(&check.name, second));
        out.push_str(&format!("{state}  {name}  {}\n", check.finding));
        if let Some(remedy) = &check.remedy {
            let indent = " ".repeat(first + second + 4);
            let remedy = remedy.replace('\n', &format!("\n{indent}  "));
            out.push_str(&format!("{indent}→ {remedy}\n"));
        }
    }
    out
}

fn width<'a>(texts: impl Iterator<Item = &'a String>) -> usize {
    texts.map(|text| text.width()).max().unwrap_or(0)
}

/// Chinese characters are two columns wide, which the formatter does not know.
fn padded(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(missing))
}
