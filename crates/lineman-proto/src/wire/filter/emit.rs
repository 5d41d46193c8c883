//! From questions to instructions. Conditional jumps reach 255 instructions, unconditional ones any: a branch
//! that leads further is made of both.

use super::MAX_INSTRUCTIONS;
use super::Problem;
use super::expr::Sign;
use super::node::Is;
use super::node::Node;
use super::node::Offset;
use super::node::Term;
use super::program::Instruction;
use super::program::MEMORY;
use super::program::Program;
use super::program::code;

/// The answer to a wanted packet: all of it. More than any packet has, and what tcpdump asks for.
const WHOLE: u32 = 256 << 10;

/// The program of a filter.
pub(super) fn emit(node: &Node) -> Result<Program, Problem> {
    let mut emitter = Emitter::default();
    let (yes, no) = (emitter.label(), emitter.label());
    emitter.node(node, yes, no)?;
    emitter.place(yes);
    emitter.push(code::RET, WHOLE);
    emitter.place(no);
    emitter.push(code::RET, 0);
    emitter.link()
}

/// A place in the program that jumps lead to, by its number.
type Label = usize;

#[derive(Clone, Copy, Debug)]
enum Item {
    Plain(Instruction),
    /// Goes to one label or the other.
    Branch {
        code: u16,
        k: u32,
        yes: Label,
        no: Label,
    },
    Goto(Label),
}

#[derive(Debug, Default)]
struct Emitter {
    items: Vec<Item>,
    /// Before which item each label stands.
    labels: Vec<usize>,
}

impl Emitter {
    fn label(&mut self) -> Label {
        self.labels.push(usize::MAX);
        self.labels.len() - 1
    }

    fn place(&mut self, label: Label) {
        self.labels[label] = self.items.len();
    }

    fn push(&mut self, code: u16, k: u32) {
        let (jt, jf) = (0, 0);
        self.items
            .push(Item::Plain(Instruction { code, jt, jf, k }));
    }

    fn node(&mut self, node: &Node, yes: Label, no: Label) -> Result<(), Problem> {
        if self.items.len() > MAX_INSTRUCTIONS {
            return Err(Problem::TooLong);
        }
        match node {
            Node::Always(holds) => self.items.push(Item::Goto(if *holds { yes } else { no })),
            Node::And(left, right) => {
                let next = self.label();
                self.node(left, next, no)?;
                self.place(next);
                self.node(right, yes, no)?;
            }
            Node::Or(left, right) => {
                let next = self.label();
                self.node(left, yes, next)?;
                self.place(next);
                self.node(right, yes, no)?;
            }
            Node::Not(inner) => self.node(inner, no, yes)?,
            Node::Field {
                offset,
                size,
                mask,
                is,
                value,
            } => {
                self.load(*offset, *size);
                if *mask != u32::MAX {
                    self.push(code::ALU | code::AND, *mask);
                }
                self.branch(jump(*is), *value, yes, no);
            }
            Node::Relation { left, is, right } => match self.operands(left, right, 0)? {
                Some(number) => self.branch(jump(*is), number, yes, no),
                None => self.branch(jump(*is) | code::X, 0, yes, no),
            },
        }
        Ok(())
    }

    fn branch(&mut self, code: u16, k: u32, yes: Label, no: Label) {
        let code = code::JMP | code;
        self.items.push(Item::Branch { code, k, yes, no });
    }

    /// Loads a field into A; X may be lost.
    fn load(&mut self, offset: Offset, size: u8) {
        match offset {
            Offset::At(at) => self.push(code::LD | width(size) | code::ABS, at),
            Offset::BehindIpv4 { header, at } => {
                self.push(code::LDX | code::B | code::MSH, header);
                self.push(code::LD | width(size) | code::IND, header + at);
            }
        }
    }

    /// Has the left operand in A, and the right one in X, unless it is a number: then it is returned.
    /// The memory below `depth` is in use.
    fn operands(&mut self, left: &Term, right: &Term, depth: u32) -> Result<Option<u32>, Problem> {
        if let Term::Number(number) = right {
            self.term(left, depth)?;
            return Ok(Some(*number));
        }
        self.term(right, depth)?;
        let aside = keep(depth)?;
        self.push(code::ST, aside);
        self.term(left, depth + 1)?;
        self.push(code::LDX | code::MEM, aside);
        Ok(None)
    }

    /// Has the value of a calculation in A; X is lost.
    fn term(&mut self, term: &Term, depth: u32) -> Result<(), Problem> {
        if self.items.len() > MAX_INSTRUCTIONS {
            return Err(Problem::TooLong);
        }
        match term {
            Term::Number(number) => self.push(code::LD, *number),
            Term::Length => self.push(code::LD | code::LEN, 0),
            Term::Load { base, index, size } => self.load_from(*base, index, *size, depth)?,
            Term::Apply { sign, left, right } => {
                let operation = code::ALU | operation(*sign);
                match self.operands(left, right, depth)? {
                    Some(number) => self.push(operation, number),
                    None => self.push(operation | code::X, 0),
                }
            }
        }
        Ok(())
    }

