//! The conversations of two captures, with what became of their packets between the two.

use std::cmp::Reverse;
use std::collections::HashMap;

use lineman_trace::capture::Conversation;
use lineman_trace::capture::Summary;
use lineman_trace::log::Host;
use lineman_trace::log::Note;
use lineman_trace::pair::Crossing;
use lineman_trace::pair::Point;
use lineman_trace::pair::Points;
use lineman_trace::pair::Tally;

use super::Style;
use super::layout;
use super::layout::Beside;
use super::wrapped;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::pair;
use crate::lang::pair::Pair;
use crate::views::words::span;

/// What is shown.
pub struct Shown<'a> {
    /// What each capture has.
    pub summaries: [&'a Summary; 2],
    /// What both have.
    pub tallies: &'a [Tally],
    /// How they are called.
    pub names: &'a Points<String>,
    /// What there is to say of both.
    pub notes: &'a [Note],
    /// How many packets were not compared.
    pub uncompared: u64,
}

/// The whole table, and how to see more below it.
pub fn lines(shown: &Shown<'_>, style: Style) -> Vec<String> {
    let [first, second] = shown.summaries;
    let sentence = |words: Pair<'_>| wrapped(&words.render(style.lang), style);
    let mut lines: Vec<String> = Vec::new();
    for note in shown.notes {
        let args: Vec<_> = note.args.clone().into_iter().collect();
        let text = pair::of_note(&note.id, &args, style.lang);
        lines.extend(text.iter().flat_map(|text| wrapped(text, style)));
    }
    lines.push(String::new());
    let ways = Ways::of(shown, style);
    let seconds: HashMap<u64, &Conversation> = second
        .conversations
        .iter()
        .map(|it| (it.number, it))
        .collect();
    let of_both = |it: &Conversation| {
        let tally = ways.of_number(it.number)?;
        Some(tally.of_both(it, seconds.get(&tally.numbers.second)?))
    };
    let firsts = first.conversations.iter();
    let mut all: Vec<Conversation> = firsts
        .map(|it| of_both(it).unwrap_or_else(|| it.clone()))
        .collect();
    all.sort_by_key(|it| Reverse(ways.weight(it.number)));
    let count = match style.top {
        0 => all.len(),
        top => all.len().min(top),
    };
    lines.extend(layout::table(&all[..count], style, &ways));
    let more = &(all.len() - count);
    if *more > 0 {
        let words = crate::lang::read::Read::More { count: more };
        lines.extend(wrapped(&words.render(style.lang), style));
    }
    lines.push(String::new());
    let paired = shown.tallies.len() as u64;
    let count = &second.totals.conversations.saturating_sub(paired);
    if *count > 0 {
        let file = &shown.names.second;
        lines.extend(sentence(Pair::OnlyInSecond { count, file }));
    }
    if shown.uncompared > 0 {
        let count = &shown.uncompared;
        lines.extend(sentence(Pair::Uncompared { count }));
    }
    let mut in_both = all.iter().filter(|it| ways.of_number(it.number).is_some());
    if let Some(it) = in_both.next() {
        let (one, other, number) = (&shown.names.first, &shown.names.second, &it.number);
        lines.extend(sentence(Pair::HowToSee { one, other, number }));
    }
    lines
}

/// What became of the packets of each conversation.
struct Ways<'a> {
    tallies: HashMap<u64, &'a Tally>,
    names: &'a Points<String>,
    lang: Lang,
}

impl<'a> Ways<'a> {
    fn of(shown: &Shown<'a>, style: Style) -> Self {
        let tallies = shown.tallies.iter().map(|it| (it.numbers.first, it));
        Ways {
            tallies: tallies.collect(),
            names: shown.names,
            lang: style.lang,
        }
    }
}

