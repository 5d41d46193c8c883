//! Filters as they are typed: understood, or told what is wrong with them and where.

use lineman_proto::wire::filter::Filter;
use lineman_proto::wire::filter::FilterError;
use lineman_proto::wire::filter::Problem;

use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::filter::Filter as Words;
use crate::views::text::width;

/// Understands a filter.
///
/// # Errors
/// With the place, and what could stand there.
pub fn parse(text: &str, console: Console) -> Result<Filter, Failure> {
    Filter::parse(text).map_err(|error| wrong(text, &error, console))
}

/// What is wrong with a filter: the filter, a mark below the place, and the way out.
pub fn wrong(text: &str, error: &FilterError, console: Console) -> Failure {
    let before = text.get(..error.at().start).unwrap_or_default();
    let column = width(before);
    let marks = "^".repeat(width(error.word()).max(1));
    let mark = &format!("{:column$}{marks}", "");
    let why = &explained(error, console.lang);
    let words = Words::Wrong {
        text: &text,
        mark,
        why,
    };
    Failure::usage(&words, console.lang)
}

fn explained(error: &FilterError, lang: Lang) -> String {
    let word = &error.word();
    let choices = &listed(error.choices());
    let words = match error.problem() {
        Problem::Unknown(_) => match &nearest(error.word(), error.choices()) {
            Some(near) => return Words::DidYouMean { word, near }.render(lang),
            None => Words::Unknown { word, choices },
        },
        Problem::Misplaced(some) if some.is_empty() => Words::Extra { word },
        Problem::Misplaced(_) => Words::Misplaced { word, choices },
        Problem::Ends(_) => Words::Ends { choices },
        Problem::Value(_) => Words::Value { word, choices },
        Problem::Bare => Words::Bare { word },
        Problem::HostName => Words::HostName { word },
        Problem::ServiceName(Some(port)) => Words::ServiceName { word, port },
        Problem::ServiceName(None) => Words::UnknownService { word },
        Problem::PrefixOfHost => Words::PrefixOfHost { word },
        Problem::HostBits(network) => Words::HostBits { network },
        Problem::Modifier(of) => {
            return Words::Modifier {
                word,
                of: &of.word(),
            }
            .render(lang);
        }
        Problem::OtherFamily => Words::OtherFamily { word },
        Problem::NotOnLink => Words::NotOnLink { word },
        Problem::ZeroDivisor => Words::ZeroDivisor {},
        Problem::Shift => Words::Shift {},
        Problem::TooDeep => Words::TooDeep {},
        Problem::TooLong => Words::TooLong {},
        _ => Words::UnknownLink {},
    };
    words.render(lang)
}

/// The first of what could stand there: there may be dozens.
fn listed(choices: &[&str]) -> String {
    let more = if choices.len() > LISTED { ", …" } else { "" };
    let first = &choices[..choices.len().min(LISTED)];
    format!("{}{more}", first.join(", "))
}

/// How many choices are named.
const LISTED: usize = 9;

/// The choice that is a letter or two away.
fn nearest(word: &str, choices: &[&'static str]) -> Option<&'static str> {
    let most = (word.chars().count() / 3).clamp(1, 2);
    let far = |choice: &&'static str| strsim::damerau_levenshtein(choice, word);
    let near = choices.iter().copied().min_by_key(far)?;
    (far(&near) <= most).then_some(near)
}
