//! The signs of which a ladder is made.

use super::Style;

/// Signs: every difference has one of its own, colour or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    pub(super) single: &'static str,
    pub(super) double: &'static str,
    pub(super) dotted: &'static str,
    pub(super) right: &'static str,
    pub(super) left: &'static str,
    pub(super) lost: &'static str,
    pub(super) stop: &'static str,
    pub(super) open: &'static str,
    pub(super) more: &'static str,
    pub(super) times: &'static str,
    ascii: bool,
}

const LINES: Marks = Marks {
    single: "─",
    double: "═",
    dotted: "┄",
    right: "▶",
    left: "◀",
    lost: "✗",
    stop: "┃",
    open: "┄",
    more: "…",
    times: "×",
    ascii: false,
};

const ASCII: Marks = Marks {
    single: "-",
    double: "=",
    dotted: ".",
    right: ">",
    left: "<",
    lost: "X",
    stop: "|",
    open: ".",
    more: "..",
    times: "x",
    ascii: true,
};

impl Marks {
    pub(super) fn of(style: Style) -> Self {
        if style.ascii { ASCII } else { LINES }
    }

    /// A sentence with the signs of sentences that ASCII has too.
    pub(super) fn spelled(self, text: &str) -> String {
        if !self.ascii {
            return text.to_owned();
        }
        text.replace('→', "->")
            .replace('§', "section ")
            .replace(['“', '”'], "\"")
            .replace('…', "..")
    }
}
