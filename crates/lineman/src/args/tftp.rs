//! `lineman tftp`: what may be typed.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use lineman_proto::tftp::ClientRule;
use lineman_proto::tftp::route::Route;
use lineman_proto::wire::Mac;

use super::capture::Capture;
use super::parse;
use super::parse::Addresses;
use super::proxydhcp::ProxyDhcp;
use super::tftp_load;
use crate::log::Format;
use crate::log::Level;

/// Move files with TFTP.
#[derive(Debug, Subcommand)]
pub enum Tftp {
    /// Serve a directory, or an object store
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Box<Serve>),
    /// Fetch files
    #[command(after_help = GET_EXAMPLES)]
    Get(Get),
    /// Store files on a server
    #[command(after_help = PUT_EXAMPLES)]
    Put(Put),
    /// Show which file a name would get, and by which rule
    #[command(after_help = ROUTE_EXAMPLES)]
    Route(ShowRoute),
    /// Show what machines boot from a server, and where one stopped
    #[command(after_help = MACHINES_EXAMPLES)]
    Machines(Machines),
    /// Put load on a server, and measure it
    #[command(after_help = tftp_load::EXAMPLES)]
    Bench(tftp_load::LoadTest),
}

/// `lineman tftp serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The directory; nothing outside it is ever opened. Or a store: s3://BUCKET/PREFIX, gs://…, az://…,
    /// http://… or https://…
    #[arg(value_name = "DIR|URL", default_value = "./files")]
    pub root: PathBuf,
    /// Where files of a store are kept (default: systemd's cache directory, else nothing outlives the server)
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// How much of a store is kept at the most; what was used longest ago leaves
    #[arg(long, value_name = "BYTES", default_value = "20G", value_parser = parse::bytes)]
    pub cache_size: u64,
    /// While the store does not answer, serve what is kept of it
    #[arg(long)]
    pub stale_ok: bool,
    /// Where to listen, may be repeated (default: all addresses of both families, port 69, or 6969
    /// where 69 is not permitted)
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Vec<String>,
    /// Answer these addresses only, may be repeated: ADDR, ADDR/BITS or any (default: private, link-local
    /// and loopback ones)
    #[arg(long, value_name = "CIDR", value_parser = parse::addresses)]
    pub allow: Vec<Addresses>,
    /// Addresses that cannot be forged in this network, may be repeated: ADDR, ADDR/BITS or any; they are
    /// answered without limit (default: this machine's own)
    #[arg(long, value_name = "CIDR", value_parser = parse::addresses)]
    pub trust: Vec<Addresses>,
    /// Accept uploads: new names only, or existing ones too
    #[arg(long, value_enum, value_name = "WHAT")]
    pub write: Option<Write>,
    /// Refuse or cut off an upload beyond this many bytes (K, M, G allowed)
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = parse::bytes)]
    pub max_upload: u64,
    /// Refuse or cut off uploads that would add more than this to the disk, all together since the start
    /// (default: no limit)
    #[arg(long, value_name = "BYTES", value_parser = parse::bytes)]
    pub upload_quota: Option<u64>,
    /// How much memory running uploads may take, 128K for each
    #[arg(long, value_name = "BYTES", default_value = "256M", value_parser = parse::bytes)]
    pub upload_memory: u64,
    /// Acknowledge an upload's last block before the file is on the disk: a power cut may take it
    #[arg(long)]
    pub no_sync: bool,
    /// How many transfers may run at a time
    #[arg(long, value_name = "N", default_value = "4096", value_parser = parse::count)]
    pub max_transfers: usize,
    /// How many transfers one client's address may have at a time
    #[arg(long, value_name = "N", default_value = "64", value_parser = parse::count)]
    pub max_transfers_per_client: usize,
    /// How many transfers may wait for a first sign of their client; the oldest is dropped for a new one
    #[arg(long, value_name = "N", default_value = "1024", value_parser = parse::count)]
    pub max_unconfirmed: usize,
    /// Never agree to a larger block (default: what the route to the client carries)
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(8..=65464))]
    pub max_blksize: Option<u16>,
    /// Never agree to a larger window
    #[arg(long, value_name = "BLOCKS", default_value = "64", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_windowsize: u16,
    /// The block number that follows 65535
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u8).range(0..=1))]
    pub rollover: u8,
    /// Do not hold windows back while the way to the clients is full
    #[arg(long)]
    pub no_congestion_control: bool,
    /// Send blocks ahead of their ACKs to clients that know no windowsize, as long as each keeps them
    #[arg(long, value_enum, value_name = "WHEN", default_value = "off")]
    pub pipeline: Pipeline,
    /// Serve some clients otherwise, may be repeated, the first that matches holds: from=CIDR,
    /// asks=OPTION+OPTION, then no-options, blksize=BYTES, windowsize=BLOCKS, rollover=N
    #[arg(long, value_name = "RULE", value_parser = parse::client_rule)]
    pub client: Vec<ClientRule>,
    /// Which file a name gets.
    #[command(flatten)]
    pub routing: Routing,
    /// Answer from the port that is asked, for NAT and containers: all transfers share one socket
    #[arg(long)]
    pub single_port: bool,
    /// Threads for the transfers (default: one for each processor); those in lockstep share the first
    #[arg(long, value_name = "N", value_parser = parse::threads)]
    pub threads: Option<usize>,
    /// Poll for packets for this many microseconds before sleeping, as long as that pays; 0 sleeps at once
    #[arg(long, value_name = "MICROSECONDS", default_value = "100", value_parser = parse::microseconds)]
    pub busy_poll: Duration,
    /// Where a name is not found, fall back to a case-insensitive match
    #[arg(long)]
    pub ignore_case: bool,
    /// After the ports are taken, switch to this user permanently (needs root)
    #[arg(long, value_name = "USER[:GROUP]")]
    pub user: Option<String>,
    /// Do not let the kernel confine the server to the directory (Landlock)
    #[arg(long)]
    pub no_confine: bool,
    /// Serve the same files by HTTP, and show what machines boot (/machines), counts (/metrics) and that the server runs
    /// (/healthz); without ADDR to this machine only
    #[arg(long, value_name = "[ADDR:]PORT")]
    pub http: Option<String>,
    /// Answer there under this name too, may be repeated: of a service or a proxy before it (default: addresses,
    /// localhost and this machine's name)
    #[arg(long, value_name = "NAME", requires = "http", value_parser = parse::host_name)]
    pub http_host: Vec<String>,
    /// List there what a directory holds, when a client asks for its name with / at the end
    #[arg(long, requires = "http")]
    pub http_list: bool,
    /// How the log on stderr is written: as sentences, or as JSON, an object a line (docs/json.md)
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub log_format: Format,
    /// Log what counts as much as this, and more
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "info")]
    pub log_level: Level,
    /// What firmware is told.
    #[command(flatten)]
    pub proxydhcp: ProxyDhcp,
    /// What is recorded of its transfers.
    #[command(flatten)]
    pub recorded: Capture,
}

