//! Sentences about two captures of the same traffic.

use super::Lang;
use super::Message as _;
use super::messages;
use crate::views::words::span;

messages! {
    /// Sentences about two captures of the same traffic.
    Pair;
    Sides { packets, client, server } "Both captures have {packets} packets in common by which they are compared. {client} is nearer to the client and {server} to the server (deduced: what the client sends passes there first)." "两份抓包用 {packets} 个共有的包做比较。{client} 靠近客户端，{server} 靠近服务器（推断：客户端所发的包先经过前者）。"
    SidesUnknown { packets } "Both captures have {packets} packets in common by which they are compared; which is nearer to the client, they do not tell." "两份抓包用 {packets} 个共有的包做比较；无法得知哪一份更靠近客户端。"
    Ahead { clock, other, by, within } "Times are those of {clock}'s clock; the clock of {other} is {by} ahead of it, ± {within}. That is deduced from the least delays of both directions, which are assumed to be equal; it may be wrong by half of the least round trip." "时间以 {clock} 的时钟为准；{other} 的时钟比它快 {by}（± {within}）。这是由两个方向的最短时延推断的，假定二者相等；误差不超过最短往返时间的一半。"
    Behind { clock, other, by, within } "Times are those of {clock}'s clock; the clock of {other} is {by} behind it, ± {within}. That is deduced from the least delays of both directions, which are assumed to be equal; it may be wrong by half of the least round trip." "时间以 {clock} 的时钟为准；{other} 的时钟比它慢 {by}（± {within}）。这是由两个方向的最短时延推断的，假定二者相等；误差不超过最短往返时间的一半。"
    AheadOneWay { clock, other, by } "Times are those of {clock}'s clock; that of {other} seems to be {by} ahead. The packets go one way only: how much of this is delay cannot be told, and the least delay counts as 0." "时间以 {clock} 的时钟为准；{other} 的时钟看来快 {by}。只有一个方向的包：无法区分其中多少是时延，最短时延按 0 计。"
    BehindOneWay { clock, other, by } "Times are those of {clock}'s clock; that of {other} seems to be {by} behind. The packets go one way only: how much of this is delay cannot be told, and the least delay counts as 0." "时间以 {clock} 的时钟为准；{other} 的时钟看来慢 {by}。只有一个方向的包：无法区分其中多少是时延，最短时延按 0 计。"
    Fast { other, by, within } "{other}'s clock gains {by} ppm (± {within}), as both directions tell alike; that is taken out." "{other} 的时钟每百万秒快 {by} 秒（{by} ppm，± {within}），两个方向一致；已予扣除。"
    Slow { other, by, within } "{other}'s clock loses {by} ppm (± {within}), as both directions tell alike; that is taken out." "{other} 的时钟每百万秒慢 {by} 秒（{by} ppm，± {within}），两个方向一致；已予扣除。"
    NoDrift { most } "No drift of the clocks is seen; one of up to {most} ppm would not be." "未见时钟漂移；不超过 {most} ppm 的漂移无法察觉。"
    DriftUnknown {} "A drift of the clocks cannot be told from so few packets." "包太少，无法判断时钟是否漂移。"
    Broken {} "No steady clocks explain these times: one of the two was set while it captured. Times between the two captures are not to be trusted." "稳定的时钟无法解释这些时间：抓包期间其中一个时钟被调整过。两份抓包之间的时间不可信。"
    Drops { file, packets } "While {file} was taken, {packets} packets were dropped: what is not in it need not have been lost on the way." "抓取 {file} 时有 {packets} 个包被丢弃：其中没有的包未必在途中丢失。"
    DropsUnknown { file } "{file} does not say whether packets were dropped while it was taken." "{file} 未说明抓包本身是否丢包。"
}

/// The sentence of a note about two captures; `None` for other notes.
pub fn of_note(id: &str, args: &[(String, String)], lang: Lang) -> Option<String> {
    let get = |wanted| {
        let mut args = args.iter();
        args.find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    let time = |name| Some(span(get(name)?.parse().ok()?, lang));
    let ppm = |name| {
        let ppb: f64 = get(name)?.parse().ok()?;
        Some(format!("{:.1}", ppb / 1000.0))
    };
    Some(match id.strip_prefix("pair.")? {
        "sides" => Pair::Sides {
            packets: get("packets")?,
            client: get("client")?,
            server: get("server")?,
        }
        .render(lang),
        "sides.unknown" => Pair::SidesUnknown {
            packets: get("packets")?,
        }
        .render(lang),
        "clock.ahead" => Pair::Ahead {
            clock: get("clock")?,
            other: get("other")?,
            by: &time("by")?,
            within: &time("within")?,
        }
        .render(lang),
        "clock.behind" => Pair::Behind {
            clock: get("clock")?,
            other: get("other")?,
            by: &time("by")?,
            within: &time("within")?,
        }
        .render(lang),
        "clock.ahead.one_way" => Pair::AheadOneWay {
            clock: get("clock")?,
            other: get("other")?,
            by: &time("by")?,
        }
        .render(lang),
        "clock.behind.one_way" => Pair::BehindOneWay {
            clock: get("clock")?,
            other: get("other")?,
            by: &time("by")?,
        }
        .render(lang),
        "clock.broken" => Pair::Broken {}.render(lang),
        "drift.fast" => Pair::Fast {
            other: get("other")?,
            by: &ppm("by")?,
            within: &ppm("within")?,
        }
        .render(lang),
        "drift.slow" => Pair::Slow {
            other: get("other")?,
            by: &ppm("by")?,
            within: &ppm("within")?,
        }
        .render(lang),
        "drift.none" => Pair::NoDrift {
            most: &ppm("most")?,
        }
        .render(lang),
        "drift.unknown" => Pair::DriftUnknown {}.render(lang),
        "drops" => Pair::Drops {
            file: get("file")?,
            packets: get("packets")?,
        }
        .render(lang),
        "drops.unknown" => Pair::DropsUnknown { file: get("file")? }.render(lang),
        _ => return None,
    })
}
