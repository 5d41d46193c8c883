//! From words to what is asked for.
//!
//! As in pcap, `and` and `or` bind alike and from the left, `not` binds more, and a value alone takes over what
//! was said of the one before it: `port 69 or 6969`, `not host a and b`.

mod arithmetic;
mod primitive;
mod value;

use std::ops::Range;

use super::FilterError;
use super::Problem;
use super::expr::Dir;
use super::expr::Expr;
use super::expr::Leaf;
use super::expr::Proto;
use super::expr::Test;
use super::lexer::Kind;
use super::lexer::Token;
use super::lexer::tokens;
use super::words;

/// How many questions a filter may ask. What a person writes has a dozen; a list of addresses that a program
/// wrote has hundreds, and one of a thousand is longer than the kernel takes.
const MOST_LEAVES: usize = 512;
/// How deep parentheses and `not` may be nested.
const MOST_DEPTH: usize = 64;

/// Understands a text; `None` if it asks for nothing.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, FilterError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        text,
        tokens,
        at: 0,
        depth: 0,
        leaves: 0,
        tags: 0,
    };
    let (expr, _) = parser.expr(None)?;
    match parser.peek() {
        None => Ok(Some(expr)),
        Some(token) => Err(parser.unjoined(token)),
    }
}

/// What was said of a value before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Qualifiers {
    proto: Option<Proto>,
    dir: Option<Dir>,
    kind: Option<Of>,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Host,
    Net,
    Port,
    PortRange,
    Proto,
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
    leaves: usize,
    /// How many times `vlan` was read: what follows is behind as many tags.
    tags: u32,
}

impl<'t> Parser<'t> {
    /// Parts joined by `and` and `or`. Values alone are what was said before, if anything was.
    fn expr(
        &mut self,
        said: Option<Qualifiers>,
    ) -> Result<(Expr, Option<Qualifiers>), FilterError> {
        let (mut left, mut said) = self.operand(said)?;
        while let Some(both) = self.operator() {
            let right;
            (right, said) = self.operand(said)?;
            left = match both {
                true => Expr::And(left.into(), right.into()),
                false => Expr::Or(left.into(), right.into()),
            };
        }
        Ok((left, said))
    }

    /// `and` or `or`, if one of them is next: whether both sides have to hold.
    fn operator(&mut self) -> Option<bool> {
        let token = self.peek()?;
        let both = match (token.keyword(), token.kind) {
            (Some("and"), _) => true,
            (Some("or"), _) => false,
            (_, Kind::Sign) if token.text == "&&" => true,
            (_, Kind::Sign) if token.text == "||" => false,
            _ => return None,
        };
        self.at += 1;
        Some(both)
    }

    fn operand(
        &mut self,
        said: Option<Qualifiers>,
    ) -> Result<(Expr, Option<Qualifiers>), FilterError> {
        if let Some(qualifiers) = said.filter(|_| self.value_is_next()) {
            return Ok((self.values(qualifiers)?, said));
        }
        let Some(token) = self.peek() else {
            return Err(self.ends(words::STARTS.to_vec()));
        };
        if self.negation() {
            let (inner, said) = self.nested(token, |parser| parser.operand(said))?;
            return Ok((Expr::Not(inner.into()), said));
        }
        if token.is_sign("(") && !self.is_calculation() {
            self.at += 1;
            let (inner, said) = self.nested(token, |parser| parser.expr(None))?;
            self.close(token, ")")?;
            return Ok((inner, said));
        }
        self.primitive()
    }

    /// Values behind what was said of them: one, or some in parentheses.
    fn values(&mut self, said: Qualifiers) -> Result<Expr, FilterError> {
        let Some(token) = self.peek() else {
            return Err(self.ends(value::examples(said)));
        };
        if self.negation() {
            let inner = self.nested(token, |parser| parser.values(said))?;
            return Ok(Expr::Not(inner.into()));
        }
        if !token.is_sign("(") {
            return self.value(said);
        }
        self.at += 1;
        let inner = self.nested(token, |parser| {
            let mut left = parser.values(said)?;
            while let Some(both) = parser.operator() {
                let right = parser.values(said)?;
                left = match both {
                    true => Expr::And(left.into(), right.into()),
                    false => Expr::Or(left.into(), right.into()),
                };
            }
            Ok(left)
        })?;
        self.close(token, ")")?;
        Ok(inner)
    }

