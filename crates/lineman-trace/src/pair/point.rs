//! The two points at which packets were captured.

use std::ops::Index;
use std::ops::IndexMut;

/// One of the two captures, in the order in which they were named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// The one that was named first.
    First,
    /// The other.
    Second,
}

impl Point {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// One of something for each point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points<T> {
    /// Of the first.
    pub first: T,
    /// Of the second.
    pub second: T,
}

impl<T> Index<Point> for Points<T> {
    type Output = T;

    fn index(&self, point: Point) -> &T {
        match point {
            Point::First => &self.first,
            Point::Second => &self.second,
        }
    }
}

impl<T> IndexMut<Point> for Points<T> {
    fn index_mut(&mut self, point: Point) -> &mut T {
        match point {
            Point::First => &mut self.first,
            Point::Second => &mut self.second,
        }
    }
}
