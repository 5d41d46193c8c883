//! Names of the fields of headers. English names are the RFCs'; Chinese ones those of the textbooks.

use super::Lang;

/// What a field is called.
pub fn field(name: &'static str, lang: Lang) -> &'static str {
    match lang {
        Lang::En => name,
        Lang::Zh => NAMES
            .iter()
            .find(|(own, _)| *own == name)
            .map_or(name, |(_, zh)| zh),
    }
}

const NAMES: &[(&str, &str)] = &[
    ("acknowledgment number", "确认号"),
    ("address family", "地址族"),
    ("block", "块编号"),
    ("body", "正文"),
    ("checksum", "检验和"),
    ("code", "代码"),
    ("data", "数据"),
    ("destination", "目的地址"),
    ("destination address", "目的地址"),
    ("destination port", "目的端口"),
    ("don't fragment", "不分片（DF）"),
    ("end of options", "选项结束"),
    ("error code", "差错码"),
    ("extension", "扩展首部"),
    ("file name", "文件名"),
    ("flags", "标志位"),
    ("flow label", "流标号"),
    ("fragment offset", "片偏移"),
    ("hardware type", "硬件类型"),
    ("header checksum", "首部检验和"),
    ("header length", "首部长度"),
    ("hop limit", "跳数限制"),
    ("identification", "标识"),
    ("interface", "接口"),
    ("length", "长度"),
    ("malformed options", "无法解析的选项"),
    ("maximum segment size", "最大报文段长度（MSS）"),
    ("message", "差错信息"),
    ("mode", "模式"),
    ("more fragments", "还有分片（MF）"),
    ("mtu", "最大传输单元（MTU）"),
    ("next header", "下一个首部"),
    ("no operation", "无操作"),
    ("opcode", "操作码"),
    ("operation", "操作"),
    ("option", "选项"),
    ("option value", "选项的值"),
    ("options", "选项"),
    ("packet type", "分组类型"),
    ("payload length", "有效载荷长度"),
    ("protocol", "协议"),
    ("protocol type", "协议类型"),
    ("quoted packet", "所引用的报文"),
    ("rest of header", "首部其余部分"),
    ("sack", "选择确认（SACK）"),
    ("sack permitted", "允许选择确认"),
    ("sender address", "发送方协议地址"),
    ("sender station", "发送方硬件地址"),
    ("sequence number", "序号"),
    ("source", "源地址"),
    ("source address", "源地址"),
    ("source port", "源端口"),
    ("target address", "目标协议地址"),
    ("target station", "目标硬件地址"),
    ("time to live", "生存时间（TTL）"),
    ("timestamps", "时间戳"),
    ("total length", "总长度"),
    ("traffic class", "通信量类"),
    ("type", "类型"),
    ("type of service", "服务类型"),
    ("unknown option", "未知选项"),
    ("urgent pointer", "紧急指针"),
    ("value", "值"),
    ("version", "版本"),
    ("vlan", "VLAN 标签"),
    ("window", "窗口"),
    ("window scale", "窗口扩大因子"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::logs;
    use lineman_proto::wire::Frame;
    use lineman_trace::story::Story;
    use lineman_trace::story::What;

    #[test]
    fn every_field_of_a_packet_has_a_name_in_chinese() {
        let mut seen = 0;
        for name in logs::LOGS {
            let mut story = Story::new();
            let events = logs::events(name);
            let mut rows: Vec<_> = events.iter().flat_map(|it| story.push(it)).collect();
            rows.extend(story.finish());
            for arrow in rows.iter().filter_map(|row| row.arrow.as_ref()) {
                let mut frame = Frame::captured(arrow.link, &arrow.bytes, arrow.wire_len);
                if matches!(&arrow.seen.what, What::Udp(datagram) if datagram.tftp.is_some()) {
                    frame = frame.as_tftp();
                }
                for field in frame.fields() {
                    let zh = super::field(field.name, Lang::Zh);
                    assert_ne!(zh, field.name, "{name}");
                    assert_eq!(super::field(field.name, Lang::En), field.name);
                    seen += 1;
                }
            }
        }
        assert!(seen > 1000, "{seen}");
    }
}
