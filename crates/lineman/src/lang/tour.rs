//! Sentences of `lineman tour`.

use super::messages;

messages! {
    /// Sentences of `lineman tour`.
    Tour;
    Placeholder {} "placeholder" "占位"
}
