//! The progress bar of a client, on a terminal only.

use std::io;
use std::io::IsTerminal as _;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use lineman_net::tftp::Progress;
use lineman_proto::text;

use crate::console::Console;

/// A bar on stderr: name, bar, bytes, rate, ETA. Nothing where stderr is no terminal.
#[derive(Clone)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar for this file.
    pub fn new(name: &str, console: Console) -> Self {
        let visible = io::stderr().is_terminal() && !console.quiet && !console.json;
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target)
            .with_message(text::visible(name).into_owned());
        bar.set_style(style(UNKNOWN_TOTAL));
        Self(bar)
    }

    /// Shows how far the transfer has come.
    pub fn update(&self, progress: Progress) {
        if let Some(total) = progress
            .total
            .filter(|total| self.0.length() != Some(*total))
        {
            self.0.set_style(style(KNOWN_TOTAL));
            self.0.set_length(total);
        }
        self.0.set_position(progress.bytes);
    }

    /// Takes the bar away: the line that follows says how it ended.
    pub fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a test below shows that they parse.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

const KNOWN_TOTAL: &str =
    "{msg} {wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} ETA {eta}";
const UNKNOWN_TOTAL: &str = "{msg} {spinner} {binary_bytes} {binary_bytes_per_sec}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_parse() {
        for template in [KNOWN_TOTAL, UNKNOWN_TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
