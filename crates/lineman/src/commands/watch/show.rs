//! What is shown of a watch: ladders, JSON, or nothing where the packets themselves go to stdout.

use std::collections::BTreeSet;
use std::future::pending;

use lineman_trace::capture::Conversation;
use lineman_trace::capture::Sorted;
use lineman_trace::capture::Summary;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use serde_json::json;
use tokio::time::Instant;

use super::clock::Clock;
use super::is_stdout;
use super::kernel::Kernel;
use super::whole::Whole;
use crate::args::watch::Watch as Args;
use crate::commands::capture::Caught;
use crate::commands::capture::Live;
use crate::commands::capture::system;
use crate::commands::lab::tui::Input;
use crate::commands::read;
use crate::commands::trace::drawing;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Message as _;
use crate::lang::watch::Watch as Words;
use crate::terminal::surface::Surface;
use crate::views::conversations;
use crate::views::watch::Interleaved;

/// What is shown, and where.
pub struct Show {
    form: Form,
    kernel: Kernel,
    console: Console,
    /// The conversations that went on while packets were lost.
    may_lack: BTreeSet<u64>,
    /// How wide tables are.
    width: usize,
    ascii: bool,
}

enum Form {
    Lines(Box<Interleaved>, Clock),
    Json,
    Nothing,
    /// Dropped to give the terminal back.
    Whole(Option<Box<Whole>>),
}

impl Show {
    /// As it was asked for.
    ///
    /// # Errors
    /// When there is no terminal, and one was asked for.
    pub fn new(args: &Args, live: &Live, console: Console) -> Result<Self, Failure> {
        let surface = Surface::of(std::io::stdout());
        let style = drawing::style(&args.drawing, surface, console);
        let form = match () {
            () if is_stdout(args.write.as_deref()) => Form::Nothing,
            () if args.tui => {
                let whole = Whole::take(&live.interface, style.ascii, console)?;
                Form::Whole(Some(whole.into()))
            }
            () if console.json => Form::Json,
            () => Form::Lines(Interleaved::new(style, system()).into(), Clock::default()),
        };
        Ok(Self {
            form,
            kernel: Kernel::new(),
            may_lack: BTreeSet::new(),
            console,
            width: style.width,
            ascii: style.ascii,
        })
    }

