//! What is drawn from a seed: the calls of both hosts, and the rules of the wire.

use std::time::Duration;

use lineman_lab::Options;
use lineman_lab::hosts::Direction;
use lineman_lab::hosts::Family;
use lineman_trace::log::Host;

use super::RUNS_IN_A_LAB;
use super::draw::Draw;

/// Runs that share a lab.
#[derive(Debug)]
pub struct Batch {
    pub number: u64,
    pub options: Options,
    pub scripts: Vec<Script>,
}

/// A run: what both hosts do, in order.
#[derive(Debug)]
pub struct Script {
    pub seed: u64,
    /// The rules of the wire while it is played.
    pub rules: String,
    /// The listener's backlog.
    pub backlog: i32,
    /// `SO_RCVBUF` of the client's sockets, and of the listener, whose connections inherit it.
    pub buffers: [Option<i32>; 2],
    /// Whether both ends connect, and nobody listens.
    pub crossed: bool,
    pub acts: Vec<Act>,
}

/// Something that a host does.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Begins to connect, from a port of its own.
    Connect,
    /// Waits for a moment for a connection, and accepts it.
    Accept,
    /// So many bytes, of which the kernel takes what it has room for.
    Send(Host, usize),
    /// Reads so much, if anything is there.
    Read(Host, u32),
    Shutdown(Host, Direction),
    Close(Host),
    /// `SO_LINGER` 0, and a close: a reset.
    Abort(Host),
    /// Nobody listens any more.
    CloseListener,
    /// Closes the client's socket and connects again from the same port.
    Reconnect,
    /// Connects from the port of the client's socket that was closed last.
    Return,
    /// Closes the sockets of both, and has both connect to each other again, between the same ports.
    CrossAgain,
    /// The acts that follow are about the next connection.
    Next,
    Pause(u64),
}

/// Settings that have time pass quickly: SYNs wait for a second all the same.
fn options(draw: &mut Draw) -> Options {
    let mut options = Options {
        delay: Duration::from_millis(draw.of(&[1, 1, 2, 4])),
        ..Options::default()
    };
    if draw.percent(20) {
        options.family = Family::Inet6;
    }
    for settings in [&mut options.client, &mut options.server] {
        settings.textbook = draw.percent(30);
        settings.syn_retries = Some(2);
        settings.synack_retries = Some(2);
        settings.data_retries = Some(4);
        settings.fin_timeout = Some(Duration::from_secs(1));
        settings.rto_min = Some(Duration::from_millis(draw.of(&[20, 40, 200])));
        settings.rto_max = Some(Duration::from_secs(1));
    }
    options
}

impl Batch {
    /// The runs of the seeds from `number` × [`RUNS_IN_A_LAB`] on.
    pub fn of(number: u64) -> Self {
        let first = number * RUNS_IN_A_LAB;
        Self {
            number,
            options: options(&mut Draw::new(number)),
            scripts: (first..first + RUNS_IN_A_LAB).map(Script::of).collect(),
        }
    }

    /// The run of one seed.
    pub fn of_one(seed: u64) -> Self {
        let number = seed / RUNS_IN_A_LAB;
        Self {
            scripts: vec![Script::of(seed)],
            ..Self::of(number)
        }
    }
}

