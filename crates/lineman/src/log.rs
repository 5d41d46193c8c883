//! The log of a server: lines on stderr, for people or (`--log-format json`) for programs, and under `--json` events
//! on stdout; written by a thread of its own, so that a reader that reads no more, a full disk or a closed pipe neither
//! holds the server up nor ends it. Lines that could not be written are counted, and the count is
//! written when writing works again.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd as _;
use std::os::fd::BorrowedFd;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::io::Errno;
use serde_json::Value;
use serde_json::json;

use crate::console::json_line;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::common::Common;

/// A log. It lives as long as the process.
#[derive(Debug)]
pub struct Log {
    state: Mutex<State>,
    changed: Condvar,
    lang: Lang,
    config: LogConfig,
    /// Whether lines go to the journal: it has the time already, and keeps the level apart.
    in_journal: bool,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug)]
pub struct LogConfig {
    /// Events go to stdout, and no sentences anywhere.
    pub events: bool,
    /// How lines on stderr are written.
    pub format: Format,
    /// What counts less is left out.
    pub least: Level,
}

/// How lines of a log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Sentences.
    Text,
    /// An object a line.
    Json,
}

/// How much something counts, most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Level {
    /// The server, its disk or its store cannot do what it should.
    Error,
    /// A client got nothing, or something else is not as it should be.
    Warning,
    /// What a server does.
    Info,
    /// Each transfer as it begins, too.
    Debug,
}

