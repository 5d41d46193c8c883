//! Which bytes of a segment the other capture has not had yet.

use super::lane::overlap;

/// Parts of a segment: the number of the first byte, and how many.
#[derive(Clone, Debug)]
pub(super) struct Pieces(Vec<(u32, u32)>);

impl Pieces {
    /// All of it.
    pub(super) fn all(range: (u32, u32)) -> Self {
        Self(vec![range])
    }

    /// What is left.
    pub(super) fn left(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// What both have left.
    pub(super) fn shared(&self, other: &Self) -> Vec<(u32, u32)> {
        let pairs = self
            .0
            .iter()
            .flat_map(|one| other.0.iter().map(move |it| (one, it)));
        pairs.filter_map(|(one, it)| overlap(*one, *it)).collect()
    }

    /// These are left no more.
    pub(super) fn take(&mut self, (seq, len): (u32, u32)) {
        let end = seq.wrapping_add(len);
        let rest = |it: (u32, u32)| -> Vec<(u32, u32)> {
            let Some((from, count)) = overlap(it, (seq, len)) else {
                return vec![it];
            };
            let before = (it.0, from.wrapping_sub(it.0));
            let taken = before.1.wrapping_add(count);
            let behind = (end, it.1.wrapping_sub(taken));
            [before, behind].into_iter().filter(|it| it.1 > 0).collect()
        };
        self.0 = self.0.iter().flat_map(|it| rest(*it)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_left_no_more() {
        let mut pieces = Pieces::all((u32::MAX - 9, 30));
        pieces.take((u32::MAX - 4, 10));
        assert_eq!(pieces.left(), [(u32::MAX - 9, 5), (5, 15)]);
        assert_eq!(pieces.shared(&Pieces::all((10, 100))), [(10, 10)]);
        pieces.take((5, 15));
        pieces.take((u32::MAX - 9, 5));
        assert!(pieces.left().is_empty());
    }
}
