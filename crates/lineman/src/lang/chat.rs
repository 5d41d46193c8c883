//! Sentences of `lineman chat`.

use super::messages;

messages! {
    /// Sentences of `lineman chat`.
    Chat;
    Placeholder {} "placeholder" "占位"
}
