//! The bytes of the selected packet, and the fields that they are.

use lineman_proto::wire::Field;
use lineman_proto::wire::Frame;
use lineman_trace::log::Host;
use lineman_trace::log::Kind;
use lineman_trace::log::Verdict;
use lineman_trace::story::Arrow;
use lineman_trace::story::What;

use super::model::Model;

/// A packet's bytes.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) id: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) fields: Vec<Field>,
    /// Whether these are the bytes that arrived, and not those that were sent.
    pub(super) arrived: bool,
}

/// The selected row's packet, as the host in focus has it.
pub(super) fn shown(model: &Model) -> Option<Shown> {
    let arrow = model.row()?.arrow.as_ref()?;
    let arrived = arrived(model, arrow).filter(|_| receives(model.focus, arrow));
    let is_arrived = arrived.is_some();
    let bytes = arrived.unwrap_or(&arrow.bytes).to_vec();
    let missing = arrow.wire_len.saturating_sub(arrow.bytes.len());
    let mut frame = Frame::captured(arrow.link, &bytes, bytes.len().saturating_add(missing));
    if matches!(&arrow.seen.what, What::Udp(datagram) if datagram.tftp.is_some()) {
        frame = frame.as_tftp();
    }
    let fields = frame.fields().collect();
    Some(Shown {
        id: arrow.id,
        bytes,
        fields,
        arrived: is_arrived,
    })
}

fn receives(focus: Option<Host>, arrow: &Arrow) -> bool {
    focus == Some(arrow.from.other())
}

/// What arrived, if it is not what was sent.
fn arrived<'m>(model: &'m Model, arrow: &Arrow) -> Option<&'m [u8]> {
    let packets = model.events().iter().filter_map(|event| match &event.kind {
        Kind::Packet(packet) if packet.id == arrow.id => Some(packet),
        _ => None,
    });
    packets
        .into_iter()
        .filter(|packet| packet.verdict == Verdict::Delivered)
        .find_map(|packet| packet.bytes.as_deref())
}