impl Ways<'_> {
    /// What both have comes first, and of that what has lost most.
    fn weight(&self, number: u64) -> Option<u64> {
        let tally = self.of_number(number)?;
        let ways = [tally.ways.client, tally.ways.server];
        Some(ways.iter().map(|way| way.lost + way.appeared).sum())
    }

    fn of_number(&self, number: u64) -> Option<&Tally> {
        self.tallies.get(&number).copied()
    }
}

impl Beside for Ways<'_> {
    fn headings(&self) -> Vec<String> {
        [Pair::Lost {}, Pair::Delay {}]
            .map(|it| it.render(self.lang))
            .into()
    }

    fn cells(&self, of: &Conversation) -> Vec<String> {
        let Some(tally) = self.of_number(of.number) else {
            return vec!["–".to_owned(), "–".to_owned()];
        };
        let ways = [tally.ways.client, tally.ways.server];
        let lost: u64 = ways.iter().map(|way| way.lost).sum();
        let crossed: Vec<i64> = ways
            .iter()
            .filter(|way| way.crossed > 0)
            .map(|way| way.mean_ns)
            .collect();
        let mean = crossed
            .iter()
            .sum::<i64>()
            .checked_div(crossed.len() as i64);
        let mean = mean.map_or_else(|| "–".to_owned(), |mean| time(mean, self.lang));
        vec![lost.to_string(), mean]
    }

    fn below(&self, of: &Conversation) -> Vec<String> {
        let lang = self.lang;
        let Some(tally) = self.of_number(of.number) else {
            let other = &self.names.second;
            return vec![Pair::NotIn { other }.render(lang)];
        };
        let mut lines: Vec<String> = [
            (Host::Client, Pair::ToServer {}),
            (Host::Server, Pair::ToClient {}),
        ]
        .into_iter()
        .filter_map(|(host, way)| way_words(&way.render(lang), &tally.ways[host], lang))
        .collect();
        if tally.ends.first != tally.ends.second {
            let ends = tally.ends[Point::Second];
            let (file, client, server) = (&self.names.second, &ends.client, &ends.server);
            lines.push(
                Pair::Nat {
                    file,
                    client,
                    server,
                }
                .render(lang),
            );
        }
        lines
    }
}

/// What became of the packets of one end; nothing if it has sent none.
fn way_words(way: &str, it: &Crossing, lang: Lang) -> Option<String> {
    let mut parts = vec![
        Pair::Crossed {
            way: &way,
            count: &it.crossed,
        }
        .render(lang),
    ];
    if it.crossed > 0 {
        let [least, most, mean] = [it.least_ns, it.most_ns, it.mean_ns].map(|ns| time(ns, lang));
        let (least, most, mean) = (&least, &most, &mean);
        parts.push(Pair::Took { least, most, mean }.render(lang));
    }
    let counts = [
        (it.lost, Pair::LostCount { count: &it.lost }),
        (it.copied, Pair::Copied { count: &it.copied }),
        (
            it.overtaken,
            Pair::Overtaken {
                count: &it.overtaken,
            },
        ),
        (
            it.appeared,
            Pair::Appeared {
                count: &it.appeared,
            },
        ),
        (
            it.acknowledged,
            Pair::Acknowledged {
                count: &it.acknowledged,
            },
        ),
        (
            it.capture_dropped,
            Pair::CaptureDropped {
                count: &it.capture_dropped,
            },
        ),
        (
            it.other_time,
            Pair::OtherTime {
                count: &it.other_time,
            },
        ),
        (it.unknown, Pair::Unknown { count: &it.unknown }),
    ];
    let met = counts.iter().filter(|(count, _)| *count > 0);
    parts.extend(met.map(|(_, words)| words.render(lang)));
    let any = it.crossed > 0 || parts.len() > 1;
    any.then(|| super::words::joined(&parts, lang))
}

/// A time between two captures; what is less than none is none, as far as clocks tell.
fn time(ns: i64, lang: Lang) -> String {
    span(u64::try_from(ns).unwrap_or(0), lang)
}
