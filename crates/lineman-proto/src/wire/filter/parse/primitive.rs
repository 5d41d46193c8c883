//! A question that begins with a word: a protocol, what is said of a value, a length, a VLAN.

use super::FilterError;
use super::Of;
use super::Parser;
use super::Problem;
use super::Qualifiers;
use super::arithmetic;
use super::value;
use super::words;
use crate::wire::filter::Modified;
use crate::wire::filter::Value;
use crate::wire::filter::expr::Compare;
use crate::wire::filter::expr::Dir;
use crate::wire::filter::expr::Expr;
use crate::wire::filter::expr::Proto;
use crate::wire::filter::expr::Sum;
use crate::wire::filter::expr::Test;
use crate::wire::filter::lexer::Kind;

type Answer = Result<(Expr, Option<Qualifiers>), FilterError>;

impl Parser<'_> {
    /// One question, with what it says of its value for the values that may follow.
    pub(super) fn primitive(&mut self) -> Answer {
        let from = self.at;
        let Some(token) = self.peek() else {
            return Err(self.ends(words::STARTS.to_vec()));
        };
        let word = token.keyword().unwrap_or_default();
        let proto = words::proto(word);
        if arithmetic::begins(&token)
            || self.is_calculation()
            || (proto.is_some() && self.indexes())
        {
            return Ok((self.relation()?, None));
        }
        match word {
            "less" | "greater" => return Ok((self.length(from)?, None)),
            "vlan" => return Ok((self.vlan(from)?, None)),
            _ => {}
        }
        self.at += usize::from(proto.is_some());
        if self.word("broadcast") {
            let test = match proto {
                None | Some(Proto::Ether) => Test::EtherBroadcast,
                Some(_) => return Err(token.error(Problem::Modifier(Modified::Cast))),
            };
            return Ok((self.leaf(from, test)?, None));
        }
        if self.word("multicast") {
            let test = match proto {
                None | Some(Proto::Ether) => Test::EtherMulticast,
                Some(Proto::Ip) => Test::IpMulticast,
                Some(Proto::Ip6) => Test::Ip6Multicast,
                Some(_) => return Err(token.error(Problem::Modifier(Modified::Cast))),
            };
            return Ok((self.leaf(from, test)?, None));
        }
        let dir = self.direction();
        let kind = self.kind(dir.is_none());
        let said = Qualifiers { proto, dir, kind };
        if dir.is_some() || kind.is_some() {
            self.says_what_it_is(said)?;
            value::check(said, &token)?;
            return Ok((self.values(said)?, Some(said)));
        }
        match proto {
            Some(Proto::Ether) => {
                Err(self.incomplete(&["host", "src", "dst", "proto", "broadcast", "multicast"]))
            }
            // `tcp 80`: everything is there but the word that says what 80 is.
            Some(_) if self.value_without_kind() => Err(self.tokens[self.at].error(Problem::Bare)),
            Some(proto) => Ok((self.leaf(from, Test::Proto(proto))?, None)),
            None => self.bare(),
        }
    }

    /// A value of which nothing is said. Only an address says itself what it is.
    fn bare(&mut self) -> Answer {
        let token = self.tokens[self.at];
        let (proto, dir) = (None, None);
        let kind = Some(match self.tokens.get(self.at + 1) {
            Some(next) if next.is_sign("/") => Of::Net,
            _ => Of::Host,
        });
        let said = Qualifiers { proto, dir, kind };
        if value::is_address(token.text) {
            return Ok((self.values(said)?, Some(said)));
        }
        let choices = words::STARTS.to_vec();
        Err(token.error(match token.kind {
            Kind::Sign => Problem::Misplaced(choices),
            _ if words::is_keyword(token.text) => Problem::Misplaced(choices),
            _ if value::says_itself(token.text) => Problem::Bare,
            _ => Problem::Unknown(choices),
        }))
    }

    /// `src`, `dst`, or both joined.
    fn direction(&mut self) -> Option<Dir> {
        let (first, other) = match self.peek()?.keyword()? {
            "src" => (Dir::Source, "dst"),
            "dst" => (Dir::Destination, "src"),
            _ => return None,
        };
        self.at += 1;
        let before = self.at;
        let both = self.operator();
        match both {
            Some(both) if self.word(other) => Some(if both { Dir::Both } else { Dir::Either }),
            _ => {
                self.at = before;
                Some(first)
            }
        }
    }

    /// What the value is; `proto` only where nothing was said of a direction.
    fn kind(&mut self, with_proto: bool) -> Option<Of> {
        let kind = match self.peek()?.keyword()? {
            "host" => Of::Host,
            "net" => Of::Net,
            "port" => Of::Port,
            "portrange" => Of::PortRange,
            "proto" if with_proto => Of::Proto,
            _ => return None,
        };
        self.at += 1;
        Some(kind)
    }

    /// `tcp src 80`: only ports have a direction there, and the word for them is missing. Behind other protocols a
    /// host is meant.
    fn says_what_it_is(&self, said: Qualifiers) -> Result<(), FilterError> {
        if said.kind.is_some() || !said.proto.is_some_and(Proto::has_ports) {
            return Ok(());
        }
        match self.peek() {
            None => Err(self.ends(vec!["port", "portrange"])),
            Some(token) if token.text.parse::<u16>().is_ok() => Err(token.error(Problem::Bare)),
            Some(_) => Ok(()),
        }
    }

    /// `less 64` includes 64, and so does `greater 64`.
    fn length(&mut self, from: usize) -> Result<Expr, FilterError> {
        let is = match self.word("less") {
            true => Compare::AtMost,
            false => {
                self.at += 1;
                Compare::AtLeast
            }
        };
        let right = Sum::Number(self.number(Value::Number, u32::MAX)?);
        let left = Sum::Length;
        self.leaf(from, Test::Relation { left, is, right })
    }

    fn vlan(&mut self, from: usize) -> Result<Expr, FilterError> {
        self.at += 1;
        let id = match self.is_value(self.at) {
            true => Some(self.number(Value::Vlan, 4095)? as u16),
            false => None,
        };
        let leaf = self.leaf(from, Test::Vlan(id));
        self.tags += 1;
        leaf
    }

    /// Whether a number or an address is next that nothing was said of.
    fn value_without_kind(&self) -> bool {
        self.is_value(self.at) && value::says_itself(self.tokens[self.at].text)
    }

    /// Whether the protocol that is next is indexed: `tcp[13]`.
    fn indexes(&self) -> bool {
        self.tokens
            .get(self.at + 1)
            .is_some_and(|next| next.is_sign("["))
    }

    pub(super) fn incomplete(&self, choices: &[&'static str]) -> FilterError {
        let choices = choices.to_vec();
        match self.peek() {
            None => self.ends(choices),
            Some(token) => token.error(match token.keyword() {
                Some(word) if !words::is_keyword(word) => Problem::Unknown(choices),
                _ => Problem::Misplaced(choices),
            }),
        }
    }
}
