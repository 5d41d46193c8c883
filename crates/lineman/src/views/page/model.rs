//! From the log's events to the page's messages.

use std::collections::BTreeSet;
use std::sync::Arc;

use lineman_proto::text::safe_json;
use lineman_proto::wire::Frame;
use lineman_proto::wire::LinkType;
use lineman_trace::learn;
use lineman_trace::learn::Guess;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Start;
use lineman_trace::series::Figure;
use lineman_trace::series::Sample;
use lineman_trace::series::Series;
use lineman_trace::story::Arrow;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use lineman_trace::story::Stretch;
use lineman_trace::story::What;
use serde_json::Value;
use serde_json::json;

use crate::lang::Lang;
use crate::lang::fields;
use crate::views::export::row_object;
use crate::views::scene::Card;
use crate::views::scene::Scene;

/// Something that the page is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is: `ladder`, `row`, `figures`, `scene`, `end`, `notice`.
    pub kind: &'static str,
    /// One line of JSON.
    pub json: String,
    /// A row's packet: most are never looked at, so the page asks for its fields and bytes when one is.
    pub frame: Option<Arc<FrameBytes>>,
}

/// The bytes of a packet, as they were sent or captured.
#[derive(Debug, PartialEq, Eq)]
pub struct FrameBytes {
    link: LinkType,
    bytes: Vec<u8>,
    /// How many it had on the wire.
    wire_len: usize,
    /// Whether it is of a transfer that its ports do not tell of.
    is_tftp: bool,
}

impl FrameBytes {
    fn of(arrow: &Arrow) -> Option<Arc<Self>> {
        // The same packet has further rows, which show how it ended.
        let shows_bytes = matches!(arrow.stretch, Stretch::Whole | Stretch::Departure);
        shows_bytes.then(|| {
            Arc::new(Self {
                link: arrow.link,
                bytes: arrow.bytes.clone(),
                wire_len: arrow.wire_len,
                is_tftp: matches!(&arrow.seen.what, What::Udp(datagram) if datagram.tftp.is_some()),
            })
        })
    }

    /// Its fields with their places, and its bytes, as one line of JSON.
    pub fn json(&self) -> String {
        let mut frame = Frame::captured(self.link, &self.bytes, self.wire_len);
        if self.is_tftp {
            frame = frame.as_tftp();
        }
        let list = frame.fields().map(|field| {
            json!({
                "layer": field.layer.name(),
                "name": { "en": field.name, "zh": fields::field(field.name, Lang::Zh) },
                "value": field.value,
                "from": field.range.start,
                "to": field.range.end,
            })
        });
        let list: Vec<Value> = list.collect();
        let bytes: String = self
            .bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let object = json!({ "fields": list, "bytes": bytes });
        safe_json(&object.to_string()).into_owned()
    }
}

impl Message {
    /// A message without control characters, whatever its texts hold.
    pub fn new(kind: &'static str, content: &Value) -> Self {
        let json = safe_json(&content.to_string()).into_owned();
        Self {
            kind,
            json,
            frame: None,
        }
    }
}

/// What the page is told of a log: a function of its events, and of nothing else.
#[derive(Debug, Default)]
pub struct Model {
    story: Story,
    scene: Scene,
    rows: usize,
    series: Series,
    /// Samples that were not told yet.
    samples: Vec<Sample>,
    /// How many times samples were told.
    told: usize,
    /// The connections of which samples were told.
    connections: BTreeSet<u64>,
}

impl Model {
    /// Takes an event, and gives what is new.
    pub fn push(&mut self, event: &Event) -> Vec<Message> {
        let mut messages = Vec::new();
        if let Kind::Start(start) = &event.visible().kind {
            messages.push(ladder(start));
        }
        let rows = self.story.push(event);
        self.scene.push(event);
        self.samples.extend(self.series.push(event));
        messages.extend(self.rows(rows));
        messages
    }

    /// Nothing has happened until `now_ns`.
    pub fn idle(&mut self, now_ns: u64) -> Vec<Message> {
        self.samples.extend(self.series.idle(now_ns));
        let rows = self.story.idle(now_ns);
        self.rows(rows)
    }

    /// When [`idle`](Self::idle) has rows or figures, unless something happens before.
    pub fn due_ns(&self) -> Option<u64> {
        let due = [self.story.due_ns(), self.series.due_ns()];
        due.into_iter().flatten().min()
    }

    /// Nothing more will happen.
    pub fn finish(&mut self) -> Vec<Message> {
        let rows = self.story.finish();
        let mut messages = self.rows(rows);
        self.samples.extend(self.series.finish());
        messages.extend(self.figures());
        messages.push(Message::new("end", &json!({})));
        messages
    }

    /// Figures over time that were not told yet, if there are any.
    pub fn figures(&mut self) -> Option<Message> {
        if self.samples.is_empty() {
            return None;
        }
        let n = self.told;
        self.told += 1;
        let mut samples = Vec::new();
        for sample in std::mem::take(&mut self.samples) {
            if self.connections.insert(sample.connection) {
                samples.push(ends(&sample));
            }
            samples.extend(figure(&sample));
        }
        let content = json!({ "n": n, "samples": samples });
        Some(Message::new("figures", &content))
    }

