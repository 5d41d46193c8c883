//! The one edge where what a log says becomes text that may be shown. A log is a file, and files
//! come from strangers: no control character, no change of the reading order and no text without
//! end passes here. Views are made of what comes out; only the log itself is written as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lineman_proto::text;

use super::Answer;
use super::Call;
use super::Congestion;
use super::Counted;
use super::Event;
use super::Fault;
use super::Kind;
use super::Machine;
use super::Note;
use super::Packet;
use super::Start;
use super::State;
use super::TcpInfo;
use super::Timer;
use super::TwoCaptures;

/// The longest text, in characters: nothing that lineman writes comes near.
const LONGEST: usize = 1000;
/// The most texts in a list: no call has as many arguments.
const MOST: usize = 64;
/// The most hosts: more than the largest network of a lesson has, or than a reader looks through.
const HOSTS: usize = 4096;

impl Event {
    /// The same event with every text of it safe to show, on one line and of a bounded length.
    ///
    /// Every field is named here, so that a new one does not compile before it was thought of.
    pub fn visible(&self) -> Cow<'_, Self> {
        let Self { n, t_ns, kind } = self;
        let kind = match kind {
            Kind::Start(Start {
                version,
                scenario,
                origin,
                system,
                utc_ns,
                link,
                hosts,
                captures,
            }) => Kind::Start(Start {
                version: *version,
                scenario: scenario.as_deref().map(line),
                origin: *origin,
                system: line(system),
                utc_ns: *utc_ns,
                link: *link,
                hosts: hosts.iter().take(HOSTS).map(machine).collect(),
                captures: captures.as_deref().map(two_captures),
            }),
            Kind::Call(Call {
                id,
                host,
                program,
                fd,
                socket,
                name,
                args,
                answer,
            }) => Kind::Call(Call {
                id: *id,
                host: *host,
                program: program.as_deref().map(line),
                fd: *fd,
                socket: socket.clone(),
                name: line(name),
                args: args.iter().take(MOST).map(|arg| line(arg)).collect(),
                answer: answer.as_ref().map(|answer| match answer {
                    Answer::Value(text) => Answer::Value(line(text)),
                    Answer::Error(text) => Answer::Error(line(text)),
                }),
            }),
            Kind::Fault(Fault { packet, rule }) => Kind::Fault(Fault {
                packet: *packet,
                rule: line(rule),
            }),
            Kind::Note(Note { id, args }) => Kind::Note(Note {
                id: line(id),
                args: pairs(args),
            }),
            Kind::Left { host, why } => Kind::Left {
                host: *host,
                why: line(why),
            },
            Kind::Congestion(it) => Kind::Congestion(Congestion {
                algorithm: line(&it.algorithm),
                ..it.clone()
            }),
            // No text of the log's own: what is in a packet is taken apart, and shown by that.
            Kind::Packet(Packet {
                id: _,
                from: _,
                verdict: _,
                bytes: _,
                wire_len: _,
                link: _,
                stamp_ns: _,
                checksum_pending: _,
                absent: _,
                at: _,
                whole: _,
            })
            | Kind::State(State {
                host: _,
                socket: _,
                from: _,
                to: _,
                origin: _,
                cause: _,
                queues: _,
            })
            | Kind::Timer(Timer {
                host: _,
                clock: _,
                wait_ns: _,
                expired: _,
                origin: _,
            })
            | Kind::Counted(Counted {
                host: _,
                counter: _,
                origin: _,
                cause: _,
                queues: _,
            })
            | Kind::TcpInfo(TcpInfo {
                host: _,
                socket: _,
                rtt_us: _,
                rttvar_us: _,
                rto_us: _,
                cwnd: _,
                ssthresh: _,
                mss: _,
                unacked: _,
                sacked: _,
                lost: _,
                retrans: _,
                total_retrans: _,
                ato_us: _,
                origin: _,
            })
            | Kind::End => return Cow::Borrowed(self),
        };
        let (n, t_ns) = (*n, *t_ns);
        Cow::Owned(Self { n, t_ns, kind })
    }
}

fn two_captures(it: &TwoCaptures) -> Box<TwoCaptures> {
    Box::new(TwoCaptures {
        client: line(&it.client),
        server: line(&it.server),
        ..it.clone()
    })
}

fn machine(host: &Machine) -> Machine {
    let Machine {
        name,
        role,
        addresses,
    } = host;
    Machine {
        name: line(name),
        role: *role,
        addresses: addresses.iter().take(MOST).copied().collect(),
    }
}

fn pairs(args: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let visible = |(key, value): (&String, &String)| (line(key), line(value));
    args.iter().take(MOST).map(visible).collect()
}

/// `text` on one line, cut after as many characters as a reader reads.
fn line(text: &str) -> String {
    let end = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    let mut line = text::visible(&text[..end.unwrap_or(text.len())]).replace('\t', " ");
    if end.is_some() {
        line.push('…');
    }
    line
}
