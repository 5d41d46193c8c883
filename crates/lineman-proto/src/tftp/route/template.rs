//! Texts with variables that are filled in for each request.

use std::net::IpAddr;

use super::Asking;

/// A text with variables in braces, like `boards/{client.mac}/{name.1}`. A brace that is meant is doubled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

/// What is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    /// The name that was asked for, or what its pattern matched of it; 0 is all that was matched.
    Name(Option<usize>),
    /// The client's address; as eight hexadecimal digits, as PXELINUX writes it, or 32 of them for IPv6.
    Ip,
    IpHex,
    /// The client's link-layer address, with this between the bytes.
    Mac(&'static str),
    /// The address that the client has asked.
    Server,
}

/// What a template is for: what is filled in must not change what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A path or a text: bytes as they are, but no control characters.
    Plain,
    /// A part of a URL: all but letters, digits and `-._~/:` is percent-encoded (RFC 3986 §2.1).
    Url,
}

/// Why a template cannot be filled in for this client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfilled {
    /// The neighbour table does not know the client's link-layer address.
    NoMac,
    /// The name has control characters.
    Control,
    /// The name has a component `..`, which in a URL would leave the path that stands before it.
    Dots,
    /// Longer than 64 KiB.
    TooLong,
}

impl Template {
    /// Reads a template; `parts` is how many numbered parts the pattern has.
    ///
    /// # Errors
    /// Where a variable has no closing brace, or there is none of its name.
    pub(super) fn parse(text: &str, parts: usize) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '{' | '}' if rest.starts_with(c) => {
                    plain.push(c);
                    rest = &rest[1..];
                }
                '{' => {
                    let (name, behind) = rest.split_once('}').ok_or(TemplateError::Open)?;
                    let variable = variable(name, parts)?;
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(Piece::Variable(variable));
                    rest = behind;
                }
                '}' => return Err(TemplateError::Open),
                c => plain.push(c),
            }
        }
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    /// Whether it needs the client's link-layer address.
    pub(super) fn needs_mac(&self) -> bool {
        let is_mac = |piece: &Piece| matches!(piece, Piece::Variable(Variable::Mac(_)));
        self.0.iter().any(is_mac)
    }

    /// Fills it in; `matched` is what the pattern and its numbered parts have matched.
    ///
    /// # Errors
    /// Where something that it needs is not known, or would do harm where it stands.
    pub(super) fn fill(
        &self,
        asking: &Asking<'_>,
        matched: &[Vec<u8>],
        purpose: Purpose,
    ) -> Result<Vec<u8>, Unfilled> {
        let mut filled = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.extend_from_slice(text.as_bytes()),
                Piece::Variable(variable) => {
                    let value = variable.value(asking, matched)?;
                    if value.iter().any(u8::is_ascii_control) {
                        return Err(Unfilled::Control);
                    }
                    match purpose {
                        Purpose::Plain => filled.extend_from_slice(&value),
                        Purpose::Url if has_dots(&value) => return Err(Unfilled::Dots),
                        Purpose::Url => percent_encode(&value, &mut filled),
                    }
                }
            }
            if filled.len() > MOST_TEXT {
                return Err(Unfilled::TooLong);
            }
        }
        Ok(filled)
    }
}

impl Variable {
    fn value(self, asking: &Asking<'_>, matched: &[Vec<u8>]) -> Result<Vec<u8>, Unfilled> {
        Ok(match self {
            Self::Name(None) => asking.name.to_vec(),
            Self::Name(Some(n)) => matched.get(n).cloned().unwrap_or_default(),
            Self::Ip => asking.ip.to_canonical().to_string().into_bytes(),
            Self::IpHex => ip_hex(asking.ip).into_bytes(),
            Self::Mac(separator) => {
                let mac = asking.mac.ok_or(Unfilled::NoMac)?;
                mac.joined(separator).into_bytes()
            }
            Self::Server => asking.server.to_canonical().to_string().into_bytes(),
        })
    }
}

/// An address in upper-case hexadecimal digits, all of them: `C0000207`.
pub(super) fn ip_hex(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("{:08X}", ip.to_bits()),
        IpAddr::V6(ip) => format!("{:032X}", ip.to_bits()),
    }
}

fn has_dots(value: &[u8]) -> bool {
    value.split(|&byte| byte == b'/').any(|part| part == b"..")
}

fn percent_encode(value: &[u8], into: &mut Vec<u8>) {
    for &byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            into.push(byte);
        } else {
            into.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
}

