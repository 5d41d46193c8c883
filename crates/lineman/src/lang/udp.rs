//! Sentences of `lineman udp`.

use super::messages;

messages! {
    /// Sentences of `lineman udp`.
    Udp;
    Placeholder {} "placeholder" "占位"
}