    /// A packet was captured.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn packet(
        &mut self,
        sorted: Sorted,
        packet: &Caught,
        conversation: Option<&Conversation>,
    ) -> Result<(), Failure> {
        let captured = packet.as_captured();
        if let Some(conversation) = conversation {
            self.kernel.seen(conversation);
        }
        match &mut self.form {
            Form::Nothing => Ok(()),
            Form::Whole(whole) => {
                let whole = whole.as_mut();
                whole
                    .into_iter()
                    .for_each(|it| it.packet(sorted, packet, conversation));
                Ok(())
            }
            Form::Json => tell(sorted, packet, self.console),
            Form::Lines(ladders, clock) => {
                clock.see(ladders.since_ns(packet.utc_ns));
                let mut lines = ladders.take(sorted, &captured, conversation);
                if packet.super_segment == Some(true)
                    && let Some(number) = sorted.conversation
                {
                    let bytes = &packet.wire_len;
                    let words = Words::SuperSegment { bytes }.render(self.console.lang);
                    lines.push(ladders.about(number, &words));
                }
                print(&lines, self.console)
            }
        }
    }

    /// When [`idle`](Self::idle) is to be called.
    pub fn due(&self) -> Option<Instant> {
        let rows = match &self.form {
            Form::Lines(ladders, clock) => {
                let due_ns = ladders.due_ns();
                due_ns.and_then(|due_ns| clock.instant(due_ns))
            }
            Form::Whole(Some(whole)) => whole.due(),
            Form::Json => None,
            Form::Nothing | Form::Whole(None) => return None,
        };
        rows.into_iter().chain(self.kernel.due()).min()
    }

    /// Nothing has happened for a while: rows that were waiting are complete, and the kernel is asked for states.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn idle(&mut self) -> Result<(), Failure> {
        let told = self.kernel.ask();
        let console = self.console;
        match &mut self.form {
            Form::Nothing | Form::Whole(None) => Ok(()),
            Form::Whole(Some(whole)) => {
                told.iter().for_each(|told| whole.states(told));
                whole.idle()
            }
            Form::Json => told.iter().try_for_each(|told| {
                let fields = json!({
                    "conversation": told.conversation,
                    "client": told.states.client.map(TcpState::name),
                    "server": told.states.server.map(TcpState::name),
                });
                console.tell("kernel_states", fields)
            }),
            Form::Lines(ladders, clock) => {
                let mut lines = ladders.idle(clock.now_ns());
                lines.extend(told.iter().map(|told| {
                    // Of an end that is not on this machine nothing is known.
                    let name = |host: Host| told.states[host].map_or("-", TcpState::name);
                    let (client, server) = (&name(Host::Client), &name(Host::Server));
                    let words = Words::KernelStates { client, server }.render(console.lang);
                    ladders.about(told.conversation, &words)
                }));
                print(&lines, console)
            }
        }
    }

    /// Everything that was there is to be seen now.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn settle(&mut self) -> Result<(), Failure> {
        match &mut self.form {
            Form::Whole(Some(whole)) => whole.settle(),
            _ => Ok(()),
        }
    }

    /// Waits for a key, where there are keys.
    pub async fn input(&mut self) -> Input {
        match &mut self.form {
            Form::Whole(Some(whole)) => whole.input().await,
            _ => pending().await,
        }
    }

    /// Takes it; whether the person leaves.
    ///
    /// # Errors
    /// When the program is to end at once, or the terminal is gone.
    pub fn take_input(&mut self, input: Input) -> Result<bool, Failure> {
        match &mut self.form {
            Form::Whole(Some(whole)) => {
                let leaves = whole.take_input(input)?;
                whole.settle()?;
                Ok(leaves)
            }
            _ => Ok(false),
        }
    }

    /// Nothing more is captured. Whether a person still looks at it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn ended(&mut self) -> Result<bool, Failure> {
        match &mut self.form {
            Form::Whole(Some(whole)) => {
                whole.end();
                whole.settle()?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// So many packets were lost since the beginning.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn lost(&mut self, lost: u64) -> Result<(), Failure> {
        if let Form::Whole(Some(whole)) = &mut self.form {
            whole.lost(lost);
            return whole.settle();
        }
        if let Form::Lines(ladders, _) = &mut self.form {
            ladders.lost();
            self.may_lack.extend(ladders.numbers());
        }
        self.console.warn(&Words::Lost { lost: &lost });
        self.console.tell("lost", json!({ "packets": lost }))
    }

    /// The end: the rest of the ladders, and the table of conversations.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn finish(&mut self, mut summary: Summary, lost: u64) -> Result<(), Failure> {
        self.kernel.tell(&mut summary);
        let rest = match &mut self.form {
            Form::Nothing => return Ok(()),
            Form::Json => return summed_up(&summary, lost, self.console),
            Form::Lines(ladders, _) => ladders.finish(),
            Form::Whole(whole) => {
                *whole = None;
                Vec::new()
            }
        };
        print(&rest, self.console)?;
        print(&self.table(&summary, lost), self.console)
    }

    /// The table of conversations, and what may be missing from it.
    fn table(&self, summary: &Summary, lost: u64) -> Vec<String> {
        let style = conversations::Style {
            width: self.width,
            lang: self.console.lang,
            ascii: self.ascii,
            top: TOP,
        };
        let mut lines = vec![String::new()];
        lines.extend(conversations::table(summary, style));
        if lost > 0 {
            lines.push(Words::Lost { lost: &lost }.render(self.console.lang));
        }
        if !self.may_lack.is_empty() {
            let first = self.may_lack.iter().take(LISTED);
            let first: Vec<String> = first.map(u64::to_string).collect();
            let more = if self.may_lack.len() > LISTED {
                ", …"
            } else {
                ""
            };
            let numbers = &format!("{}{more}", first.join(", "));
            lines.push(Words::MayLackThese { numbers }.render(self.console.lang));
        }
        lines
    }
}

/// What it was, for programs.
fn summed_up(summary: &Summary, lost: u64, console: Console) -> Result<(), Failure> {
    let mut lines = read::json::lines_ending(summary, json!({ "lost": lost }));
    lines.try_for_each(|line| console.print(line))
}

/// A packet for programs.
fn tell(sorted: Sorted, packet: &Caught, console: Console) -> Result<(), Failure> {
    let frame = packet.as_captured().frame();
    let fields = json!({
        "number": sorted.number,
        "conversation": sorted.conversation,
        "from": sorted.from.name(),
        "utc_ns": packet.utc_ns,
        "interface": packet.interface,
        "link": packet.link.0,
        "length": packet.wire_len,
        "super_segment": packet.super_segment,
        "checksum_pending": packet.checksum_pending,
        "text": frame.to_string(),
    });
    console.tell("packet", fields)
}

fn print(lines: &[String], console: Console) -> Result<(), Failure> {
    if lines.is_empty() {
        return Ok(());
    }
    console.print(lines.join("\n") + "\n")
}

/// How many conversations are named that may lack packets.
const LISTED: usize = 20;
/// How many conversations the table lists.
const TOP: usize = 50;
