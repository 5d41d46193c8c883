//! The rules that were typed.

use lineman_lab::rules::ParseError;
use lineman_lab::rules::Rules;

use crate::console::Console;
use crate::failure::Failure;
use crate::lang::lab::Lab as Words;

/// Those of the scenario, and behind them those that were typed.
///
/// # Errors
/// With what is wrong with the first that makes no sense.
pub fn joined(own: Rules, typed: &[String], console: Console) -> Result<Rules, Failure> {
    let mut all = own;
    for text in typed {
        let more: Rules = text.parse().map_err(|error| wrong(text, &error, console))?;
        all.rules.extend(more.rules);
        all.seed = more.seed.or(all.seed);
    }
    Ok(all)
}

fn wrong(text: &str, error: &ParseError, console: Console) -> Failure {
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
        ParseError::Twice { .. } => Words::RuleTwice { rules, token },
    };
    Failure::usage(&words, console.lang)
}
