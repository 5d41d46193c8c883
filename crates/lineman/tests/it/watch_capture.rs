//! `lineman watch`: what is captured, and that it is all of it, once.

use crate::watch_support::in_network;
use crate::watch_support::in_network_as_root;

/// 50 datagrams to a port where nobody is.
const FIFTY: &str = "seq 50 | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true\n";

#[test]
fn on_the_loopback_each_packet_is_there_once() {
    for interface in ["lo", "any"] {
        let ran = in_network(&format!(
            "watch --json -i {interface} -w a.pcapng udp dst port 4009\n{FIFTY}sleep 0.2; finish"
        ));
        assert_eq!(
            ran.events("packet").len(),
            50,
            "{interface}: {}",
            ran.text("err")
        );
        assert_eq!(ran.tshark("a.pcapng", "udp.dstport == 4009"), 50);
        assert_eq!(ran.code(), "130");
    }
}

/// Nothing is missed from the moment at which it says that it watches.
#[test]
fn the_first_packet_is_seen_a_hundred_times() {
    let ran = in_network(
        "for i in $(seq 100); do
            watch --json --count 1 --for 10 -i lo 'tcp[tcpflags] & tcp-syn != 0 and dst port 4009'
            nc -w 1 127.0.0.1 4009 < /dev/null || true
            await
            cat out >> all
        done; mv all out",
    );
    let seen = ran.events("packet");
    assert_eq!(seen.len(), 100);
    assert!(seen.iter().all(|packet| packet["number"] == 1));
}

#[test]
fn a_filter_decides_in_the_kernel() {
    let ran = in_network(
        "watch --json -i lo 'udp dst port 4011 or 4013'
        ss --packet --bpf > sockets
        for port in 4010 4011 4012 4013; do
            echo $port | \"$LINEMAN\" udp send 127.0.0.1:$port 2> /dev/null || true
        done
        sleep 0.2; finish",
    );
    let ports = |end: &str| {
        let all = ran.events("packet");
        let to = |packet: &serde_json::Value| packet["text"].as_str().unwrap_or("").contains(end);
        all.iter().filter(|packet| to(packet)).count()
    };
    assert_eq!(
        (ports(":4011 udp"), ports(":4013 udp")),
        (1, 1),
        "{}",
        ran.text("out")
    );
    assert_eq!(ran.events("packet").len(), 2);
    assert!(
        ran.text("sockets").contains("bpf filter"),
        "{}",
        ran.text("sockets")
    );
}

/// On all interfaces the socket sees no link header, and the filter is another one.
#[test]
fn a_filter_decides_on_all_interfaces_too() {
    let ran = in_network(
        "watch --json -i any 'udp dst port 4011 and net 127.0.0.0/8'
        for port in 4010 4011 4012; do
            echo $port | \"$LINEMAN\" udp send 127.0.0.1:$port 2> /dev/null || true
            echo $port | \"$LINEMAN\" udp send '[::1]':$port 2> /dev/null || true
        done
        sleep 0.2; finish",
    );
    assert_eq!(ran.events("packet").len(), 1, "{}", ran.text("out"));
}

#[test]
fn tcpdump_beside_it_sees_the_same_and_tshark_reads_it() {
    // As an ordinary user's root tcpdump may not change to the user that it wants to be.
    let ran = in_network_as_root(
        "tcpdump -Z root -B 65536 --immediate-mode -i lo -U -w b.pcap > dump 2>&1 & DUMP=$!
        until grep -q listening dump; do kill -0 $DUMP; sleep 0.01; done
        watch -i lo -w a.pcapng
        seq 200000 > lines
        \"$LINEMAN\" chat listen 127.0.0.1:4009 > copy < /dev/null 2> /dev/null & PEER=$!
        until ss -ltn | grep -q :4009; do sleep 0.01; done
        \"$LINEMAN\" chat call 127.0.0.1:4009 < lines > /dev/null 2> /dev/null
        wait $PEER; cmp lines copy
        sleep 0.5; finish; kill -TERM $DUMP; wait $DUMP || true",
    );
    let Some(ran) = ran else { return };
    let (ours, theirs) = (
        ran.tshark("a.pcapng", "frame"),
        ran.tshark("b.pcap", "frame"),
    );
    assert!(ours > 10, "{ours}");
    assert_eq!(ours, theirs);
    assert_eq!(ran.tshark("a.pcapng", "_ws.malformed"), 0);
}

/// The bytes are those of the kernel: tcpdump's file has the same. Two processors may queue two packets for two
/// sockets in another order.
#[test]
fn bytes_are_those_that_tcpdump_has() {
    let ran = in_network_as_root(&format!(
        "tcpdump -Z root -B 65536 --immediate-mode -i lo -U -w b.pcap udp dst port 4009 > dump 2>&1 & DUMP=$!
        until grep -q listening dump; do kill -0 $DUMP; sleep 0.01; done
        watch -i lo -w a.pcapng udp dst port 4009\n{FIFTY}
        sleep 0.5; finish; kill -TERM $DUMP; wait $DUMP || true
        for file in a.pcapng b.pcap; do
            tshark -r $file -T fields -e udp.payload -e ip.id -e udp.checksum 2> /dev/null | sort > $file.txt
        done
        cmp a.pcapng.txt b.pcap.txt && wc -l < a.pcapng.txt > count",
    ));
    let Some(ran) = ran else { return };
    assert_eq!(ran.text("count").trim(), "50");
}

