//! Figures over time as a picture: one graph below the other for each end of each connection, on one axis of time.

use std::io;
use std::io::Write;

use lineman_trace::log::Event;
use lineman_trace::log::Host;

use super::Form;
use super::start;
use super::svg::escaped;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::figures::Figures as Words;
use crate::lang::views::Views;
use crate::views::figures::End;
use crate::views::figures::Figures;
use crate::views::figures::Kind;
use crate::views::figures::Value;

const WIDTH: f64 = 1000.0;
/// Room for numbers left of the axes, and right of them.
const LEFT: f64 = 90.0;
const RIGHT: f64 = 20.0;
/// The height of a heading, and of a graph with its name and the room below it.
const HEADING: f64 = 34.0;
const GRAPH: f64 = 110.0;
const NAME: f64 = 18.0;
const BELOW: f64 = 16.0;

const CSS: &str = "\
svg{background:#fff;color:#1a1a1a;font:13px system-ui,'Noto Sans CJK SC',sans-serif}
text{fill:currentColor}.h{font-weight:600}.t{fill:#5f6368}.axis{stroke:#9aa0a6;fill:none}
.c{--ink:#0b5cad}.s{--ink:#8a3b00}path{fill:none;stroke:var(--ink);stroke-width:1.5}.two{stroke-dasharray:2 4}
rect{fill:var(--ink);stroke:var(--ink)}rect.again{fill:none}.lost{stroke:#b3261e}circle{fill:var(--ink)}
@media (prefers-color-scheme:dark){svg{background:#1a1a1a;color:#eee}.t{fill:#bdc1c6}.c{--ink:#8ab4f8}.s{--ink:#ffb27a}.lost{stroke:#f2b8b5}}";

/// What a graph shows: steps, and beside them further ones or moments.
struct Graph {
    name: String,
    steps: Option<Kind>,
    dashed: Option<Kind>,
    moments: Option<Kind>,
    /// By what values are divided to be shown.
    unit: f64,
}

/// The picture, of as many figures as can be seen.
pub(super) struct Picture {
    lang: Lang,
    has_begun: bool,
    scenario: Option<String>,
    figures: Figures,
}

impl Picture {
    pub(super) fn new(lang: Lang) -> Self {
        Self {
            lang,
            has_begun: false,
            scenario: None,
            figures: Figures::fitted(),
        }
    }
}

impl Form for Picture {
    fn take(&mut self, event: &Event, _: &mut dyn Write) -> io::Result<()> {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.scenario = start(event).and_then(|start| start.scenario);
        }
        self.figures.push(event);
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.figures.finish();
        let picture = picture(&self.figures, self.scenario.take(), self.lang);
        out.write_all(picture.as_bytes())
    }
}

fn picture(figures: &Figures, scenario: Option<String>, lang: Lang) -> String {
    let mut body = String::new();
    let mut y = 70.0;
    let mut count = 0_usize;
    for (ends, times) in figures.connections() {
        count += 1;
        for end in ends.iter().filter(|end| end.is_told()) {
            body += &heading(end, y, lang);
            y += HEADING;
            for graph in graphs(figures.span_ns(), lang) {
                let drawn = draw(&graph, end, times, y);
                if let Some(drawn) = drawn {
                    body += &drawn;
                    y += GRAPH;
                }
            }
            body += &axis_of_time(times, y);
            y += BELOW + 10.0;
        }
    }
    let mut notes = Vec::new();
    if body.is_empty() {
        notes.push(Words::Nothing {}.render(lang));
    }
    if figures.is_capture && !body.is_empty() {
        notes.push(Words::Captured {}.render(lang));
    }
    if figures.left_out() > 0 {
        let count = &figures.left_out();
        notes.push(Words::More { count }.render(lang));
    }
    for note in notes {
        body += &text("t", LEFT, y, "start", &note);
        y += 20.0;
    }
    let scenario = &scenario.unwrap_or_else(|| Views::Unnamed {}.render(lang));
    let title = Words::Title { scenario }.render(lang);
    let connections = &count;
    let about = Words::About { connections }.render(lang);
    let tag = match lang {
        Lang::En => "en",
        Lang::Zh => "zh-Hans",
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" \
         role=\"graphics-document document\" aria-labelledby=\"title desc\" lang=\"{tag}\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n<style>{CSS}</style>\n{}{body}</svg>\n",
        escaped(&title),
        escaped(&about),
        text("h", LEFT, 34.0, "start", &title),
    )
}

fn graphs(span_ns: u64, lang: Lang) -> Vec<Graph> {
    let span = &(span_ns / 1_000_000);
    let graph = |words: Words<'_>, steps, dashed, moments, unit| Graph {
        name: words.render(lang),
        steps,
        dashed,
        moments,
        unit,
    };
    let line = |words, kind, unit| graph(words, Some(kind), None, None, unit);
    vec![
        graph(Words::AxisSequence {}, None, None, None, 1.0),
        line(Words::AxisInFlight {}, Kind::InFlight, 1.0),
        line(Words::AxisWindow {}, Kind::Window, 1.0),
        graph(
            Words::AxisRoundTrip {},
            Some(Kind::Smoothed),
            None,
            Some(Kind::RoundTrip),
            1e6,
        ),
        line(Words::AxisTimeout {}, Kind::Timeout, 1e6),
        line(Words::AxisGoodput { span }, Kind::Goodput, 1e3),
        graph(
            Words::AxisCwnd {},
            Some(Kind::Cwnd),
            Some(Kind::Ssthresh),
            None,
            1.0,
        ),
    ]
}

fn heading(end: &End, y: f64, lang: Lang) -> String {
    let Some((local, remote)) = end.ends else {
        return String::new();
    };
    let host = match end.at {
        Host::Client => Views::Client { address: &local },
        Host::Server => Views::Server { address: &local },
    };
    let name = format!("{} → {remote}", host.render(lang));
    text("h", LEFT, y + 14.0, "start", &name)
}

/// How times and values of a graph become coordinates.
struct Scale {
    times: (u64, u64),
    most: f64,
    top: f64,
    bottom: f64,
}

impl Scale {
    fn x(&self, t_ns: u64) -> f64 {
        let length = self.times.1.saturating_sub(self.times.0).max(1) as f64;
        let part = t_ns.saturating_sub(self.times.0) as f64 / length;
        round(LEFT + part * (WIDTH - LEFT - RIGHT))
    }

    fn y(&self, value: f64) -> f64 {
        round(self.bottom - value / self.most * (self.bottom - self.top))
    }
}

/// A graph with its axis; `None` where there is nothing to show.
fn draw(graph: &Graph, end: &End, times: (u64, u64), y: f64) -> Option<String> {
    let kinds = || {
        [graph.steps, graph.dashed, graph.moments]
            .into_iter()
            .flatten()
    };
    let values = kinds()
        .flat_map(|kind| end.values(kind))
        .filter_map(|it| it.most);
    let most = match kinds().next() {
        Some(_) => values.max().filter(|most| *most > 0)? as f64,
        None => {
            let top = end.segments.all().iter().map(|it| it.to).max();
            top.filter(|_| end.has_bytes())? as f64
        }
    };
    let scale = Scale {
        times,
        most,
        top: y + NAME + 4.0,
        bottom: y + GRAPH - BELOW,
    };
    let class = match end.at {
        Host::Client => "c",
        Host::Server => "s",
    };
    let mut out = format!("<g class=\"{class}\">");
    out += &format!(
        "<path class=\"axis\" d=\"M{LEFT} {}V{}H{}\"/>",
        scale.top,
        scale.bottom,
        WIDTH - RIGHT
    );
    out += &text("t", LEFT, y + NAME - 4.0, "start", &graph.name);
    out += &text(
        "t",
        LEFT - 6.0,
        scale.top + 10.0,
        "end",
        &number(most / graph.unit),
    );
    out += &text("t", LEFT - 6.0, scale.bottom, "end", "0");
    if kinds().next().is_none() {
        out += &sequence(end, &scale);
    }
    for (kind, class) in [(graph.steps, ""), (graph.dashed, " class=\"two\"")] {
        out += &kind.map_or_else(String::new, |kind| steps(end.values(kind), &scale, class));
    }
    for value in graph.moments.map_or(&[][..], |kind| end.values(kind)) {
        if let Some(most) = value.most {
            let (x, y) = (scale.x(value.t_ns), scale.y(most as f64));
            out += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"2.5\"/>");
        }
    }
    Some(out + "</g>\n")
}

/// Each value from its moment on. Where several are one, the line goes to the lowest and the highest of them.
fn steps(values: &[Value], scale: &Scale, class: &str) -> String {
    let mut path = String::new();
    let mut holds: Option<f64> = None;
    for value in values {
        let x = scale.x(value.t_ns);
        let ends = [value.most, value.least, value.last];
        for (nth, it) in ends.into_iter().enumerate() {
            let Some(it) = it else { continue };
            let y = scale.y(it as f64);
            match holds {
                Some(_) if nth == 0 => path += &format!("H{x}V{y}"),
                None if nth == 0 => path += &format!("M{x} {y}"),
                Some(before) if before.to_bits() != y.to_bits() => path += &format!("V{y}"),
                _ => {}
            }
            holds = Some(y);
        }
        if value.last.is_none() {
            holds = None;
        }
    }
    if holds.is_some() {
        path += &format!("H{}", WIDTH - RIGHT);
    }
    match path.is_empty() {
        true => path,
        false => format!("<path{class} d=\"{path}\"/>"),
    }
}

/// A bar for each segment, and a line for what is acknowledged.
fn sequence(end: &End, scale: &Scale) -> String {
    let mut out = steps(end.values(Kind::Acknowledged), scale, "");
    for segment in end.segments.all() {
        let (x, top) = (scale.x(segment.t_ns), scale.y(segment.to as f64));
        let height = round((scale.y(segment.from as f64) - top).max(2.0));
        let class = match segment.again {
            true => " class=\"again\"",
            false => "",
        };
        out += &format!(
            "<rect{class} x=\"{}\" y=\"{top}\" width=\"2\" height=\"{height}\"/>",
            round(x - 1.0)
        );
        if segment.lost {
            let (left, right, low, high) = (x - 4.0, x + 4.0, top + 4.0, top - 4.0);
            let numbers = [left, high, right, low, right, high, left, low].map(round);
            let [a, b, c, d, e, f, g, h] = numbers;
            out += &format!("<path class=\"lost\" d=\"M{a} {b}L{c} {d}M{e} {f}L{g} {h}\"/>");
        }
    }
    out
}

/// Five times below the graphs.
fn axis_of_time((from_ns, to_ns): (u64, u64), y: f64) -> String {
    let length = to_ns.saturating_sub(from_ns) as f64;
    let at = |part: f64| {
        let anchor = match part {
            0.0 => "start",
            1.0 => "end",
            _ => "middle",
        };
        let seconds = (from_ns as f64 + length * part) / 1e9;
        let x = round(LEFT + part * (WIDTH - LEFT - RIGHT));
        text("t", x, y, anchor, &format!("{seconds:.3} s"))
    };
    [0.0, 0.25, 0.5, 0.75, 1.0].map(at).concat()
}

fn text(class: &str, x: f64, y: f64, anchor: &str, words: &str) -> String {
    let words = escaped(words);
    format!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>\n")
}

/// With one decimal where there is one.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// To a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
