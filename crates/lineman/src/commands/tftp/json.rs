//! A transfer's report for programs (`docs/json.md`).

use lineman_net::tftp::Report;
use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Direction;
use serde_json::Value;
use serde_json::json;

use super::route;
use super::words;
use super::words::Side;
use crate::lang::Lang;

/// The fields of a `transfer` event.
pub fn transfer(report: &Report, side: Side, lang: Lang) -> Value {
    json!({
        "peer": report.peer.to_string(),
        "direction": match report.direction {
            Direction::Read => "read",
            Direction::Write => "write",
        },
        "file": visible_bytes(&report.filename),
        "route": report.routed.as_ref().and_then(|routed| routed.route).map(|nth| nth + 1),
        "served": report.routed.as_ref().map(route::target),
        "mode": report.mode.name(),
        "complete": words::is_complete(report),
        "reason": words::reason_id(report),
        "text": words::reason(report, side, lang),
        "bytes": report.bytes,
        "seconds": report.elapsed.as_secs_f64(),
        "blksize": report.agreed.blksize,
        "windowsize": report.agreed.windowsize,
        "timeout": report.agreed.timeout.map(|timeout| timeout.as_secs_f64()),
        "data_sent": report.stats.data_sent,
        "resent": report.stats.resent,
        "timeouts": report.stats.timeouts,
        "gaps": report.stats.gaps,
        "duplicates": report.stats.duplicates,
        "strays": report.stats.strays,
    })
}
