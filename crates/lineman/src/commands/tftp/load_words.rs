//! What a load test has shown: in words, and for programs (`docs/json.md`).

use std::time::Duration;

use lineman_net::tftp::load::FailureKind;
use lineman_net::tftp::load::LoadOptions;
use lineman_net::tftp::load::LoadReport;
use lineman_net::tftp::load::Reference;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::words;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::lang::tftp_load::LoadTest;

/// What is about to be done.
pub fn begin(options: &LoadOptions, reference: &Reference, console: Console) {
    let lang = console.lang;
    console.note(&LoadTest::Begin {
        server: &options.server,
        size: &words::size(reference.length as f64),
        clients: &options.clients,
        details: &Tftp::Details {
            blksize: &reference.agreed.blksize,
            windowsize: &reference.agreed.windowsize,
        }
        .render(lang),
    });
    if !options.loss.is_none() {
        let (percent, seed) = (&options.loss.percent, &options.loss.seed);
        console.note(&LoadTest::Loss { percent, seed });
    }
}

/// What was found: sentences on stdout, because the user asked for them; or the event `load`.
///
/// # Errors
/// When stdout is closed.
pub fn report(
    options: &LoadOptions,
    reference: &Reference,
    report: &LoadReport,
    console: Console,
) -> Result<(), Failure> {
    if console.json {
        return console.tell("load", fields(options, reference, report));
    }
    console.print(sentences(report, console.lang).join("\n") + "\n")
}

fn sentences(report: &LoadReport, lang: Lang) -> Vec<String> {
    let tally = &report.tally;
    let stats = &tally.stats;
    let mut lines = vec![
        LoadTest::Goodput {
            rate: &format_args!("{:.1}", report.goodput() / 1e6),
            bytes: &words::size(tally.bytes as f64),
            seconds: &format_args!("{:.2}", report.elapsed.as_secs_f64()),
        }
        .render(lang),
        LoadTest::Transfers {
            done: &tally.done,
            failed: &tally.failures(),
            unfinished: &tally.unfinished,
        }
        .render(lang),
    ];
    for (kind, count) in &tally.failed {
        let kind = &name(*kind).1.render(lang);
        lines.push(LoadTest::FailedOf { kind, count }.render(lang));
    }
    let completion = |percent| millis(tally.completion.percentile(percent));
    let first_byte = |percent| millis(tally.first_byte.percentile(percent));
    lines.extend([
        LoadTest::Completion {
            p50: &completion(50.0),
            p90: &completion(90.0),
            p99: &completion(99.0),
            max: &millis(tally.completion.max()),
        }
        .render(lang),
        LoadTest::FirstByte {
            p50: &first_byte(50.0),
            p99: &first_byte(99.0),
        }
        .render(lang),
        LoadTest::Repairs {
            timeouts: &stats.timeouts,
            gaps: &stats.gaps,
            duplicates: &stats.duplicates,
            resent: &stats.resent,
        }
        .render(lang),
    ]);
    if tally.lost != [0, 0] {
        let [received, sent] = &tally.lost;
        lines.push(LoadTest::Dropped { received, sent }.render(lang));
    }
    lines.push(
        LoadTest::Generator {
            cpu: &format_args!("{:.2}", tally.cpu.as_secs_f64()),
            busy: &format_args!("{:.0}", report.busy() * 100.0),
            packets: &format_args!("{:.0}", report.packets_per_second()),
            rate: &format_args!("{:.0}", report.goodput_per_processor() / 1e6),
        }
        .render(lang),
    );
    if report.busy() > NEARLY_ALL {
        lines.push(LoadTest::IsLimit {}.render(lang));
    }
    lines
}

fn fields(options: &LoadOptions, reference: &Reference, report: &LoadReport) -> Value {
    let tally = &report.tally;
    let failed: Map<String, Value> = tally
        .failed
        .iter()
        .map(|(kind, count)| (name(*kind).0.to_owned(), json!(count)))
        .collect();
    let completion = |percent| seconds(tally.completion.percentile(percent));
    let first_byte = |percent| seconds(tally.first_byte.percentile(percent));
    json!({
        "server": options.server.to_string(),
        "clients": options.clients,
        "threads": report.threads,
        "length": reference.length,
        "blksize": reference.agreed.blksize,
        "windowsize": reference.agreed.windowsize,
        "loss": options.loss.percent,
        "seed": options.loss.seed,
        "seconds": report.elapsed.as_secs_f64(),
        "bytes": tally.bytes,
        "goodput": report.goodput(),
        "done": tally.done,
        "failed": tally.failures(),
        "failed_by": failed,
        "unfinished": tally.unfinished,
        "completion_p50": completion(50.0),
        "completion_p90": completion(90.0),
        "completion_p99": completion(99.0),
        "completion_max": seconds(tally.completion.max()),
        "first_byte_p50": first_byte(50.0),
        "first_byte_p99": first_byte(99.0),
        "timeouts": tally.stats.timeouts,
        "gaps": tally.stats.gaps,
        "duplicates": tally.stats.duplicates,
        "resent": tally.stats.resent,
        "strays": tally.stats.strays,
        "packets_received": tally.packets[0],
        "packets_sent": tally.packets[1],
        "lost_received": tally.lost[0],
        "lost_sent": tally.lost[1],
        "cpu_seconds": tally.cpu.as_secs_f64(),
        "busy": report.busy(),
        "goodput_per_processor": report.goodput_per_processor(),
        "stopped": report.stopped,
    })
}

/// A kind of failure, for programs and for people.
fn name(kind: FailureKind) -> (&'static str, LoadTest<'static>) {
    match kind {
        FailureKind::Refused => ("refused", LoadTest::Refused {}),
        FailureKind::Aborted => ("aborted", LoadTest::Aborted {}),
        FailureKind::Unanswered => ("unanswered", LoadTest::Unanswered {}),
        FailureKind::Silent => ("silent", LoadTest::Silent {}),
        FailureKind::Protocol => ("protocol", LoadTest::Protocol {}),
        FailureKind::WrongLength => ("wrong-length", LoadTest::WrongLength {}),
        FailureKind::WrongBytes => ("wrong-bytes", LoadTest::WrongBytes {}),
        FailureKind::Unreachable => ("unreachable", LoadTest::Unreachable {}),
        _ => ("system", LoadTest::System {}),
    }
}

fn millis(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.2} ms", time.as_secs_f64() * 1000.0),
    )
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

/// Above this share the generator may be what is measured.
const NEARLY_ALL: f64 = 0.9;