/// The rules between the names that clients ask for and what they get.
#[derive(Debug, Args)]
pub struct Routing {
    /// Serve some names otherwise, may be repeated, the first that claims a name holds: name=GLOB, regex=REGEX,
    /// from=CIDR, mac=MAC, asks=OPTION+OPTION, write, then path=PATH, text=TEXT, url=URL or refuse
    #[arg(long, value_name = "ROUTE", value_parser = parse::route)]
    pub route: Vec<Route>,
    /// Rewrite names by the rules in this file, which are those of tftpd-hpa, before any route sees them
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
}

/// `lineman tftp route`.
#[derive(Debug, Args)]
pub struct ShowRoute {
    /// The name, as the client would ask for it
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// The client's address
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub from: IpAddr,
    /// The client's link-layer address (default: what the neighbour table has)
    #[arg(long, value_name = "MAC", value_parser = parse::mac)]
    pub mac: Option<Mac>,
    /// The options of the request, by name: OPTION+OPTION
    #[arg(long, value_name = "OPTIONS", default_value = "")]
    pub asks: String,
    /// The client stores the file
    #[arg(long)]
    pub write: bool,
    /// The address that the client has asked
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub server: IpAddr,
    /// Look whether the file is beneath this directory, or beneath that of its route
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The rules: without these options those of `lineman tftp serve` in the settings.
    #[command(flatten)]
    pub routing: Routing,
}

/// `lineman tftp machines`.
#[derive(Debug, Args)]
pub struct Machines {
    /// The server, as its --http says: http://HOST:PORT or HOST:PORT
    #[arg(value_name = "URL", default_value = "http://127.0.0.1:6980")]
    pub url: String,
    /// Show so many machines, those heard of last
    #[arg(long, value_name = "N", default_value = "50", value_parser = parse::count)]
    pub most: usize,
    /// Draw for this many columns (default: the terminal's, or 120)
    #[arg(long, value_name = "N")]
    pub width: Option<u16>,
}

