//! What a terminal shows while a transfer or a load test runs, or a long file is read; nothing where stderr is no terminal.

use std::fmt::Write;
use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressState;
use indicatif::ProgressStyle;
use lineman_net::tftp::Progress;

use super::tftp::words;
use crate::console::Console;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::terminal::surface;
use crate::views::text::clean;
use crate::views::text::pad;
use crate::views::text::width;

/// A line on stderr that is drawn again and again.
#[derive(Clone)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for this file, the `nth` of `count`.
    pub fn new(name: &str, nth: usize, count: usize, console: Console) -> Self {
        let lang = console.lang;
        let ascii = !crate::lang::is_utf8();
        let name = clean(name);
        let counter = match count {
            0 | 1 => String::new(),
            _ => Tftp::NthOf {
                nth: &nth,
                count: &count,
            }
            .render(lang),
        };
        Self::drawn(console, move |state| {
            let shown = Shown {
                counter: &counter,
                name: &name,
                bytes: state.pos(),
                total: state.len(),
                rate: state.per_sec(),
                left: state.eta(),
                ascii,
            };
            shown.line(columns())
        })
    }

    /// A line for a load test of this duration, that something is seen to happen.
    pub fn of_load(duration: Option<Duration>, console: Console) -> Self {
        let lang = console.lang;
        let bar = Self::drawn(console, move |state| {
            let (passed, all) = (state.elapsed(), duration.unwrap_or_default());
            cut_end(&load_words(passed, all, lang), columns())
        });
        bar.0.enable_steady_tick(TICK);
        bar
    }

    fn drawn(
        console: Console,
        line: impl Fn(&ProgressState) -> String + Clone + Send + Sync + 'static,
    ) -> Self {
        let visible = io::stderr().is_terminal() && !console.quiet && !console.json;
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{line}")
            // The template is a constant; the tests at a terminal show that it parses.
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("line", move |state: &ProgressState, out: &mut dyn Write| {
                let _ = out.write_str(&line(state)); // memory
            });
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Self(bar)
    }

    /// Shows how far the transfer has come.
    pub fn update(&self, progress: Progress) {
        if let Some(total) = progress
            .total
            .filter(|total| self.0.length() != Some(*total))
        {
            self.0.set_length(total);
        }
        self.0.set_position(progress.bytes);
    }

    /// So many bytes of so many were done.
    pub fn at(&self, bytes: u64, total: u64) {
        self.update(Progress {
            bytes,
            total: Some(total),
        });
    }

    /// Takes the line away: what follows says how it ended.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn load_words(passed: Duration, all: Duration, lang: Lang) -> String {
    let seconds = &passed.as_secs();
    match all.as_secs() {
        0 => Tftp::LoadRuns { seconds }.render(lang),
        all => Tftp::LoadRunsOf { seconds, all: &all }.render(lang),
    }
}

/// What a bar shows.
struct Shown<'a> {
    counter: &'a str,
    name: &'a str,
    bytes: u64,
    total: Option<u64>,
    /// Bytes a second.
    rate: f64,
    left: Duration,
    ascii: bool,
}

impl Shown<'_> {
    /// One line of fewer than `columns`: a line that is wrapped cannot be taken back. What matters
    /// least is left out first, and the name is shortened before the last of the rest.
    fn line(&self, columns: usize) -> String {
        let room = columns.saturating_sub(1);
        let counter = match self.counter {
            "" => String::new(),
            counter => format!("{counter}  "),
        };
        let fields = self.fields();
        let least = width(&counter) + width(self.name).min(NAME) + 2;
        let fits = |fields: &&[String]| least + width(&fields.join("  ")) <= room;
        let fields = (0..fields.len())
            .map(|left_out| &fields[..fields.len() - left_out])
            .find(fits)
            .unwrap_or_default()
            .join("  ");
        let free = room.saturating_sub(width(&counter) + width(&fields) + 2);
        let bar = self.total.map(|total| part(self.bytes, total));
        // A bar that is shorter tells nothing.
        let bar_room = free
            .saturating_sub(width(self.name).min((free / 2).max(READABLE)) + 2)
            .min(LONGEST_BAR);
        let (bar, free) = match bar {
            Some(part) if bar_room >= SHORTEST_BAR => (
                format!("  {}", drawn_bar(part, bar_room)),
                free - bar_room - 2,
            ),
            _ => (String::new(), free),
        };
        let name = cut_start(self.name, free, self.ascii);
        format!("{counter}{name}{bar}  {fields}")
    }

    /// The most important first.
    fn fields(&self) -> Vec<String> {
        let size = |bytes: f64| words::size(bytes);
        let rate = format!("{}/s", size(self.rate));
        match self.total {
            Some(total) => vec![
                format!("{:>3.0}%", part(self.bytes, total) * 100.0),
                format!("ETA {}", clock(self.left)),
                rate,
                format!("{}/{}", size(self.bytes as f64), size(total as f64)),
            ],
            None => vec![size(self.bytes as f64), rate],
        }
    }
}

