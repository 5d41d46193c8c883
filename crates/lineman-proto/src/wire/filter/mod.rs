//! Filters in the everyday syntax of pcap (pcap-filter(7)): from text to a program of classic BPF.
//!
//! [`Filter::parse`] understands the text, [`Filter::compile`] makes a [`Program`] of it for frames of one
//! link type. The kernel runs it on a packet socket (`SO_ATTACH_FILTER` of socket(7)), and
//! [`Program::accepts`] runs it here, on the packets of a file. The subset is described in `docs/filter.md`. What it
//! holds means what it means to tcpdump, except where that page says otherwise.
//!
//! ```text
//! text ─ lexer ─> tokens ─ parse ─> Expr ─ lower (link type) ─> Node ─ emit ─> Program
//! ```

mod emit;
mod error;
mod expr;
mod layout;
mod lexer;
mod lower;
mod node;
mod parse;
mod program;
mod words;

#[cfg(test)]
mod tests;

use std::str::FromStr;

use super::LinkType;

use self::layout::Layout;
use self::node::Node;

pub use error::FilterError;
pub use error::Modified;
pub use error::Problem;
pub use error::Value;
pub use program::Instruction;
pub use program::Program;

/// The most instructions that a program may have: what the kernel takes (`BPF_MAXINSNS` of linux/filter.h).
pub const MAX_INSTRUCTIONS: usize = 4096;

/// A filter that was understood. The empty one, and one of nothing but spaces, accepts every packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    expr: Option<expr::Expr>,
}

impl Filter {
    /// Understands a filter.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self {
            text: text.to_owned(),
            expr: parse::parse(text)?,
        })
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it accepts every packet because it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.expr.is_none()
    }

    /// Whether it asks for VLAN tags. The kernel takes these off a frame before a packet socket's filter sees
    /// it, and tells them beside: such a filter has to run on the frame that was put together again.
    pub fn asks_for_vlan(&self) -> bool {
        self.expr.as_ref().is_some_and(expr::Expr::asks_for_vlan)
    }

    /// Whether it looks into TCP, UDP or SCTP by `tcp[…]`: as in pcap, that is true of IPv4 only.
    pub fn indexes_ipv4_only(&self) -> bool {
        self.expr
            .as_ref()
            .is_some_and(expr::Expr::indexes_transport)
    }

    /// The program that accepts what the filter asks for, of frames that begin as `link` says.
    ///
    /// # Errors
    /// When the link has not what the filter asks for, or the program would be too long.
    pub fn compile(&self, link: LinkType) -> Result<Program, FilterError> {
        let layout = Layout::of(link).ok_or_else(|| self.error(Problem::UnknownLink))?;
        self.program(layout)
    }

    /// The program for a packet socket of the kind `SOCK_DGRAM`, which sees packets without their link's
    /// header (packet(7)); `None` if the filter asks for what is only in that header, or for lengths.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_for_cooked_socket(&self) -> Result<Option<Program>, FilterError> {
        let needs_header = self
            .expr
            .as_ref()
            .is_some_and(expr::Expr::needs_link_header);
        (!needs_header)
            .then(|| self.program(Layout::CookedSocket))
            .transpose()
    }

    fn program(&self, layout: Layout) -> Result<Program, FilterError> {
        let node = match &self.expr {
            Some(expr) => lower::lower(expr, layout)?,
            None => Node::Always(true),
        };
        emit::emit(&node).map_err(|problem| self.error(problem))
    }

    fn error(&self, problem: Problem) -> FilterError {
        FilterError::new(self.text.clone(), 0..self.text.len(), problem)
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}
