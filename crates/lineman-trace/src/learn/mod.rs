//! Questions about a log, which the log itself corrects.
//!
//! A [`Guess`] says what a packet will change where it arrives, before that is seen. An [`Exercise`] leaves numbers,
//! flags and states of a ladder out, to be filled in, and has packets put in order. No author has written the
//! answers: what is right follows from the rows of the [story](crate::story), and so do the reasons.

mod exercise;
mod guess;

pub use exercise::Answers;
pub use exercise::Ask;
pub use exercise::BadExercise;
pub use exercise::Blank;
pub use exercise::Cell;
pub use exercise::Exercise;
pub use exercise::Field;
pub use exercise::Line;
pub use exercise::Mark;
pub use exercise::Marks;
pub use exercise::OrderMark;
pub use exercise::Plan;
pub use exercise::Unfit;
pub use guess::Change;
pub use guess::Guess;
pub use guess::Outcome;
pub use guess::reason;