impl Script {
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw::new(seed ^ 0x5eed_0000_0000_0000);
        let crossed = draw.percent(6);
        let buffer = |draw: &mut Draw| draw.percent(20).then(|| draw.of(&[1024, 2304, 8192]));
        let mut script = Self {
            seed,
            rules: rules(&mut draw),
            backlog: draw.of(&[5, 5, 5, 1, 0]),
            buffers: [buffer(&mut draw), buffer(&mut draw)],
            crossed,
            acts: Vec::new(),
        };
        script.open(&mut draw);
        script.talk(&mut draw);
        script.end(&mut draw);
        script.again(&mut draw);
        script
    }

    fn open(&mut self, draw: &mut Draw) {
        // Nobody may listen, or not for long; more may come than the backlog has room for.
        if !self.crossed && draw.percent(4) {
            self.acts.push(Act::CloseListener);
        }
        self.acts.push(Act::Connect);
        let more = draw.weighted(&[(80, 0), (10, 1), (10, 3)]);
        for _ in 0..more {
            self.acts.push(Act::Connect);
        }
        if draw.percent(4) {
            self.acts.push(Act::Pause(draw.below(6)));
            self.acts.push(Act::CloseListener);
        }
        if draw.percent(5) {
            // It sends, closes or aborts before it is connected.
            self.talks(draw, Host::Client);
        }
        if draw.percent(85) {
            self.acts.push(Act::Accept);
        }
        if more > 0 && draw.percent(50) {
            self.acts.push(Act::Pause(20));
            self.acts.push(Act::Accept);
        }
    }

    fn talk(&mut self, draw: &mut Draw) {
        for _ in 0..draw.below(14) {
            let host = draw.of(&[Host::Client, Host::Server]);
            self.talks(draw, host);
        }
    }

    fn talks(&mut self, draw: &mut Draw, host: Host) {
        let len = draw.weighted(&[
            (30, 1),
            (20, 100),
            (20, 1448),
            (15, 5000),
            (10, 30_000),
            (5, 100_000),
        ]);
        let size = draw.of(&[1, 500, 10_000, 200_000]);
        let direction = draw.weighted(&[
            (70, Direction::Write),
            (10, Direction::Read),
            (20, Direction::Both),
        ]);
        let pause = draw.weighted(&[(60, 3), (30, 15), (9, 60), (1, 600)]);
        let pause = draw.below(pause);
        self.acts.push(draw.weighted(&[
            (36, Act::Send(host, len)),
            (20, Act::Read(host, size)),
            (6, Act::Shutdown(host, direction)),
            (5, Act::Close(host)),
            (2, Act::Abort(host)),
            (2, Act::Reconnect),
            (3, Act::Next),
            (1, Act::CloseListener),
            (25, Act::Pause(pause)),
        ]));
    }

    /// Some end in good order, and then the same ports are used again: the end that has closed first is in TIME-WAIT. Some do so
    /// without waiting for anything, so that segments of both connections are on their way.
    fn again(&mut self, draw: &mut Draw) {
        if !draw.percent(if self.crossed { 50 } else { 12 }) {
            return;
        }
        let mut hosts = [Host::Client, Host::Server];
        if draw.percent(40) {
            hosts.reverse();
        }
        for host in hosts.into_iter().rev() {
            self.acts.push(Act::Close(host));
            let pause = draw.of(&[0, 3, 20, 60]);
            self.acts.push(Act::Pause(pause));
        }
        let anew = match self.crossed && draw.percent(60) {
            true => Act::CrossAgain,
            false => Act::Return,
        };
        self.acts.push(anew);
        if draw.percent(80) {
            self.acts.push(Act::Accept);
        }
        self.talk(draw);
        self.end(draw);
    }

    fn end(&mut self, draw: &mut Draw) {
        let mut hosts = [Host::Client, Host::Server];
        if draw.percent(50) {
            hosts.reverse();
        }
        for host in hosts {
            let far = draw.weighted(&[(30, 0), (40, 5), (25, 60), (5, 400)]);
            if draw.percent(60) {
                self.acts.push(Act::Pause(draw.below(far + 1)));
            }
            if draw.percent(50) {
                self.acts.push(Act::Read(host, 1 << 20));
            }
            let how = draw.weighted(&[
                (60, Act::Close(host)),
                (20, Act::Shutdown(host, Direction::Write)),
                (8, Act::Abort(host)),
                (6, Act::Reconnect),
                (6, Act::Pause(5)),
            ]);
            self.acts.push(how);
        }
        let pause = draw.weighted(&[(60, 10), (30, 80), (10, 500)]);
        self.acts.push(Act::Pause(draw.below(pause)));
    }
}

/// What the wire does.
fn rules(draw: &mut Draw) -> String {
    let mut rules = Vec::new();
    let way = |draw: &mut Draw| draw.of(&["", "", "c>s:", "s>c:"]);
    let some = |draw: &mut Draw| draw.of(&["3%", "8%", "20%", "40%"]);
    // A SYN that is lost costs a second of the run.
    const PARTS: [&str; 6] = ["ack", "data", "fin", "rst", "ack data", "fin data"];
    for _ in 0..draw.weighted(&[(25, 0), (45, 1), (20, 2), (10, 3)]) {
        let way = way(draw);
        let some = some(draw);
        let part = draw.of(&PARTS);
        let nth = draw.of(&["#1", "#2", "#1-3", "every 2", "every 3"]);
        let ms = draw.of(&[1, 5, 30, 120]);
        rules.push(match draw.below(100) {
            0..30 => format!("{way}{part} {some} drop"),
            30..45 => format!("{way}{part} {nth} drop"),
            45..60 => format!("{way}{some} dup {ms}ms"),
            60..75 => format!("{way}{some} reorder 1"),
            75..80 => format!("{way}{some} reorder 3"),
            80..90 => format!("{way}jitter {ms}ms"),
            90..95 => format!("{way}{some} delay {ms}ms"),
            95..97 => format!("{way}syn-ack 50% drop"),
            97..98 => format!("{way}{some} drop"),
            _ => format!("{way}{part} {nth} delay {ms}ms"),
        });
    }
    rules.push(format!("seed {}", draw.below(1 << 32)));
    rules.join("; ")
}