    /// How things stand: the sockets of both hosts, their last calls, what is held.
    pub fn scene(&self) -> Message {
        Message::new("scene", &scene(&self.scene))
    }

    fn rows(&mut self, rows: Vec<Row>) -> Vec<Message> {
        let first = self.rows;
        self.rows += rows.len();
        let messages = rows.iter().enumerate();
        messages
            .map(|(nth, row)| Message {
                frame: row.arrow.as_ref().and_then(FrameBytes::of),
                ..Message::new("row", &object(first + nth, row))
            })
            .collect()
    }
}

fn ladder(start: &Start) -> Message {
    Message::new(
        "ladder",
        &json!({
            "scenario": start.scenario,
            "origin": start.origin,
            "system": start.system,
            "utc_ns": start.utc_ns,
            "hosts": start.hosts,
            "captures": start.captures,
        }),
    )
}

fn scene(scene: &Scene) -> Value {
    let held = scene
        .held
        .iter()
        .map(|held| json!({ "id": held.id, "from": held.from, "repeats": held.repeats }));
    json!({
        "client": card(&scene.hosts[Host::Client]),
        "server": card(&scene.hosts[Host::Server]),
        "held": held.collect::<Vec<_>>(),
    })
}

fn card(card: &Card) -> Value {
    let socket = card.socket.map(|socket| {
        json!({
            "local": socket.ends.local,
            "remote": socket.ends.remote,
            "state": socket.state.name(),
            "origin": socket.origin,
            "queues": socket.queues.map(|it| it.queued(socket.state, socket.origin)),
        })
    });
    let timers = card.timers.iter().map(|(at_ns, timer)| {
        json!({
            "clock": timer.clock,
            "wait_ns": timer.wait_ns,
            "at_ns": at_ns,
            "origin": timer.origin,
        })
    });
    json!({
        "calls": card.calls,
        "socket": socket,
        "timers": timers.collect::<Vec<_>>(),
        "congestion": card.congestion,
        "figures": card.shown_figures(),
        "left": card.left,
    })
}

/// Between which ends a connection is, of which samples follow.
fn ends(sample: &Sample) -> Value {
    let (local, remote) = (sample.local, sample.remote);
    json!([
        sample.t_ns,
        sample.connection,
        sample.at,
        "ends",
        local,
        remote
    ])
}

/// When, which connection, which end, what, and its values; nothing of what no graph shows.
fn figure(sample: &Sample) -> Option<Value> {
    let (kind, value): (&str, Value) = match sample.figure {
        Figure::Sent {
            packet,
            from,
            to,
            again,
        } => {
            let again = u8::from(again);
            let (t_ns, connection, at) = (sample.t_ns, sample.connection, sample.at);
            let it = json!([t_ns, connection, at, "sent", packet, from, to, again]);
            return Some(it);
        }
        Figure::Lost { packet } => ("lost", packet.into()),
        Figure::InFlight(bytes) => ("flight", bytes.into()),
        Figure::Window(bytes) => ("window", bytes.into()),
        Figure::RoundTrip { ns, .. } => ("rtt", ns.into()),
        Figure::Goodput(rate) => ("goodput", rate.into()),
        Figure::CongestionWindow(segments) => ("cwnd", segments.into()),
        Figure::Threshold(segments) => ("ssthresh", segments.into()),
        Figure::SmoothedRoundTrip(ns) => ("srtt", ns.into()),
        Figure::Acknowledged(_) | Figure::Timeout(_) => return None,
    };
    Some(json!([
        sample.t_ns,
        sample.connection,
        sample.at,
        kind,
        value
    ]))
}

/// A row as in `docs/json.md`, its words in both languages; in place of its packet's bytes, whether there are any.
fn object(n: usize, row: &Row) -> Value {
    let both =
        |text: &dyn Fn(Lang) -> String| json!({ "en": text(Lang::En), "zh": text(Lang::Zh) });
    let mut object = row_object(n, row, both);
    if row.arrow.is_some() {
        let packet = &mut object["packet"];
        packet["bytes"] = packet["bytes"].is_string().into();
    }
    object["arrives"] = arrival(row);
    object["about"] = about(row);
    object
}

/// Which saying tells what its packet is; `null` where the row shows only how that goes on.
fn about(row: &Row) -> Value {
    let reason = learn::reason(row).filter(|_| row.arrow.is_some());
    let nth = reason.and_then(|it| row.sayings.iter().position(|saying| saying == it));
    json!(nth)
}

/// What a packet changes where it arrives, and which sayings tell why: the answer to the question that the reader is
/// asked before; `null` where there is nothing to ask.
fn arrival(row: &Row) -> Value {
    let Some(outcome) = Guess::Nothing.outcome(row) else {
        return Value::Null;
    };
    let why = row.sayings.iter().enumerate();
    let why = why.filter(|(_, saying)| outcome.why.contains(saying));
    let why: Vec<usize> = why.map(|(nth, _)| nth).collect();
    json!({ "changes": outcome.changes, "why": why })
}
