//! Programs of classic BPF (S. McCanne, V. Jacobson: "The BSD Packet Filter", 1993; the kernel's
//! Documentation/networking/filter.rst), and the machine that runs them.

/// An instruction, as the kernel has it: `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it does.
    pub code: u16,
    /// How many instructions a jump passes over if its condition holds.
    pub jt: u8,
    /// How many if it does not.
    pub jf: u8,
    /// Its number.
    pub k: u32,
}

/// A program: it is shown a packet, and answers how many bytes of it are wanted; 0 is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    instructions: Vec<Instruction>,
}

/// The parts of a code.
pub(super) mod code {
    pub(in super::super) const LD: u16 = 0x00;
    pub(in super::super) const LDX: u16 = 0x01;
    pub(in super::super) const ST: u16 = 0x02;
    pub(in super::super) const STX: u16 = 0x03;
    pub(in super::super) const ALU: u16 = 0x04;
    pub(in super::super) const JMP: u16 = 0x05;
    pub(in super::super) const RET: u16 = 0x06;
    pub(in super::super) const MISC: u16 = 0x07;

    pub(in super::super) const H: u16 = 0x08;
    pub(in super::super) const B: u16 = 0x10;

    pub(in super::super) const ABS: u16 = 0x20;
    pub(in super::super) const IND: u16 = 0x40;
    pub(in super::super) const MEM: u16 = 0x60;
    pub(in super::super) const LEN: u16 = 0x80;
    pub(in super::super) const MSH: u16 = 0xa0;

    pub(in super::super) const ADD: u16 = 0x00;
    pub(in super::super) const SUB: u16 = 0x10;
    pub(in super::super) const MUL: u16 = 0x20;
    pub(in super::super) const DIV: u16 = 0x30;
    pub(in super::super) const OR: u16 = 0x40;
    pub(in super::super) const AND: u16 = 0x50;
    pub(in super::super) const LSH: u16 = 0x60;
    pub(in super::super) const RSH: u16 = 0x70;
    pub(in super::super) const NEG: u16 = 0x80;
    pub(in super::super) const MOD: u16 = 0x90;
    pub(in super::super) const XOR: u16 = 0xa0;

    pub(in super::super) const JA: u16 = 0x00;
    pub(in super::super) const JEQ: u16 = 0x10;
    pub(in super::super) const JGT: u16 = 0x20;
    pub(in super::super) const JGE: u16 = 0x30;
    pub(in super::super) const JSET: u16 = 0x40;

    /// The operand is X, not k.
    pub(in super::super) const X: u16 = 0x08;
    /// The answer is A, not k.
    pub(in super::super) const A: u16 = 0x10;
    pub(in super::super) const TXA: u16 = 0x80;
}

/// How many numbers a program can put aside (`BPF_MEMWORDS`).
pub(super) const MEMORY: usize = 16;

impl Program {
    /// A program of these instructions, whatever they are: one that makes no sense accepts nothing.
    pub fn new(instructions: Vec<Instruction>) -> Self {
        Self { instructions }
    }

    /// Its instructions.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Whether it wants a packet of which `bytes` were captured, and which had `wire_len` bytes on the wire.
    ///
    /// As in the kernel, a load from beyond the captured bytes ends the program, and the packet is not wanted.
    pub fn accepts(&self, bytes: &[u8], wire_len: usize) -> bool {
        let mut machine = Machine {
            bytes,
            wire_len: u32::try_from(wire_len).unwrap_or(u32::MAX),
            a: 0,
            x: 0,
            memory: [0; MEMORY],
        };
        machine.run(&self.instructions).unwrap_or(0) > 0
    }
}

struct Machine<'b> {
    bytes: &'b [u8],
    wire_len: u32,
    a: u32,
    x: u32,
    memory: [u32; MEMORY],
}

impl Machine<'_> {
    /// Jumps lead forward only, and so every program ends. `None` if it fails.
    fn run(&mut self, program: &[Instruction]) -> Option<u32> {
        let mut next = 0_usize;
        loop {
            let it = program.get(next)?;
            next += 1;
            let operand = if it.code & code::X != 0 { self.x } else { it.k };
            match it.code & 0x07 {
                code::LD => self.a = self.load(it)?,
                code::LDX => self.x = self.load_index(it)?,
                code::ST => *self.memory.get_mut(it.k as usize)? = self.a,
                code::STX => *self.memory.get_mut(it.k as usize)? = self.x,
                code::ALU => self.a = calculate(it.code & 0xf0, self.a, operand)?,
                code::JMP if it.code & 0xf0 == code::JA => {
                    next = next.checked_add(it.k as usize)?;
                }
                code::JMP => {
                    let holds = compare(it.code & 0xf0, self.a, operand)?;
                    next += usize::from(if holds { it.jt } else { it.jf });
                }
                code::RET if it.code & code::A != 0 => return Some(self.a),
                code::RET => return Some(it.k),
                _ if it.code & code::TXA != 0 => self.a = self.x,
                _ => self.x = self.a,
            }
        }
    }

    fn load(&self, it: &Instruction) -> Option<u32> {
        match it.code & 0xe0 {
            code::ABS => self.bytes_at(it.k, it.code),
            code::IND => self.bytes_at(self.x.wrapping_add(it.k), it.code),
            code::MEM => self.memory.get(it.k as usize).copied(),
            code::LEN => Some(self.wire_len),
            _ => Some(it.k),
        }
    }

    fn load_index(&self, it: &Instruction) -> Option<u32> {
        match it.code & 0xe0 {
            code::MSH => Some(u32::from(self.bytes.get(it.k as usize)? & 0x0f) * 4),
            code::MEM => self.memory.get(it.k as usize).copied(),
            code::LEN => Some(self.wire_len),
            _ => Some(it.k),
        }
    }

    fn bytes_at(&self, at: u32, code: u16) -> Option<u32> {
        let rest = self.bytes.get(at as usize..)?;
        match code & 0x18 {
            code::B => rest.first().map(|byte| u32::from(*byte)),
            code::H => rest.first_chunk().map(|it| u16::from_be_bytes(*it).into()),
            _ => rest.first_chunk().map(|it| u32::from_be_bytes(*it)),
        }
    }
}

fn calculate(operation: u16, a: u32, operand: u32) -> Option<u32> {
    Some(match operation {
        code::ADD => a.wrapping_add(operand),
        code::SUB => a.wrapping_sub(operand),
        code::MUL => a.wrapping_mul(operand),
        code::DIV => a.checked_div(operand)?,
        code::MOD => a.checked_rem(operand)?,
        code::OR => a | operand,
        code::AND => a & operand,
        code::XOR => a ^ operand,
        code::LSH => a.checked_shl(operand).unwrap_or(0),
        code::RSH => a.checked_shr(operand).unwrap_or(0),
        code::NEG => a.wrapping_neg(),
        _ => return None,
    })
}

fn compare(operation: u16, a: u32, operand: u32) -> Option<bool> {
    Some(match operation {
        code::JEQ => a == operand,
        code::JGT => a > operand,
        code::JGE => a >= operand,
        code::JSET => a & operand != 0,
        _ => return None,
    })
}
