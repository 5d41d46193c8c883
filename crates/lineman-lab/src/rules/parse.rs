//! From text to rules.

use std::str::FromStr;
use std::time::Duration;

use lineman_proto::wire::Kind;
use lineman_trace::log::Host;

use super::Action;
use super::ParseError;
use super::Rule;
use super::Rules;
use super::Selector;
use super::Turn;
use super::Value;
use super::units;
use super::words::Word;
use super::words::Words;
use super::words::words;

/// The words before a colon.
const DIRECTIONS: [&str; 3] = ["c>s", "s>c", "both"];
/// Examples of what says which packets, beside their kinds.
const SELECTORS: [&str; 4] = ["block", "every", "#1", "20%"];
/// The words that say what happens.
const ACTIONS: [&str; 8] = [
    "drop", "loss", "delay", "jitter", "dup", "reorder", "rate", "corrupt",
];
/// How many bits are flipped at most: more than the smallest packet needs to be beyond recognition.
const MOST_BITS: u32 = 64;

impl FromStr for Rules {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut rules = Self::default();
        let mut at = 0;
        for piece in text.split([';', '\n']) {
            let words = words(piece, at);
            at += piece.len() + 1;
            let Some(first) = words.first().cloned() else {
                continue;
            };
            let mut words = Words {
                words: words.into_iter().peekable(),
                last: first.clone(),
            };
            if first.text == "seed" {
                words.next()?;
                let seed = words.value(Value::Seed, units::whole)?;
                if rules.seed.replace(seed).is_some() {
                    return Err(first.twice());
                }
                words.end()?;
            } else if rules.rules.len() == Self::MOST {
                return Err(first.too_many());
            } else {
                rules.rules.push(whole_rule(words)?);
            }
        }
        Ok(rules)
    }
}

impl FromStr for Rule {
    type Err = ParseError;

    /// One rule, without a seed.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let words = words(text, 0);
        let nothing = Word { text: "", at: 0 };
        whole_rule(Words {
            last: words.first().cloned().unwrap_or(nothing),
            words: words.into_iter().peekable(),
        })
    }
}

/// A rule and nothing else. In tc(8) and elsewhere the packets are named behind what happens to them; a user who writes
/// a rule so is told how it is written here.
fn whole_rule(mut words: Words<'_>) -> Result<Rule, ParseError> {
    let all: Vec<Word<'_>> = words.words.clone().collect();
    let rule = words.rule().and_then(|rule| words.end().map(|()| rule));
    rule.map_err(|error| in_order(&all).unwrap_or(error))
}

