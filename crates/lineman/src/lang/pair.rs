//! Sentences about two captures of the same traffic.

use super::Lang;
use super::Message as _;
use super::messages;
use crate::views::words::span;

messages! {
    /// Sentences about two captures of the same traffic.
    Pair;
    Sides { packets, client, server } "{packets} packets that are in both captures and like no others were compared. {client} is nearer to the client and {server} to the server (deduced: what the client sends passes there first)." "比较了 {packets} 个两份抓包共有且独一无二的包。{client} 靠近客户端，{server} 靠近服务器（推断：客户端所发的包先经过前者）。"
    SidesUnknown { packets } "{packets} packets that are in both captures and like no others were compared; which is nearer to the client, they do not tell." "比较了 {packets} 个两份抓包共有且独一无二的包；无法得知哪一份更靠近客户端。"
    Ahead { clock, other, by, within } "Times are those of {clock}'s clock; the clock of {other} is {by} ahead of it, ± {within}. That is deduced from the least delays of both directions, which are assumed to be equal; it may be wrong by half of the least round trip." "时间以 {clock} 的时钟为准；{other} 的时钟比它快 {by}（± {within}）。这是由两个方向的最短时延推断的，假定二者相等；误差不超过最短往返时间的一半。"
    Behind { clock, other, by, within } "Times are those of {clock}'s clock; the clock of {other} is {by} behind it, ± {within}. That is deduced from the least delays of both directions, which are assumed to be equal; it may be wrong by half of the least round trip." "时间以 {clock} 的时钟为准；{other} 的时钟比它慢 {by}（± {within}）。这是由两个方向的最短时延推断的，假定二者相等；误差不超过最短往返时间的一半。"
    AheadOneWay { clock, other, by } "Times are those of {clock}'s clock; that of {other} seems to be {by} ahead. Packets both ways, from known sides, would tell how much of this is delay; here the least delay counts as 0." "时间以 {clock} 的时钟为准；{other} 的时钟看来快 {by}。只有知道两端各在哪一侧、且两个方向都有包，才能区分其中多少是时延；此处最短时延按 0 计。"
    BehindOneWay { clock, other, by } "Times are those of {clock}'s clock; that of {other} seems to be {by} behind. Packets both ways, from known sides, would tell how much of this is delay; here the least delay counts as 0." "时间以 {clock} 的时钟为准；{other} 的时钟看来慢 {by}。只有知道两端各在哪一侧、且两个方向都有包，才能区分其中多少是时延；此处最短时延按 0 计。"
    Fast { other, by, within } "{other}'s clock gains {by} ppm (± {within}), as both directions tell alike; that is taken out." "{other} 的时钟每百万秒快 {by} 秒（{by} ppm，± {within}），两个方向一致；已予扣除。"
    Slow { other, by, within } "{other}'s clock loses {by} ppm (± {within}), as both directions tell alike; that is taken out." "{other} 的时钟每百万秒慢 {by} 秒（{by} ppm，± {within}），两个方向一致；已予扣除。"
    NoDrift { most } "No drift of the clocks is seen; one of up to {most} ppm would not be." "未见时钟漂移；不超过 {most} ppm 的漂移无法察觉。"
    DriftUnknown {} "A drift of the clocks cannot be told from so few packets." "包太少，无法判断时钟是否漂移。"
    Broken {} "No steady clocks explain these times: one of the two was set while it captured. Times between the two captures are not to be trusted." "稳定的时钟无法解释这些时间：抓包期间其中一个时钟被调整过。两份抓包之间的时间不可信。"
    Drops { file, packets } "While {file} was taken, {packets} packets were dropped: what is not in it need not have been lost on the way." "抓取 {file} 时有 {packets} 个包被丢弃：其中没有的包未必在途中丢失。"
    TooMany { count } "{count} captures were named: two are compared, of the same traffic at two points" "指定了 {count} 份抓包：只能比较两份，即同一流量在两处的抓包"
    NotWithTwo { option } "{option} is for one capture, and two were named" "{option} 只用于一份抓包，而这里指定了两份"
    NoFile { file } "{file} is no regular file: two captures are read several times, so write it to a file first" "{file} 不是普通文件：比较两份抓包需要多次读取，请先存为文件"
    NothingInCommon { one, other } "{one} and {other} have no packet in common: they are of other traffic or of other times, or something between them changes more than addresses" "{one} 和 {other} 没有共有的包：流量不同或时间不同，或者两者之间的设备改动的不只是地址"
    NothingToCompare { file } "{file} has no packet with a time that could be recognised in another capture" "{file} 中没有带时间且能在另一份抓包中辨认的包"
    OnlyInFirst { number, file, other } "conversation {number} of {file} is not in {other}: lineman read {file} -c {number} shows it" "{file} 的会话 {number} 不在 {other} 中：请用 lineman read {file} -c {number} 显示"
    WhichOne { file, count } "both captures have {count} conversations: say which one with -c N, by its number in {file}" "两份抓包共有 {count} 个会话：请用 -c N 指定其中一个（{file} 中的编号）"
    Lost {} "lost" "丢失"
    Delay {} "delay" "时延"
    Crossed { way, count } "{way}: {count} in both captures" "{way}：两份抓包都有 {count} 个"
    ToServer {} "client → server" "客户端 → 服务器"
    ToClient {} "server → client" "服务器 → 客户端"
    LostCount { count } "lost: {count}" "丢失：{count}"
    Took { least, most, mean } "delay {least} to {most}, mean {mean}" "时延 {least}到 {most}，平均 {mean}"
    Copied { count } "duplicated: {count}" "被复制：{count}"
    Overtaken { count } "reordered: {count}" "乱序：{count}"
    Appeared { count } "only in the capture nearer to the receiver: {count}" "只在靠近接收方的抓包中：{count}"
    OtherTime { count } "not in the other capture's time: {count}" "不在另一份抓包的时间范围内：{count}"
    CaptureDropped { count } "not in the other capture, which dropped packets itself: {count}" "不在另一份抓包中（其抓包本身有丢包）：{count}"
    Acknowledged { count } "acknowledged, but missed by the other capture: {count}" "已被确认，但另一份抓包漏掉了：{count}"
    Unknown { count } "not known what became of: {count}" "去向不明：{count}"
    Nat { file, client, server } "NAT: in {file} it is {client} → {server}" "NAT：在 {file} 中为 {client} → {server}"
    NotIn { other } "not in {other}" "不在 {other} 中"
    OnlyInSecond { count, file } "Conversations that only {file} has: {count}; lineman read {file} lists them." "只在 {file} 中的会话：{count} 个；lineman read {file} 列出它们。"
    Uncompared { count } "Too many conversations went on at once: {count} packets were not compared." "同时进行的会话太多：有 {count} 个包未作比较。"
    HowToSee { one, other, number } "The ladder of one: lineman read {one} {other} -c {number}" "查看其中一个的时序图：lineman read {one} {other} -c {number}"
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