fn variable(name: &str, parts: usize) -> Result<Variable, TemplateError> {
    Ok(match name {
        "name" => Variable::Name(None),
        "client.ip" => Variable::Ip,
        "client.ip.hex" => Variable::IpHex,
        "client.mac" => Variable::Mac(":"),
        "client.mac.hyphens" => Variable::Mac("-"),
        "client.mac.plain" => Variable::Mac(""),
        "server.ip" => Variable::Server,
        _ => {
            let unknown = || TemplateError::Unknown(name.to_owned());
            let number = name.strip_prefix("name.").ok_or_else(unknown)?;
            let number: usize = number.parse().map_err(|_| unknown())?;
            if number > parts {
                return Err(TemplateError::NoSuchPart(number));
            }
            Variable::Name(Some(number))
        }
    })
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// A brace without its counterpart.
    Open,
    /// There is no such variable.
    Unknown(String),
    /// The pattern has fewer numbered parts.
    NoSuchPart(usize),
}

/// The longest text that a template gives, in bytes: scripts of boot loaders are shorter.
const MOST_TEXT: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn asking<'a>(name: &'a [u8]) -> Asking<'a> {
        Asking {
            mac: "52:54:00:12:34:56".parse().ok(),
            ..super::super::tests::asking(name, "192.0.2.169")
        }
    }

    fn filled(template: &str, name: &[u8], matched: &[&[u8]]) -> Result<String, Unfilled> {
        let matched: Vec<Vec<u8>> = matched.iter().map(|part| part.to_vec()).collect();
        let template = Template::parse(template, matched.len()).expect(template);
        let text = template.fill(&asking(name), &matched, Purpose::Plain)?;
        Ok(String::from_utf8(text).expect("text"))
    }

    #[test]
    fn variables_are_filled_in() {
        for (template, text) in [
            ("plain", "plain"),
            ("{client.ip}/{client.ip.hex}", "192.0.2.169/C00002A9"),
            (
                "01-{client.mac.hyphens} {client.mac} {client.mac.plain}",
                "01-52-54-00-12-34-56 52:54:00:12:34:56 525400123456",
            ),
            ("{name} {name.0} {name.1}", "a/b a/b b"),
            ("{{name}} {server.ip}", "{name} 192.0.2.1"),
        ] {
            assert_eq!(
                filled(template, b"a/b", &[b"a/b", b"b"]).as_deref(),
                Ok(text),
                "{template}"
            );
        }
        let v6 = Asking {
            ip: "2001:db8::1".parse().expect("address"),
            ..asking(b"x")
        };
        let template = Template::parse("{client.ip.hex}", 0).expect("template");
        let text = template.fill(&v6, &[], Purpose::Plain).expect("text");
        assert_eq!(text, b"20010DB8000000000000000000000001");
    }

    #[test]
    fn a_mistake_in_a_template_is_found_before_anybody_asks() {
        for (template, error) in [
            ("{name", TemplateError::Open),
            ("name}", TemplateError::Open),
            ("{colour}", TemplateError::Unknown("colour".to_owned())),
            ("{name.x}", TemplateError::Unknown("name.x".to_owned())),
            ("{name.3}", TemplateError::NoSuchPart(3)),
        ] {
            assert_eq!(Template::parse(template, 2), Err(error), "{template}");
        }
    }

    #[test]
    fn what_a_client_sends_does_not_change_what_stands_around_it() {
        assert_eq!(
            filled("#!ipxe\nchain {name}", b"x\nshell", &[]),
            Err(Unfilled::Control)
        );
        let template = Template::parse("http://boot/{name}?ip={client.ip}", 0).expect("template");
        let url = |name| template.fill(&asking(name), &[], Purpose::Url);
        let text = String::from_utf8(url(b"a b/..c?ip=x#\xff").expect("url")).expect("text");
        assert_eq!(text, "http://boot/a%20b/..c%3Fip%3Dx%23%FF?ip=192.0.2.169");
        assert_eq!(url(b"a/../../admin"), Err(Unfilled::Dots));
        let long = "{name}".repeat(200);
        assert_eq!(filled(&long, &[b'x'; 500], &[]), Err(Unfilled::TooLong));
    }

    #[test]
    fn a_client_whose_link_layer_address_is_unknown_gets_no_half_filled_text() {
        let template = Template::parse("{client.mac}", 0).expect("template");
        assert!(template.needs_mac());
        let unknown = Asking {
            mac: None,
            ..asking(b"x")
        };
        let filled = template.fill(&unknown, &[], Purpose::Plain);
        assert_eq!(filled, Err(Unfilled::NoMac));
    }
}