/// Strangers' packets are read by a program that may capture nothing else: neither in the user namespace's rights nor
/// in those that a file may give.
#[test]
fn the_right_to_capture_is_given_up_once_it_captures() {
    let ran = in_network(
        "watch --json -i lo -w a.pcapng udp
        cat /proc/$WATCH/task/*/status > status
        echo | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true
        sleep 0.3; finish",
    );
    assert_eq!(ran.events("packet").len(), 1, "it captures all the same");
    let status = ran.text("status");
    let of_kind = |kind: &str| {
        let values = status.lines().filter_map(|line| line.strip_prefix(kind));
        let values = values.map(|value| u64::from_str_radix(value.trim(), 16).expect("a number"));
        values.collect::<Vec<_>>()
    };
    for kind in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        let threads = of_kind(kind);
        assert!(
            threads.len() > 1,
            "the one that reads is a thread: {status}"
        );
        assert!(
            threads.iter().all(|rights| rights & CAP_NET_RAW == 0),
            "{kind} {status}"
        );
    }
}

/// Who reads too slowly is told what is missing.
#[test]
fn packets_that_found_no_room_are_told() {
    let ran = in_network(
        "watch --json --buffer 4K -i lo udp dst port 4009
        kill -STOP $WATCH
        head -c 2000000 /dev/zero | tr '\\0' x | fold -w 1000 | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true
        kill -CONT $WATCH
        sleep 1.5; finish",
    );
    let seen = ran.events("packet").len() as u64;
    let lost = ran
        .events("lost")
        .last()
        .and_then(|event| event["packets"].as_u64());
    assert_eq!(seen + lost.expect("some are lost"), 2000, "{seen}");
}

/// A pair of cables between two networks, whose offloads are on, as they are by default: nothing is called wrong
/// that only the network card would have computed.
#[test]
fn what_offloads_leave_to_the_network_card_is_not_called_wrong() {
    let ran = in_network(
        "unshare --net bash -c 'echo $$ > pid; sleep 100' & FAR=$!
        until [ -s pid ]; do sleep 0.01; done
        ip link add near type veth peer name far netns $(cat pid)
        ip address add 10.9.0.1/24 dev near; ip link set near up
        there() { nsenter --net=/proc/$(cat pid)/ns/net \"$@\"; }
        there ip address add 10.9.0.2/24 dev far; there ip link set far up
        watch --json -i near tcp
        there nc -l -p 4009 > copy < /dev/null & PEER=$!
        until there ss -ltn | grep -q :4009; do sleep 0.01; done
        head -c 3000000 /dev/zero | nc -q 1 10.9.0.2 4009
        wait $PEER; sleep 0.3; finish; kill $(cat pid) || true",
    );
    let packets = ran.events("packet");
    assert!(packets.len() > 20, "{}", ran.text("err"));
    let large = packets
        .iter()
        .filter(|packet| packet["super_segment"] == true);
    assert!(large.count() > 0, "a veth hands packets of 64 KiB on");
    let conversations = ran.events("conversation");
    assert_eq!(conversations.len(), 1, "{}", ran.text("out"));
    let troubles = conversations[0]["troubles"].to_string();
    assert!(!troubles.contains("damaged"), "{troubles}");
}

/// The kernel takes the tag off before a socket sees the frame, and tells it beside.
#[test]
fn a_vlan_tag_is_put_back_and_filtered_by() {
    let send = r#"
import socket
tcp = bytes.fromhex("4500002800010000400600000a0900010a090002") + bytes.fromhex("0fa000500000000000000000500220000000" "0000")
def frame(tag): return bytes.fromhex("ffffffffffff020000000001") + tag + bytes.fromhex("0800") + tcp
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); out.bind(("near", 0))
for tag in ("", "81000064", "81000007", "88a8006481000007"): out.send(frame(bytes.fromhex(tag)))
"#;
    // What must not come has some time to come all the same.
    let script = |filter: &str, wanted: usize| {
        in_network(&format!(
            "ip link add near type veth peer name far; ip link set near up; ip link set far up
            watch --json -i far -w a.pcapng '{filter}'
            python3 -c '{send}'
            until_seen {wanted}; sleep 0.3; finish"
        ))
    };
    for (filter, wanted, tagged) in [
        ("vlan 100", 2, 2),
        ("vlan 100 and tcp", 1, 1),
        ("vlan and vlan 7 and tcp port 80", 1, 1),
        ("tcp and not vlan", 1, 0),
        ("tcp port 80", 3, 2),
    ] {
        let ran = script(filter, wanted);
        assert_eq!(
            ran.tshark("a.pcapng", "frame"),
            wanted,
            "{filter}: {}",
            ran.text("out")
        );
        assert_eq!(ran.tshark("a.pcapng", "vlan"), tagged, "{filter}");
    }
}

/// The bit of the right to capture among capabilities (capabilities(7)).
const CAP_NET_RAW: u64 = 1 << 13;
