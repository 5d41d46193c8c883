//! From the log's events to the page's messages.

use lineman_proto::text::safe_json;
use lineman_proto::wire::Frame;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Start;
use lineman_trace::story::Arrow;
use lineman_trace::story::Row;
use lineman_trace::story::Story;
use lineman_trace::story::What;
use serde_json::Value;
use serde_json::json;

use crate::lang::Lang;
use crate::views::export::row_object;
use crate::views::scene::Card;
use crate::views::scene::Scene;

/// Something that the page is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is: `ladder`, `row`, `scene`, `end`, `notice`.
    pub kind: &'static str,
    /// One line of JSON.
    pub json: String,
}

impl Message {
    /// A message without control characters, whatever its texts hold.
    pub fn new(kind: &'static str, content: &Value) -> Self {
        let json = safe_json(&content.to_string()).into_owned();
        Self { kind, json }
    }
}

/// What the page is told of a log: a function of its events, and of nothing else.
#[derive(Debug, Default)]
pub struct Model {
    story: Story,
    scene: Scene,
    rows: usize,
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
        messages.extend(self.rows(rows));
        messages
    }

    /// Nothing has happened until `now_ns`.
    pub fn idle(&mut self, now_ns: u64) -> Vec<Message> {
        let rows = self.story.idle(now_ns);
        self.rows(rows)
    }

    /// When [`idle`](Self::idle) has rows, unless something happens before.
    pub fn due_ns(&self) -> Option<u64> {
        self.story.due_ns()
    }

    /// Nothing more will happen.
    pub fn finish(&mut self) -> Vec<Message> {
        let rows = self.story.finish();
        let mut messages = self.rows(rows);
        messages.push(Message::new("end", &json!({})));
        messages
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
            .map(|(nth, row)| Message::new("row", &object(first + nth, row)))
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
            "queues": socket.queues,
        })
    });
    json!({ "calls": card.calls, "socket": socket })
}

/// A row as in `docs/json.md`, its words in both languages, and its packet's fields with their places.
fn object(n: usize, row: &Row) -> Value {
    let both =
        |text: &dyn Fn(Lang) -> String| json!({ "en": text(Lang::En), "zh": text(Lang::Zh) });
    let mut object = row_object(n, row, both);
    if let Some(arrow) = &row.arrow {
        object["packet"]["fields"] = fields(arrow);
    }
    object
}

fn fields(arrow: &Arrow) -> Value {
    let missing = arrow.wire_len.saturating_sub(arrow.bytes.len());
    let wire_len = arrow.bytes.len().saturating_add(missing);
    let mut frame = Frame::captured(arrow.link, &arrow.bytes, wire_len);
    if matches!(&arrow.seen.what, What::Udp(datagram) if datagram.tftp.is_some()) {
        frame = frame.as_tftp();
    }
    let fields = frame.fields().map(|field| {
        json!({
            "layer": field.layer.name(),
            "name": field.name,
            "value": field.value,
            "from": field.range.start,
            "to": field.range.end,
        })
    });
    Value::Array(fields.collect())
}