/// What is wrong with a rule that is right once the words that say which packets it is about stand before the one
/// that says what happens.
fn in_order(all: &[Word<'_>]) -> Option<ParseError> {
    let verb = all.iter().position(|word| ACTIONS.contains(&word.text))?;
    let (before, after) = all.split_at(verb);
    let (mut selecting, mut acting): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut first = None;
    let mut rest = after.iter().peekable();
    while let Some(word) = rest.next() {
        if acting.is_empty() || !selects(word.text) {
            acting.push(word.text);
            continue;
        }
        first.get_or_insert(word);
        selecting.push(word.text);
        if matches!(word.text, "every" | "block") {
            selecting.extend(rest.next().map(|number| number.text));
        }
    }
    let first = first?;
    let before = before.iter().map(|word| word.text);
    let form: Vec<&str> = before.chain(selecting).chain(acting).collect();
    let form = form.join(" ");
    let words = words(&form, 0);
    let mut words = Words {
        last: words.first()?.clone(),
        words: words.into_iter().peekable(),
    };
    let right = words.rule().and_then(|_| words.end()).is_ok();
    right.then(|| ParseError::Behind {
        token: first.text.into(),
        at: first.range(),
        form,
    })
}

/// Whether a word says which packets a rule is about.
fn selects(word: &str) -> bool {
    let counts = word.starts_with('#') || word.ends_with('%');
    counts || matches!(word, "every" | "block") || word.parse::<Kind>().is_ok()
}

impl<'t> Words<'t> {
    fn rule(&mut self) -> Result<Rule, ParseError> {
        let mut selector = Selector::default();
        let direction = self
            .words
            .next_if(|word| word.text.ends_with(':') || DIRECTIONS.contains(&word.text));
        if let Some(word) = direction {
            selector.from = read_direction(&word)?;
            self.last = word;
        }
        loop {
            let word = self.next_of(|| choices(&selector))?;
            if let Some(action) = self.action(&word, &mut selector)? {
                return Ok(Rule { selector, action });
            }
            self.select(&word, &mut selector)?;
        }
    }

    fn select(&mut self, word: &Word<'t>, selector: &mut Selector) -> Result<(), ParseError> {
        let repeated = match word.text {
            "block" => {
                let block =
                    self.value(Value::Block, |text| u16::try_from(units::whole(text)?).ok())?;
                selector.block.replace(block).is_some()
            }
            "every" => {
                let every = Turn::Every(self.value(Value::Count, count)?);
                std::mem::replace(&mut selector.turn, every) != Turn::Each
            }
            text if text.starts_with('#') => {
                let numbers = numbers(text).ok_or_else(|| word.wrong(Value::Numbers))?;
                std::mem::replace(&mut selector.turn, numbers) != Turn::Each
            }
            text if text.ends_with('%') => self.chance(word, selector)?,
            text => {
                let kind = text.parse::<Kind>();
                let kind = kind.map_err(|()| word.unknown(choices(selector)))?;
                let known = selector.kinds.contains(&kind);
                selector.kinds.push(kind);
                known
            }
        };
        if repeated { Err(word.twice()) } else { Ok(()) }
    }

    fn chance(&mut self, word: &Word<'t>, selector: &mut Selector) -> Result<bool, ParseError> {
        let chance = units::chance(word.text).ok_or_else(|| word.wrong(Value::Percent))?;
        Ok(selector.chance.replace(chance).is_some())
    }

    fn action(
        &mut self,
        word: &Word<'t>,
        selector: &mut Selector,
    ) -> Result<Option<Action>, ParseError> {
        Ok(Some(match word.text {
            "drop" => Action::Drop,
            "loss" => {
                let chance = self.next_of(|| Value::Percent.examples().to_vec())?;
                if self.chance(&chance, selector)? {
                    return Err(chance.twice());
                }
                Action::Drop
            }
            "delay" => Action::Delay(self.value(Value::Duration, units::duration)?),
            "jitter" => Action::Jitter(self.value(Value::Duration, units::duration)?),
            "dup" => Action::Duplicate(self.value_or(
                Duration::ZERO,
                Value::Duration,
                units::duration,
            )?),
            "reorder" => Action::Reorder(self.value_or(1, Value::Count, count)?),
            "rate" => Action::Rate(self.value(Value::Rate, units::rate)?),
            "corrupt" => self.corrupt()?,
            _ => return Ok(None),
        }))
    }

    fn corrupt(&mut self) -> Result<Action, ParseError> {
        let bits = self.value_or(1, Value::Bits, |text| {
            count(text).filter(|bits| *bits <= MOST_BITS)
        })?;
        self.words
            .next_if(|word| matches!(word.text, "bit" | "bits"));
        Ok(Action::Corrupt(bits))
    }
}

fn read_direction(word: &Word<'_>) -> Result<Option<Host>, ParseError> {
    match word.text.trim_end_matches(':') {
        "c>s" => Ok(Some(Host::Client)),
        "s>c" => Ok(Some(Host::Server)),
        "both" => Ok(None),
        _ => Err(word.unknown(DIRECTIONS.to_vec())),
    }
}

fn count(text: &str) -> Option<u32> {
    let count = u32::try_from(units::whole(text)?).ok()?;
    (count > 0).then_some(count)
}

fn numbers(text: &str) -> Option<Turn> {
    let text = text.strip_prefix('#')?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (count(first)?, count(last)?);
    (first <= last).then_some(Turn::Numbers { first, last })
}

/// What may follow: actions, and what is not selected yet.
fn choices(selector: &Selector) -> Vec<&'static str> {
    let nothing = *selector == Selector::default();
    let directions = DIRECTIONS.into_iter().filter(|_| nothing);
    let kinds = Kind::ALL.into_iter().map(Kind::name);
    ACTIONS
        .into_iter()
        .chain(directions)
        .chain(SELECTORS)
        .chain(kinds)
        .collect()
}
