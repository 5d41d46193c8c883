//! What has changed in a packet on its way between two points.

use lineman_proto::wire::Flags;
use lineman_proto::wire::Frame;
use lineman_proto::wire::Tcp;
use lineman_proto::wire::TcpOption;

/// A field that has another value than before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    /// Which field.
    pub field: Field,
    /// Its value where it was sent, as it is shown.
    pub from: String,
    /// Its value where it came; empty if the field is gone.
    pub to: String,
}

/// The fields that may change, by the words of their RFCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The sender's address, with its port where there are ports.
    Source,
    /// The receiver's.
    Destination,
    /// The time to live, or the hop limit: each router takes one.
    Ttl,
    /// The class of service (RFC 2474).
    Dscp,
    /// The marks of congestion in the IP header (RFC 3168).
    Ecn,
    /// The identification of an IPv4 packet.
    Identification,
    /// Whether routers must not fragment it.
    DontFragment,
    /// The flags of TCP.
    Flags,
    /// The window, as it stands in the header.
    Window,
    /// The urgent pointer.
    Urgent,
    /// The largest segment that the sender takes (option 2).
    Mss,
    /// The shift of windows (option 3).
    WindowScale,
    /// Whether the sender understands SACK (option 4).
    SackPermitted,
    /// What has come beyond a gap (option 5).
    Sack,
    /// The clocks of both ends (option 8).
    Timestamps,
    /// Any other option.
    OtherOption,
    /// What it carries.
    Payload,
}

impl Field {
    /// Its name, as the field's textbooks have it in every language; of what needs words, that of its RFC.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Ttl => "TTL",
            Self::Dscp => "DSCP",
            Self::Ecn => "ECN",
            Self::Identification => "Identification",
            Self::DontFragment => "DF",
            Self::Flags => "flags",
            Self::Window => "Window",
            Self::Urgent => "Urgent Pointer",
            Self::Mss => "MSS",
            Self::WindowScale => "Window Scale",
            Self::SackPermitted => "SACK-Permitted",
            Self::Sack => "SACK",
            Self::Timestamps => "Timestamps",
            Self::OtherOption => "TCP Option",
            Self::Payload => "payload",
        }
    }

    /// Whether it changes in the same way in all packets of a direction: saying it once is enough.
    pub fn is_steady(self) -> bool {
        matches!(
            self,
            Self::Source | Self::Destination | Self::Ttl | Self::Dscp | Self::DontFragment
        )
    }
}

/// What has changed between two sights of one packet. Headers of links, which are of one link, and checksums, which
/// follow from the rest, are not compared; of segments that are cut or joined, `is_part`, neither is what the cutting changes.
pub fn changes(sent: &Frame<'_>, came: &Frame<'_>, is_part: bool) -> Vec<Change> {
    let mut all = Vec::new();
    let mut put = |field, from: String, to: String| {
        if from != to {
            all.push(Change { field, from, to });
        }
    };
    for (field, of) in IP {
        if let (Some(from), Some(to)) = (of(sent), of(came)) {
            put(*field, from, to);
        }
    }
    if let (Some(a), Some(b)) = (sent.ipv4(), came.ipv4())
        && !is_part
    {
        put(
            Field::Identification,
            a.id().to_string(),
            b.id().to_string(),
        );
    }
    if let (Some(a), Some(b)) = (sent.tcp(), came.tcp()) {
        let flags = |tcp: Tcp<'_>| match is_part {
            true => {
                Flags(tcp.flags().0 & !(Flags::PSH.0 | Flags::FIN.0 | Flags::CWR.0)).to_string()
            }
            false => tcp.flags().to_string(),
        };
        put(Field::Flags, flags(a), flags(b));
        put(
            Field::Window,
            a.window().to_string(),
            b.window().to_string(),
        );
        if a.flags().has(Flags::URG) || b.flags().has(Flags::URG) {
            put(
                Field::Urgent,
                a.urgent().to_string(),
                b.urgent().to_string(),
            );
        }
        let (before, after) = (options(a), options(b));
        for (field, from) in &before {
            let to = after.iter().find(|(it, _)| it == field);
            put(
                *field,
                from.clone(),
                to.map(|(_, to)| to.clone()).unwrap_or_default(),
            );
        }
        for (field, to) in after
            .iter()
            .filter(|(it, _)| before.iter().all(|(had, _)| had != it))
        {
            put(*field, String::new(), to.clone());
        }
    }
    if !is_part && !same_payload(sent, came) {
        let lens = [sent, came].map(|frame| frame.payload().wire_len().to_string());
        let [from, to] = lens;
        all.push(Change {
            field: Field::Payload,
            from,
            to,
        });
    }
    all
}

type Shown = for<'a> fn(&Frame<'a>) -> Option<String>;

/// What is read of the header of IP.
const IP: &[(Field, Shown)] = &[
    (Field::Source, |frame| end(frame, true)),
    (Field::Destination, |frame| end(frame, false)),
    (Field::Ttl, |frame| {
        let v4 = frame.ipv4().map(|ip| ip.ttl());
        v4.or_else(|| frame.ipv6().map(|ip| ip.hop_limit()))
            .map(|it| it.to_string())
    }),
    (Field::Dscp, |frame| Some((class(frame)? >> 2).to_string())),
    (Field::Ecn, |frame| {
        let mark = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"][usize::from(class(frame)? & 3)];
        Some(mark.to_owned())
    }),
    (Field::DontFragment, |frame| {
        Some(u8::from(frame.ipv4()?.dont_fragment()).to_string())
    }),
];

/// The type of service of IPv4, the traffic class of IPv6.
fn class(frame: &Frame<'_>) -> Option<u8> {
    let v4 = frame.ipv4().map(|ip| ip.service());
    v4.or_else(|| frame.ipv6().map(|ip| ip.traffic_class()))
}

fn end(frame: &Frame<'_>, source: bool) -> Option<String> {
    if let Some((from, to)) = frame.endpoints() {
        return Some(if source { from } else { to }.to_string());
    }
    let (from, to) = frame.addresses()?;
    Some(if source { from } else { to }.to_string())
}

/// The options that say something, each with its value.
fn options(tcp: Tcp<'_>) -> Vec<(Field, String)> {
    let shown = |option: TcpOption<'_>| {
        let field = match option {
            TcpOption::End | TcpOption::Nop => return None,
            TcpOption::Mss(_) => Field::Mss,
            TcpOption::WindowScale(_) => Field::WindowScale,
            TcpOption::SackPermitted => Field::SackPermitted,
            TcpOption::Sack(_) => Field::Sack,
            TcpOption::Timestamps { .. } => Field::Timestamps,
            TcpOption::Other { .. } | TcpOption::Malformed(_) => Field::OtherOption,
        };
        let value = match option {
            TcpOption::Mss(bytes) => bytes.to_string(),
            TcpOption::WindowScale(shift) => shift.to_string(),
            TcpOption::SackPermitted => "1".to_owned(),
            other => other.to_string(),
        };
        Some((field, value))
    };
    tcp.options().filter_map(shown).collect()
}

/// Whether both carry the same, as far as both were captured.
fn same_payload(one: &Frame<'_>, other: &Frame<'_>) -> bool {
    let (a, b) = (one.payload(), other.payload());
    // An error quotes a packet that has been translated with it.
    let quotes = one.icmp().is_some_and(|icmp| icmp.is_error());
    let both = a.bytes().len().min(b.bytes().len());
    quotes || (a.wire_len() == b.wire_len() && a.bytes().get(..both) == b.bytes().get(..both))
}
