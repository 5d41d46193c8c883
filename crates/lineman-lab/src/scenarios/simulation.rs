//! What a simulated lab makes of a scenario.

use crate::Difference;

use super::Scenario;
use super::Subject;

impl Scenario {
    /// Whether a simulated lab can play it, and shows what it is about.
    pub fn can_be_simulated(&self) -> bool {
        !self.only_linux
    }

    /// What is to be said if a simulated lab plays it: that in which it then differs from Linux.
    pub fn differences(&self) -> Vec<Difference> {
        use Difference as D;
        let mut all = match self.subject {
            Subject::Opening => vec![],
            Subject::Closing => vec![D::ShortTimeWait, D::FinNeverRides],
            Subject::Data | Subject::Messages | Subject::Waiting => {
                vec![D::LongTimeout, D::NoCongestionControl]
            }
            Subject::Datagrams | Subject::Files => return Vec::new(),
        };
        all.push(match self.textbook {
            true => D::FewSettings,
            false => D::FewOptions,
        });
        all
    }
}