/// Which uploads are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Write {
    /// New names only.
    Create,
    /// New names, and existing ones replaced.
    Overwrite,
}

/// When blocks are sent ahead of their ACKs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pipeline {
    /// As long as the client keeps early blocks.
    Auto,
    /// Never.
    Off,
}

/// `lineman tftp get`.
#[derive(Debug, Args)]
pub struct Get {
    /// What to fetch: tftp://HOST[:PORT]/NAME[;mode=netascii]
    #[arg(value_name = "URL", required = true)]
    pub urls: Vec<String>,
    /// Where to put it: a file, a directory, or - for stdout (default: the last part of the name)
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// What to ask of the server.
    #[command(flatten)]
    pub wish: Wish,
}

/// `lineman tftp put`.
#[derive(Debug, Args)]
pub struct Put {
    /// The files, then the address: tftp://HOST[:PORT]/NAME, or one that ends in / for several
    #[arg(value_name = "FILE… URL", required = true, num_args = 2..)]
    pub files: Vec<String>,
    /// What to ask of the server.
    #[command(flatten)]
    pub wish: Wish,
}

/// What a client asks of the server.
#[derive(Clone, Debug, Args)]
pub struct Wish {
    /// Ask for this block size (default: what the route carries)
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(8..=65464))]
    pub blksize: Option<u16>,
    /// Ask for this many blocks in flight
    #[arg(long, value_name = "BLOCKS", default_value = "16", value_parser = clap::value_parser!(u16).range(1..))]
    pub windowsize: u16,
    /// Ask the server to resend after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u8).range(1..))]
    pub timeout: Option<u8>,
    /// Give up after this many seconds without a sign of the server
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = parse::seconds)]
    pub patience: Duration,
    /// Repeat the request seven times a second until the server answers, for devices that listen for a
    /// moment after power-on
    #[arg(long)]
    pub until_answered: bool,
    /// Poll for packets for this many microseconds before sleeping, as long as that pays; 0 sleeps at once
    #[arg(long, value_name = "MICROSECONDS", default_value = "100", value_parser = parse::microseconds)]
    pub busy_poll: Duration,
    /// Ask for no options at all: RFC 1350 as it was
    #[arg(long, conflicts_with_all = ["blksize", "timeout"])]
    pub no_options: bool,
    /// Transfer text: line ends become those of the other system
    #[arg(long)]
    pub netascii: bool,
    /// The block number that follows 65535
    #[arg(long, value_name = "N", default_value = "0", value_parser = clap::value_parser!(u8).range(0..=1))]
    pub rollover: u8,
    /// What is recorded of it.
    #[command(flatten)]
    pub recorded: Capture,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  lineman tftp serve                           ./files, port 69 or 6969
  lineman tftp serve /srv/tftp --ignore-case
  lineman tftp serve . --listen 127.0.0.1:6969 --listen '[::1]:6969'
  lineman tftp serve . --write create --max-upload 64M
  sudo lineman tftp serve /srv/tftp --user nobody";

const ROUTE_EXAMPLES: &str = "\
Examples:
  lineman tftp route pxelinux.cfg/default --from 10.0.0.7
  lineman tftp route boot.ipxe --mac 52:54:00:12:34:56 --route 'name=*.ipxe,text=#!ipxe'
  lineman tftp route /tftpboot/kernel --map /etc/tftpd.map --root /srv/tftp";

const MACHINES_EXAMPLES: &str = "\
Examples:
  lineman tftp serve /srv/tftp --http 6980     on the server
  lineman tftp machines                        there too, at another terminal
  lineman tftp machines http://192.0.2.7:6980 --json";

const GET_EXAMPLES: &str = "\
Examples:
  lineman tftp get tftp://192.0.2.7/kernel
  lineman tftp get tftp://192.0.2.7/kernel tftp://192.0.2.7/initrd -o /tmp
  lineman tftp get tftp://192.0.2.7:6969/notes.txt --netascii -o -";

const PUT_EXAMPLES: &str = "\
Examples:
  lineman tftp put config.bin tftp://192.0.2.7/config.bin
  lineman tftp put *.cfg tftp://192.0.2.7/backup/";
