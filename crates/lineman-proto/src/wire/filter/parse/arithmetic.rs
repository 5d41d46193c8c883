//! Calculations, and their comparison: `tcp[tcpflags] & tcp-syn != 0`.

use super::FilterError;
use super::Parser;
use super::Problem;
use super::value;
use super::words;
use crate::wire::filter::Value;
use crate::wire::filter::expr::Compare;
use crate::wire::filter::expr::Expr;
use crate::wire::filter::expr::Proto;
use crate::wire::filter::expr::Sign;
use crate::wire::filter::expr::Sum;
use crate::wire::filter::expr::Test;
use crate::wire::filter::lexer::Kind;
use crate::wire::filter::lexer::Token;

const COMPARISONS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];
/// The largest number by which a word of 32 bits may be shifted.
const MOST_SHIFT: u32 = 31;
/// The largest offset that may be written: no packet is longer, and large ones mean something else to the kernel.
const MOST_OFFSET: u32 = 0xffff;

/// Whether a calculation or a comparison goes on with this.
pub(super) fn continues(token: &Token<'_>) -> bool {
    token.kind == Kind::Sign && (sign(token.text).is_some() || compare(token.text).is_some())
}

/// Whether only a calculation can begin with this.
pub(super) fn begins(token: &Token<'_>) -> bool {
    let word = token.keyword();
    word.is_some_and(|word| word == "len" || words::constant(word).is_some()) || token.is_sign("-")
}

/// What a sign does, and how strongly it binds.
fn sign(text: &str) -> Option<(Sign, u8)> {
    Some(match text {
        "|" => (Sign::Or, 1),
        "^" => (Sign::Xor, 2),
        "&" => (Sign::And, 3),
        "<<" => (Sign::ShiftLeft, 4),
        ">>" => (Sign::ShiftRight, 4),
        "+" => (Sign::Add, 5),
        "-" => (Sign::Subtract, 5),
        "*" => (Sign::Multiply, 6),
        "/" => (Sign::Divide, 6),
        "%" => (Sign::Remainder, 6),
        _ => return None,
    })
}

fn compare(text: &str) -> Option<Compare> {
    Some(match text {
        "=" | "==" => Compare::Equal,
        "!=" => Compare::Unequal,
        "<" => Compare::Less,
        "<=" => Compare::AtMost,
        ">" => Compare::Greater,
        ">=" => Compare::AtLeast,
        _ => return None,
    })
}

impl Parser<'_> {
    /// Whether a number or a parenthesis that is next begins a calculation.
    pub(super) fn is_calculation(&self) -> bool {
        let Some(token) = self.peek() else {
            return false;
        };
        let behind = match token.is_sign("(") {
            true => self.behind_parenthesis(),
            false if value::number(token.text).is_some() => Some(self.at + 1),
            false => None,
        };
        let next = behind.and_then(|at| self.tokens.get(at));
        next.is_some_and(continues)
    }

    fn behind_parenthesis(&self) -> Option<usize> {
        let mut open = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(self.at) {
            if token.is_sign("(") {
                open += 1;
            } else if token.is_sign(")") {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
        }
        None
    }

    pub(super) fn relation(&mut self) -> Result<Expr, FilterError> {
        let from = self.at;
        let left = self.sum(0)?;
        let is = self.peek().filter(|token| token.kind == Kind::Sign);
        let Some(is) = is.and_then(|token| compare(token.text)) else {
            return Err(self.incomplete(&COMPARISONS));
        };
        self.at += 1;
        let right = self.sum(0)?;
        self.leaf(from, Test::Relation { left, is, right })
    }

    /// A calculation of signs that bind more strongly than `above`.
    fn sum(&mut self, above: u8) -> Result<Sum, FilterError> {
        let mut left = self.operand_of_sum()?;
        loop {
            let token = self.peek().filter(|token| token.kind == Kind::Sign);
            let found = token.and_then(|token| Some((token, sign(token.text)?)));
            let Some((token, (sign, strength))) = found.filter(|(_, (_, it))| *it > above) else {
                return Ok(left);
            };
            self.at += 1;
            let right = self.nested(token, |parser| parser.sum(strength))?;
            match (sign, &right) {
                (Sign::Divide | Sign::Remainder, Sum::Number(0)) => {
                    return Err(token.error(Problem::ZeroDivisor));
                }
                (Sign::ShiftLeft | Sign::ShiftRight, Sum::Number(0..=MOST_SHIFT)) => {}
                (Sign::ShiftLeft | Sign::ShiftRight, _) => {
                    return Err(token.error(Problem::Shift));
                }
                _ => {}
            }
            left = Sum::Apply {
                sign,
                left: left.into(),
                right: right.into(),
            };
        }
    }

    fn operand_of_sum(&mut self) -> Result<Sum, FilterError> {
        let Some(token) = self.peek() else {
            return Err(self.ends(Value::Number.examples().to_vec()));
        };
        self.at += 1;
        if token.is_sign("-") {
            let right = self.nested(token, Self::operand_of_sum)?;
            return Ok(Sum::Apply {
                sign: Sign::Subtract,
                left: Sum::Number(0).into(),
                right: right.into(),
            });
        }
        if token.is_sign("(") {
            let inner = self.nested(token, |parser| parser.sum(0))?;
            self.close(token, ")")?;
            return Ok(inner);
        }
        let word = token.keyword().unwrap_or_default();
        if word == "len" {
            return Ok(Sum::Length);
        }
        if let Some(proto) = words::proto(word) {
            return self.load(proto);
        }
        let number = words::constant(word).or_else(|| value::number(word));
        number
            .map(Sum::Number)
            .ok_or_else(|| token.error(Problem::Value(Value::Number)))
    }

    fn load(&mut self, proto: Proto) -> Result<Sum, FilterError> {
        let Some(open) = self.peek().filter(|token| token.is_sign("[")) else {
            return Err(self.incomplete(&["["]));
        };
        self.at += 1;
        let from = self.at;
        let offset = self.nested(open, |parser| parser.sum(0))?;
        if matches!(offset, Sum::Number(number) if number > MOST_OFFSET) {
            return Err(self.tokens[from].error(Problem::Value(Value::Offset)));
        }
        let size = match self.sign(":") {
            false => 1,
            true => match self.number(Value::Size, 4)? {
                size @ (1 | 2 | 4) => size as u8,
                _ => return Err(self.tokens[self.at - 1].error(Problem::Value(Value::Size))),
            },
        };
        self.close(open, "]")?;
        let offset = offset.into();
        Ok(Sum::Load {
            proto,
            offset,
            size,
        })
    }
}