    /// Whether a value is next, behind any `not` and `(`.
    fn value_is_next(&self) -> bool {
        let is_before = |token: &&Token<'_>| {
            token.is_sign("(") || token.is_sign("!") || token.keyword() == Some("not")
        };
        let before = self.tokens[self.at..].iter().take_while(is_before).count();
        self.is_value(self.at + before)
    }

    /// Whether the token at a place is a value and not the beginning of a calculation.
    fn is_value(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else {
            return false;
        };
        let is_word = match token.kind {
            Kind::Word => !words::is_keyword(token.text) && words::constant(token.text).is_none(),
            Kind::Quoted => true,
            Kind::Sign => false,
        };
        let is_number = token.text.bytes().all(|byte| byte.is_ascii_digit());
        let calculates = self
            .tokens
            .get(at + 1)
            .is_some_and(|next| match next.is_sign("/") {
                // Behind an address it is followed by the length of a prefix.
                true => is_number,
                false => arithmetic::continues(next),
            });
        is_word && !calculates
    }

    fn negation(&mut self) -> bool {
        let is_not = |token: Token<'_>| token.is_sign("!") || token.keyword() == Some("not");
        let found = self.peek().is_some_and(is_not);
        self.at += usize::from(found);
        found
    }

    /// Does something that may come back here, so many times at most.
    fn nested<T>(
        &mut self,
        token: Token<'t>,
        inner: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth == MOST_DEPTH {
            return Err(token.error(Problem::TooDeep));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    /// The next token if it is this word.
    fn word(&mut self, word: &str) -> bool {
        let found = self.peek().and_then(|token| token.keyword()) == Some(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_sign(sign));
        self.at += usize::from(found);
        found
    }

    fn close(&mut self, open: Token<'t>, sign: &'static str) -> Result<(), FilterError> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(match self.peek() {
            Some(token) => self.unjoined(token),
            None => open.error(Problem::Ends(vec![sign])),
        })
    }

    /// A question, which ends with the token that was read last.
    fn leaf(&mut self, from: usize, test: Test) -> Result<Expr, FilterError> {
        let tags = self.tags;
        let at = self.range(from);
        let text = self.text[at.clone()].to_owned();
        self.leaves += 1;
        if self.leaves > MOST_LEAVES {
            return Err(FilterError::new(text, at, Problem::TooLong));
        }
        Ok(Expr::Leaf(Leaf {
            test,
            tags,
            at,
            text,
        }))
    }

    /// The place of the tokens from one on to the one that was read last.
    fn range(&self, from: usize) -> Range<usize> {
        let last = self.at.saturating_sub(1).max(from);
        let start = self.tokens.get(from).map_or(0, |token| token.at);
        start
            ..self
                .tokens
                .get(last)
                .map_or(start, |token| token.range().end)
    }

    fn ends(&self, choices: Vec<&'static str>) -> FilterError {
        let end = self.text.len();
        FilterError::new(String::new(), end..end, Problem::Ends(choices))
    }

    /// Something that follows a complete part without `and` or `or`.
    fn unjoined(&self, token: Token<'t>) -> FilterError {
        let known = token.keyword().is_none_or(words::is_keyword) || value::says_itself(token.text);
        let before = self.tokens.get(self.at.wrapping_sub(1));
        let is_proto = before.is_some_and(|token| words::proto(token.text).is_some());
        let choices = match is_proto {
            true => [&words::OPERATORS[..], &words::BEHIND_PROTO].concat(),
            false => words::OPERATORS.to_vec(),
        };
        token.error(match known {
            _ if token.is_sign(")") || token.is_sign("]") => Problem::Misplaced(Vec::new()),
            true => Problem::Misplaced(choices),
            false => Problem::Unknown(choices),
        })
    }
}