impl Level {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// The number that the journal takes it by, before a line (sd-daemon(3)).
    fn priority(self) -> u8 {
        match self {
            Self::Error => 3,
            Self::Warning => 4,
            Self::Info => 6,
            Self::Debug => 7,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Line>,
    bytes: usize,
    /// Lines that could not be written, and that the log has not counted yet.
    lost: u64,
    writing: bool,
    /// Whether what comes now is what a server says at its end.
    ends: bool,
}

#[derive(Debug)]
struct Line {
    stream: Stream,
    text: String,
}

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Err,
}

impl Log {
    /// A log that keeps its lines until [`Self::start`].
    pub fn new(lang: Lang, config: LogConfig) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            lang,
            config,
            in_journal: goes_to_journal(),
        }
    }

    /// Whether what counts so much is logged.
    pub fn takes(&self, level: Level) -> bool {
        level <= self.config.least
    }

    /// Whether its lines are for programs.
    pub fn is_json(&self) -> bool {
        self.config.format == Format::Json
    }

    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When the system allows no more threads.
    pub fn start(&'static self) -> io::Result<()> {
        let builder = thread::Builder::new().name("log".to_owned());
        builder.spawn(|| self.write_all()).map(drop)
    }

    /// Has panics of other threads told here: the usual way would wait for the program that reads stderr.
    pub fn take_panics(&'static self) {
        std::panic::set_hook(Box::new(|panic| {
            self.line(Level::Error, &panic.to_string().replace('\n', " "));
        }));
    }

    /// A sentence.
    pub fn line(&self, level: Level, text: &str) {
        self.record(level, "message", text, Value::Null);
    }

    /// Something that has a name and fields, with its sentence: a line.
    pub fn record(&self, level: Level, name: &str, text: &str, fields: Value) {
        if self.takes(level) {
            self.push(Stream::Err, self.line_of(level, name, text, fields));
        }
    }

    /// A line for programs.
    pub fn event(&self, line: String) {
        self.push(Stream::Out, line);
    }

    /// What comes from now on is what a server says at its end: how much it did, and what it has not told. There is room for that, however
    /// much waits.
    pub fn ends(&self) {
        self.lock().ends = true;
    }

    /// Waits until everything is written: for [`READER_LIMIT`] while nothing is, so that a slow reader gets all, and for
    /// [`FINISH_LIMIT`] at the longest.
    pub fn finish(&self) {
        let end = Instant::now() + FINISH_LIMIT;
        let mut state = self.lock();
        let (mut bytes, mut moved) = (state.bytes, Instant::now());
        while state.writing || !state.lines.is_empty() {
            if state.bytes != bytes {
                (bytes, moved) = (state.bytes, Instant::now());
            }
            let left = end.min(moved + READER_LIMIT);
            let left = left.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            // Nobody tells of each line that is written.
            let waited = self.changed.wait_timeout(state, left.min(LOOK));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn line_of(&self, level: Level, name: &str, text: &str, fields: Value) -> String {
        if self.is_json() {
            let mut all = json!({ "level": level.name(), "message": text });
            if let (Value::Object(all), Value::Object(fields)) = (&mut all, fields) {
                all.extend(fields);
            }
            return json_line(name, all, Some(now()));
        }
        if self.in_journal {
            let mark = format!("<{}>", level.priority());
            return format!("{mark}{}\n", text.replace('\n', &format!("\n{mark}")));
        }
        format!("{} {text}\n", now())
    }

    fn push(&self, stream: Stream, text: String) {
        let mut state = self.lock();
        let most = MOST_BYTES + if state.ends { END_BYTES } else { 0 };
        if state.bytes + text.len() > most {
            state.lost += 1;
            return;
        }
        state.bytes += text.len();
        state.lines.push_back(Line { stream, text });
        drop(state);
        self.changed.notify_all();
    }

    /// What the thread does, for ever.
    fn write_all(&self) {
        // A line of which only a part could be written; the next one has to begin on its own.
        let mut torn = false;
        let mut state = self.lock();
        loop {
            let Some(line) = state.lines.pop_front() else {
                state.writing = false;
                self.changed.notify_all();
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.bytes -= line.text.len();
            state.writing = true;
            let lost = state.lost;
            drop(state);
            let mut unwritten = 0;
            let mut told = 0;
            if lost > 0 && self.write(&self.about_lost(lost), &mut torn) {
                told = lost;
            }
            if !self.write(&line, &mut torn) {
                unwritten = 1;
            }
            state = self.lock();
            state.lost = state.lost - told + unwritten;
        }
    }

    fn about_lost(&self, lost: u64) -> Line {
        let (name, fields) = ("log-lost", json!({ "lines": lost }));
        if self.config.events {
            let (stream, text) = (Stream::Out, json_line(name, fields, Some(now())));
            return Line { stream, text };
        }
        let text = Common::LogLost { lines: &lost }.render(self.lang);
        let text = self.line_of(Level::Error, name, &text, fields);
        let stream = Stream::Err;
        Line { stream, text }
    }

    /// Writes a line, however long that takes. Gives whether it could.
    fn write(&self, line: &Line, torn: &mut bool) -> bool {
        let (out, err) = (io::stdout(), io::stderr());
        let target = match line.stream {
            Stream::Out => out.as_fd(),
            Stream::Err => err.as_fd(),
        };
        if *torn {
            if write_bytes(target, b"\n").is_err() {
                return false;
            }
            *torn = false;
        }
        match write_bytes(target, line.text.as_bytes()) {
            Ok(()) => true,
            Err(written) => {
                *torn = written > 0;
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is whole after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all, or gives how much it could.
fn write_bytes(target: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), usize> {
    let mut written = 0;
    while written < bytes.len() {
        match rustix::io::write(target, &bytes[written..]) {
            Ok(0) => return Err(written),
            Ok(more) => written += more,
            Err(Errno::INTR) => {}
            // Another process that has the pipe, too, has made it non-blocking.
            Err(Errno::AGAIN) => {
                let mut asked = [PollFd::from_borrowed_fd(target, PollFlags::OUT)];
                if matches!(rustix::event::poll(&mut asked, None), Err(error) if error != Errno::INTR)
                {
                    return Err(written);
                }
            }
            Err(_) => return Err(written),
        }
    }
    Ok(())
}

/// Whether stderr is the journal's (`JOURNAL_STREAM` in systemd.exec(5): its device and inode).
fn goes_to_journal() -> bool {
    let variable = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let Ok(stat) = rustix::fs::fstat(io::stderr()) else {
        return false;
    };
    variable == format!("{}:{}", stat.st_dev, stat.st_ino)
}

/// The time, in UTC to the millisecond (RFC 3339).
pub fn now() -> String {
    at(SystemTime::now())
}

/// A time as [`now`] writes it.
pub fn at(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    timestamp(since.unwrap_or_default())
}

fn timestamp(since_epoch: Duration) -> String {
    let (days, second) = (since_epoch.as_secs() / DAY, since_epoch.as_secs() % DAY);
    // Years of this calendar begin in March, so that the day that some years have more is their last.
    let days = days + DAYS_FROM_MARCH_0000_TO_1970;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..=9 => (400 * era + year, month + 3),
        _ => (400 * era + year + 1, month - 9),
    };
    let (hour, minute, milli) = (second / 3600, second / 60 % 60, since_epoch.subsec_millis());
    let second = second % 60;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Seconds.
const DAY: u64 = 24 * 60 * 60;
const DAYS_IN_400_YEARS: u64 = 146_097;
const DAYS_FROM_MARCH_0000_TO_1970: u64 = 719_468;
/// How long the end waits for a reader who takes nothing: one on a busy machine may have to wait as long for its turn (with a load of 35 on two
/// processors one of 48 waited for more than a second, and lost 3,700 lines).
const READER_LIMIT: Duration = Duration::from_secs(2);
/// How long the end waits for a slow reader at the longest: as long as for transfers that are under way.
const FINISH_LIMIT: Duration = Duration::from_secs(5);
/// How often the end looks whether something was written.
const LOOK: Duration = Duration::from_millis(50);
/// What waits for a reader who stands still; more is counted only.
const MOST_BYTES: usize = 1 << 20;
/// What a server says at its end waits beside it: more than its few lines have.
const END_BYTES: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_rfc_3339_writes_them() {
        let at = |seconds, millis: u32| timestamp(Duration::new(seconds, millis * 1_000_000));
        assert_eq!(at(0, 0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_827_696, 7), "2000-02-29T12:34:56.007Z");
        assert_eq!(at(951_868_799, 999), "2000-02-29T23:59:59.999Z");
        assert_eq!(at(951_868_800, 0), "2000-03-01T00:00:00.000Z");
        assert_eq!(at(1_735_689_599, 0), "2024-12-31T23:59:59.000Z");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
    }

    /// One that nobody writes.
    fn log() -> Log {
        let config = LogConfig {
            events: true,
            format: Format::Text,
            least: Level::Info,
        };
        Log::new(Lang::En, config)
    }

    #[test]
    fn what_waits_is_bounded_and_the_rest_is_counted() {
        let log = log();
        let line = "x".repeat(1000);
        for _ in 0..10_000 {
            log.line(Level::Info, &line);
            log.line(Level::Debug, &line); // not taken
        }
        let state = log.lock();
        assert!(state.bytes <= MOST_BYTES);
        assert_eq!(state.lost + state.lines.len() as u64, 10_000);
    }

    /// "3000 events of a flood were not told" was lost itself, where nobody had read what waited before it.
    #[test]
    fn what_a_server_says_at_its_end_has_room() {
        let log = log();
        let line = "x".repeat(1000);
        for _ in 0..2_000 {
            log.line(Level::Info, &line);
        }
        let lost = log.lock().lost;
        log.ends();
        log.line(Level::Info, "3000 events of a flood were not told");
        let state = log.lock();
        assert_eq!(state.lost, lost);
        assert!(state.lines.back().expect("a line").text.contains("flood"));
    }
}
