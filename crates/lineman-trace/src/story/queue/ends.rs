//! A recv() that has returned the end of the data: the FIN had arrived by then, though that was told a moment later.

use super::Queue;
use crate::log::Answer;
use crate::log::Host;
use crate::story::Arrow;
use crate::story::CallCell;
use crate::story::pending::Open;
use crate::story::sockets::of_packet;

impl Queue {
    /// The FIN of a row has arrived, the first of its connection: a call of its receiver that has told of the end before stands there, or
    /// in a row of its own below. A tracer looks at its clock before its program runs on, and a lab when it has told of the packet. Gives the place of the row.
    pub(in crate::story) fn tells_of_end(&mut self, place: usize, came_ns: u64) -> usize {
        let Some(fin) = self.rows[place].row.arrow.clone() else {
            return place;
        };
        let host = fin.from.other();
        let mut above = self.rows.range(..place);
        let Some(early) = above.rposition(|open| tells(open, host, &fin)) else {
            return place;
        };
        let Some(cell) = self.rows[early].row.calls[host].as_mut() else {
            return place;
        };
        let at_ns = cell.returned_ns.unwrap_or(cell.t_ns).max(came_ns);
        let returned = CallCell {
            begins: false,
            t_ns: at_ns,
            returned_ns: Some(at_ns),
            ..cell.clone()
        };
        match cell.begins {
            true => (cell.answer, cell.returned_ns) = (None, None),
            false => self.rows[early].row.calls[host] = None,
        }
        let here = &mut self.rows[place].row.calls[host];
        match here {
            None => *here = Some(returned),
            Some(_) => self.rows.insert(place + 1, Open::returns(host, returned)),
        }
        let is_empty = self.rows[early].is_empty();
        if is_empty {
            self.rows.remove(early);
        }
        place - usize::from(is_empty)
    }
}

/// Whether a row shows that a call of a host has got the end of the data of the connection of a FIN.
fn tells(open: &Open, host: Host, fin: &Arrow) -> bool {
    let socket = of_packet(fin, host);
    let cell = open.row.calls[host].as_ref();
    cell.is_some_and(|cell| {
        let receives = matches!(cell.name.as_str(), "recv" | "recvfrom" | "recvmsg" | "read");
        // One that asks for nothing gets nothing.
        let asks = cell.args.first().is_none_or(|size| size != "0");
        let nothing = matches!(&cell.answer, Some(Answer::Value(value)) if value == "0");
        let its = socket.is_some_and(|it| cell.socket == Some(it.ends));
        receives && asks && nothing && its
    })
}
