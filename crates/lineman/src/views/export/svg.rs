//! The ladder as a picture: time downwards, arrows slanted by the time that they took.

use std::collections::HashMap;
use std::io;
use std::io::Write;

use lineman_trace::log::Host;
use lineman_trace::log::Origin;
use lineman_trace::log::Start;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use lineman_trace::story::Stretch;

use super::of_rows::Rows;
use super::svg_row::Landing;
use super::svg_row::draw;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::views::Views;
use crate::views::cells::address;
use crate::views::text::clean;

/// Where the hosts' lines stand, and how wide the picture is.
pub(super) const CLIENT_X: f64 = 330.0;
pub(super) const SERVER_X: f64 = 770.0;
const WIDTH: f64 = 1100.0;
const TOP: f64 = 84.0;
/// The least and the most that lies between two rows.
const STEP: f64 = 46.0;
const LONGEST_GAP: f64 = 60.0;

const CSS: &str = "\
svg{background:#fff;color:#1a1a1a;font:13px system-ui,'Noto Sans CJK SC',sans-serif}
text{fill:currentColor}.s{font-weight:600}.new{fill:#0b57d0}.t{fill:#5f6368}
line,path{stroke:currentColor;fill:none;stroke-width:1.5}.host{stroke-width:3;stroke:#9aa0a6}
.lost line,.lost path{stroke:#b3261e;stroke-width:2}.lost .l{fill:#b3261e}
.again line{stroke-width:4}.held line{stroke-dasharray:7 4}.deduced line{stroke-dasharray:2 4}
@media (prefers-color-scheme:dark){svg{background:#1a1a1a;color:#eee}.new{fill:#8ab4f8}.t{fill:#bdc1c6}
.lost line,.lost path{stroke:#f2b8b5}.lost .l{fill:#f2b8b5}}";

/// The picture, which is drawn when all of it is known: how high it is stands at its beginning, and an arrow is one line to where it
/// lands.
pub(super) struct Picture {
    lang: Lang,
    start: Option<Start>,
    rows: Vec<Row>,
}

impl Picture {
    pub(super) fn new(lang: Lang) -> Self {
        Self {
            lang,
            start: None,
            rows: Vec::new(),
        }
    }
}

impl Rows for Picture {
    fn begin(&mut self, start: Option<Start>, _: &mut dyn Write) -> io::Result<()> {
        self.start = start;
        Ok(())
    }

    fn rows(&mut self, rows: Vec<Row>, _: &Story, _: &mut dyn Write) -> io::Result<()> {
        self.rows.extend(rows.into_iter().filter(is_drawn));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let picture = drawn(self.start.as_ref(), &self.rows, self.lang);
        out.write_all(picture.as_bytes())
    }
}

fn drawn(start: Option<&Start>, rows: &[Row], lang: Lang) -> String {
    let places = places(rows);
    let landings: HashMap<u64, Landing<'_>> = rows
        .iter()
        .zip(&places)
        .filter_map(|(row, &y)| Some((row.arrow.as_ref()?, y)))
        .filter(|(arrow, _)| arrow.stretch == Stretch::Landing)
        .map(|(arrow, y)| (arrow.id, Landing { arrow, y }))
        .collect();
    let body: String = rows
        .iter()
        .zip(&places)
        .map(|(row, &y)| draw(row, y, &landings, lang))
        .collect();
    let packets = rows.iter().filter(|row| counts(row)).count();
    let height = places.last().map_or(TOP, |y| y + STEP) + 20.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"graphics-document document\" aria-labelledby=\"title desc\" lang=\"{}\">\n",
        match lang {
            Lang::En => "en",
            Lang::Zh => "zh-Hans",
        }
    );
    out.push_str(&start.map_or_else(String::new, |start| head(start, packets, lang)));
    out.push_str(&format!("<style>{CSS}</style>\n"));
    for x in [CLIENT_X, SERVER_X] {
        out.push_str(&format!(
            "<line class=\"host\" x1=\"{x}\" y1=\"60\" x2=\"{x}\" y2=\"{height}\"/>\n"
        ));
    }
    out + &body + "</svg>\n"
}

/// Where each row begins.
fn places(rows: &[Row]) -> Vec<f64> {
    let (mut y, mut before) = (TOP - STEP, 0);
    let place = |row: &Row| {
        y += STEP + gap(row.t_ns.saturating_sub(before));
        before = row.t_ns;
        y
    };
    rows.iter().map(place).collect()
}

fn head(start: &Start, packets: usize, lang: Lang) -> String {
    let unnamed = match start.origin {
        Origin::Inferred => Views::UnnamedCapture {}.render(lang),
        Origin::Kernel | Origin::Simulated => Views::Unnamed {}.render(lang),
    };
    let scenario = start.scenario.as_ref().unwrap_or(&unnamed);
    let title = Views::LadderTitle { scenario }.render(lang);
    let about = Views::LadderAbout { packets: &packets }.render(lang);
    let host = |words: Views<'_>, x: f64, anchor: &str| {
        format!(
            "<text class=\"s\" x=\"{x}\" y=\"50\" text-anchor=\"{anchor}\">{}</text>\n",
            escaped(&words.render(lang))
        )
    };
    let client = Views::Client {
        address: &address(start, Host::Client),
    };
    let server = Views::Server {
        address: &address(start, Host::Server),
    };
    format!(
        "<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n{}{}",
        escaped(&title),
        escaped(&about),
        host(client, CLIENT_X, "middle"),
        host(server, SERVER_X, "middle"),
    )
}

fn is_drawn(row: &Row) -> bool {
    let moved = [row.states.client, row.states.server]
        .iter()
        .flatten()
        .any(|cell| cell.before != cell.after);
    let calls = row.calls.client.is_some() || row.calls.server.is_some();
    row.arrow.is_some() || calls || moved
}

fn counts(row: &Row) -> bool {
    let arrow = row.arrow.as_ref();
    arrow.is_some_and(|arrow| matches!(arrow.stretch, Stretch::Whole | Stretch::Departure))
}

/// Time in the height of a gap: milliseconds show, minutes do not fill the page.
fn gap(ns: u64) -> f64 {
    let millis = ns as f64 / 1e6;
    (millis.ln_1p() * 7.0).min(LONGEST_GAP).round()
}

/// Text for a picture: safe to show, and no markup.
pub(super) fn escaped(text: &str) -> String {
    clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