    fn load_from(
        &mut self,
        base: Offset,
        index: &Term,
        size: u8,
        depth: u32,
    ) -> Result<(), Problem> {
        if let Term::Number(more) = index {
            let offset = match base {
                Offset::At(at) => Offset::At(at + more),
                Offset::BehindIpv4 { header, at } => Offset::BehindIpv4 {
                    header,
                    at: at + more,
                },
            };
            self.load(offset, size);
            return Ok(());
        }
        self.term(index, depth)?;
        let behind = match base {
            Offset::At(at) => at,
            Offset::BehindIpv4 { header, at } => {
                self.push(code::LDX | code::B | code::MSH, header);
                self.push(code::ALU | code::ADD | code::X, 0);
                header + at
            }
        };
        self.push(code::MISC, 0); // TAX
        self.push(code::LD | width(size) | code::IND, behind);
        Ok(())
    }

    /// Puts numbers in the place of labels. Branches that do not reach far enough are made longer, which moves
    /// others further away, until all reach.
    fn link(self) -> Result<Program, Problem> {
        let mut far = vec![Far::default(); self.items.len()];
        loop {
            let starts = starts(&far);
            if starts.last().is_none_or(|end| *end > MAX_INSTRUCTIONS) {
                return Err(Problem::TooLong);
            }
            let reaches = |at: usize, label: Label| {
                let over = starts[self.labels[label]] - starts[at] - 1;
                over <= REACH
            };
            let mut grew = false;
            for (at, item) in self.items.iter().enumerate() {
                let Item::Branch { yes, no, .. } = *item else {
                    continue;
                };
                let now = Far {
                    yes: far[at].yes || !reaches(at, yes),
                    no: far[at].no || !reaches(at, no),
                };
                grew |= now != far[at];
                far[at] = now;
            }
            if !grew {
                return Ok(self.linked(&far, &starts));
            }
        }
    }

    fn linked(&self, far: &[Far], starts: &[usize]) -> Program {
        let mut out: Vec<Instruction> = Vec::with_capacity(self.items.len());
        for (at, item) in self.items.iter().enumerate() {
            // How many instructions lie between the one at `from` and a label.
            let over = |from: usize, label: Label| starts[self.labels[label]] - from - 1;
            let ja = |from: usize, label: Label| Instruction {
                code: code::JMP | code::JA,
                jt: 0,
                jf: 0,
                k: over(from, label) as u32,
            };
            let here = starts[at];
            match *item {
                Item::Plain(instruction) => out.push(instruction),
                Item::Goto(label) => out.push(ja(here, label)),
                Item::Branch { code, k, yes, no } => {
                    // What is far is reached by a jump behind the branch: first that of `yes`.
                    let jt = if far[at].yes { 0 } else { over(here, yes) };
                    let jf = match far[at].no {
                        true => usize::from(far[at].yes),
                        false => over(here, no),
                    };
                    let (jt, jf) = (jt as u8, jf as u8);
                    out.push(Instruction { code, jt, jf, k });
                    let jumps = [(far[at].yes, yes), (far[at].no, no)];
                    for (_, label) in jumps.into_iter().filter(|(is_far, _)| *is_far) {
                        out.push(ja(out.len(), label));
                    }
                }
            }
        }
        Program::new(out)
    }
}

/// How many instructions a conditional jump passes over at most.
const REACH: usize = u8::MAX as usize;

/// Which labels a branch does not reach by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Far {
    yes: bool,
    no: bool,
}

/// Where each item begins, and where the program ends.
fn starts(far: &[Far]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut end = 0;
    for far in far {
        end += 1 + usize::from(far.yes) + usize::from(far.no);
        starts.push(end);
    }
    starts
}

/// A place in memory that is not in use.
fn keep(depth: u32) -> Result<u32, Problem> {
    match depth < MEMORY as u32 {
        true => Ok(depth),
        false => Err(Problem::TooDeep),
    }
}

fn jump(is: Is) -> u16 {
    match is {
        Is::Equal => code::JEQ,
        Is::Greater => code::JGT,
        Is::AtLeast => code::JGE,
    }
}

fn width(size: u8) -> u16 {
    match size {
        1 => code::B,
        2 => code::H,
        _ => 0,
    }
}

fn operation(sign: Sign) -> u16 {
    match sign {
        Sign::Add => code::ADD,
        Sign::Subtract => code::SUB,
        Sign::Multiply => code::MUL,
        Sign::Divide => code::DIV,
        Sign::Remainder => code::MOD,
        Sign::And => code::AND,
        Sign::Or => code::OR,
        Sign::Xor => code::XOR,
        Sign::ShiftLeft => code::LSH,
        Sign::ShiftRight => code::RSH,
    }
}