/// How much of it is there, from 0 to 1. A server may tell a length that is none.
fn part(bytes: u64, total: u64) -> f64 {
    match total {
        0 => 1.0,
        _ => (bytes as f64 / total as f64).min(1.0),
    }
}

fn drawn_bar(part: f64, columns: usize) -> String {
    let inner = columns.saturating_sub(2);
    let done = (part * inner as f64) as usize;
    format!("[{}]", pad(&"=".repeat(done.min(inner)), inner))
}

/// `1:05:09`, `05:09`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}"),
        1..100 => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => "-".to_owned(),
    }
}

/// The end of a name: it is what tells files apart.
fn cut_start(text: &str, columns: usize, ascii: bool) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = if ascii { "..." } else { "…" };
    let Some(room) = columns.checked_sub(width(mark)) else {
        return String::new();
    };
    let fits = |(at, _): &(usize, char)| width(&text[*at..]) <= room;
    let start = text
        .char_indices()
        .find(fits)
        .map_or(text.len(), |(at, _)| at);
    format!("{mark}{}", &text[start..])
}

fn cut_end(text: &str, columns: usize) -> String {
    crate::views::text::cut(text, columns.saturating_sub(1), "")
}

/// How wide the terminal is now.
fn columns() -> usize {
    surface::columns(io::stderr()).map_or(80, usize::from)
}

/// How much of a name is shown before fields are left out, in columns.
const NAME: usize = 16;
/// How much of it is shown before there is a bar.
const READABLE: usize = 28;
/// Bars in columns.
const SHORTEST_BAR: usize = 8;
const LONGEST_BAR: usize = 40;
/// How often the line of a load test is drawn: its seconds must be seen to pass.
const TICK: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "tftp://boot.example.org:6969/images/2026/rockchip/u-boot-spl-固件.bin";

    fn shown<'a>(name: &'a str, counter: &'a str, total: Option<u64>) -> Shown<'a> {
        Shown {
            counter,
            name,
            bytes: 430_000_000,
            total,
            rate: 12_345_678.0,
            left: Duration::from_secs(47),
            ascii: false,
        }
    }

    #[test]
    fn no_line_is_as_wide_as_the_terminal_whatever_it_tells() {
        for columns in 1..200 {
            for name in ["x", "v2.bin", URL] {
                for counter in ["", "2 of 5", "第 2 个，共 5 个"] {
                    for total in [None, Some(0), Some(1_000_000_000)] {
                        for ascii in [false, true] {
                            let it = Shown {
                                ascii,
                                ..shown(name, counter, total)
                            };
                            let line = it.line(columns);
                            let fits = width(&line) < columns || columns <= width(counter) + 5;
                            assert!(fits, "{columns}: {line:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn fields_are_left_out_before_the_name_is_unreadable() {
        let line = |columns| shown(URL, "2 of 5", Some(1_000_000_000)).line(columns);
        assert!(!line(50).contains('['), "{}", line(50));
        for (columns, rate, amount) in [(50, false, false), (80, true, true), (120, true, true)] {
            let line = line(columns);
            assert!(
                line.starts_with("2 of 5  …") && line.contains("固件.bin"),
                "{line}"
            );
            assert!(
                line.contains(" 43%") && line.contains("ETA 00:47"),
                "{line}"
            );
            assert_eq!(line.contains("MiB/s"), rate, "{line}");
            assert_eq!(line.contains("410.1 MiB/953.7 MiB"), amount, "{line}");
        }
        assert!(line(120).contains("[====="), "{}", line(120));
    }
}
