//! A lab as it was asked for.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::rules::ParseError;
use lineman_lab::rules::Rules;

use crate::args::lab_options::LabOptions;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::lab::Lab as Words;

/// `own` are the options of a scenario, or those of any lab; what was asked for goes before.
///
/// # Errors
/// When a rule makes no sense.
pub fn asked(own: Options, asked: &LabOptions, console: Console) -> Result<Options, Failure> {
    let mut options = own;
    options.rules = joined(options.rules, &asked.fault, console)?;
    options.rules.seed = asked.seed.or(options.rules.seed);
    options.delay = asked.delay.map_or(options.delay, Duration::from_millis);
    options.client.textbook |= asked.textbook;
    options.server.textbook |= asked.textbook;
    Ok(options)
}

/// Rules of a scenario, and behind them those that were typed.
fn joined(own: Rules, typed: &[String], console: Console) -> Result<Rules, Failure> {
    let mut all = own;
    for text in typed {
        let more: Rules = text.parse().map_err(|error| Failure {
            exit: Exit::Usage,
            text: wrong_rules(text, &error, console.lang),
        })?;
        all.rules.extend(more.rules);
        all.seed = more.seed.or(all.seed);
    }
    Ok(all)
}

/// What is wrong with rules, and what could stand there.
pub fn wrong_rules(text: &str, error: &ParseError, lang: Lang) -> String {
    let (rules, token) = (&text, &error.token());
    let choices = &error.choices().join(", ");
    let words = match error {
        ParseError::Unknown { choices, .. } if choices.is_empty() => {
            Words::RuleExtra { rules, token }
        }
        ParseError::Unknown { .. } => Words::RuleUnknown {
            rules,
            token,
            choices,
        },
        ParseError::Missing { .. } => Words::RuleMissing {
            rules,
            token,
            choices,
        },
        ParseError::Value { .. } => Words::RuleValue {
            rules,
            token,
            choices,
        },
        ParseError::Behind { form, .. } => Words::RuleBehind { rules, token, form },
        ParseError::TooMany { .. } => Words::RuleTooMany { most: &Rules::MOST },
        ParseError::Twice { .. } => Words::RuleTwice { rules, token },
    };
    words.render(lang)
}
