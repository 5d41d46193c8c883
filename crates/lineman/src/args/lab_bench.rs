//! `lineman lab bench` and `lineman lab run`: what may be typed.

use clap::Args;
use clap::ValueEnum;
use lineman_trace::log::Host;

use super::lab::Whose;
use super::lab_options::Drawing;
use super::lab_options::LabOptions;

/// `lineman lab bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Hold every packet until it is told what becomes of it, from the start
    #[arg(long)]
    pub step: bool,
    /// How the lab is.
    #[command(flatten)]
    pub lab: LabOptions,
    /// Whose TCP it is.
    #[command(flatten)]
    pub whose: Whose,
    /// How the ladder is drawn.
    #[command(flatten)]
    pub drawing: Drawing,
}

/// `lineman lab run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Run this program on the client
    #[arg(long, value_name = "COMMAND")]
    pub client: Option<String>,
    /// Run this program on the server, and first
    #[arg(long, value_name = "COMMAND")]
    pub server: Option<String>,
    /// Run the program behind -- on this host (default: client)
    #[arg(long, value_enum, value_name = "HOST", requires = "program")]
    pub on: Option<On>,
    /// End when the program on this host has ended (default: both, when all have)
    #[arg(long, value_enum, value_name = "HOST")]
    pub until: Option<Until>,
    /// Give each program a terminal of its own, also the one behind --: many ask, write and colour otherwise without one; what is typed goes to whichever reads, line by line
    #[arg(long)]
    pub pty: bool,
    /// Leave these calls out of the ladder, like poll,close
    #[arg(long, value_name = "CALLS", value_delimiter = ',')]
    pub hide: Vec<String>,
    /// How the lab is.
    #[command(flatten)]
    pub lab: LabOptions,
    /// How the ladder is drawn.
    #[command(flatten)]
    pub drawing: Drawing,
    /// Programs cannot be simulated; asked for all the same, it is said
    #[arg(long, hide = true)]
    pub simulated: bool,
    /// A program with its arguments; it has the terminal
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<String>,
}

/// A host, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum On {
    /// 10.0.0.1
    Client,
    /// 10.0.0.2
    Server,
}

/// Whose program's end is the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Until {
    /// The client's
    Client,
    /// The server's
    Server,
    /// All have ended
    Both,
}

impl Until {
    /// The host; `None` is both.
    pub fn host(self) -> Option<Host> {
        match self {
            Self::Client => Some(Host::Client),
            Self::Server => Some(Host::Server),
            Self::Both => None,
        }
    }
}

/// Examples of `lineman lab bench`.
pub const BENCH_EXAMPLES: &str = "\
Examples:
  lineman lab bench                        a prompt; help lists the calls
  lineman lab bench --step                 you deliver each packet
  lineman lab bench < script               the same without a prompt
  lineman lab bench --simulated            both hosts simulated, without the kernel
  lineman lab bench --fault 'loss 20%'     on a bad wire";

/// Examples of `lineman lab run`.
pub const RUN_EXAMPLES: &str = "\
Examples:
  lineman lab run --server 'nc -l -p 9000' --client 'nc -q 1 10.0.0.2 9000'
  lineman lab run --server 'python3 server.py' -- python3 client.py
  lineman lab run --server ./server.py --client ./client.py   lines are typed for whichever reads
  lineman lab run --pty --server './server.py' -- ./client.py   both at terminals; server> … and client> … name one
  lineman lab run --server 'python3 -m http.server 80' --until client -- curl http://10.0.0.2
  lineman lab run --on server -- lineman chat listen
  lineman lab run --hide poll,close --record a.jsonl -- nc 10.0.0.2 9000";
