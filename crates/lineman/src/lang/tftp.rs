//! Sentences of `lineman tftp`.

use super::messages;

messages! {
    /// Sentences of `lineman tftp`.
    Tftp;
    Placeholder {} "placeholder" "占位"
}
