//! Becoming a user with fewer rights, for good.

use std::ffi::CString;
use std::io;

use nix::unistd::Gid;
use nix::unistd::Group;
use nix::unistd::Uid;
use nix::unistd::User;
use nix::unistd::getgrouplist;
use nix::unistd::getresgid;
use nix::unistd::getresuid;
use nix::unistd::setgroups;
use nix::unistd::setresgid;
use nix::unistd::setresuid;
use rustix::thread::CapabilitySet;
use rustix::thread::CapabilitySets;
use rustix::thread::capabilities;
use rustix::thread::set_capabilities;
use rustix::thread::set_no_new_privs;

use crate::Operation;
use crate::SystemError;

/// Whom a process may become: a user, and the groups it belongs to then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    text: String,
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
}

/// Why there is no user to become.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// No user has this name.
    #[error("no user is called {0}")]
    UnknownUser(String),
    /// No group has this name.
    #[error("no group is called {0}")]
    UnknownGroup(String),
    /// A number without an account: it is not known which group is meant.
    #[error("user {0} has no account, so its group must be given")]
    NoGroup(u32),
    /// Becoming root gives nothing up.
    #[error("{0} is root")]
    Root(String),
    /// The system could not look it up.
    #[error(transparent)]
    System(#[from] SystemError),
}

impl Account {
    /// Looks up `USER` or `USER:GROUP`, names or numbers. Without a group the process gets those of
    /// the user, with one that group alone.
    ///
    /// # Errors
    /// When there is no such user or group, or it is root.
    pub fn find(text: &str) -> Result<Self, AccountError> {
        let (user_text, group_text) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let (uid, user) = user(user_text)?;
        if uid.is_root() {
            return Err(AccountError::Root(user_text.to_owned()));
        }
        let (gid, groups) = match (group_text, user) {
            (Some(text), _) => group(text).map(|gid| (gid, vec![gid]))?,
            (None, Some(user)) => (user.gid, groups_of(&user)?),
            (None, None) => return Err(AccountError::NoGroup(uid.as_raw())),
        };
        let text = text.to_owned();
        Ok(Self {
            text,
            uid,
            gid,
            groups,
        })
    }

    /// Becomes this user, keeping nothing: groups, identities, capabilities. It then tries to be
    /// root again, and fails if that succeeds.
    ///
    /// Call it before other threads are started: capabilities belong to threads.
    ///
    /// # Errors
    /// When the system does not permit it. The process must end then: it is neither the one nor the
    /// other.
    pub fn assume(&self) -> Result<(), SystemError> {
        self.change()
            .and_then(|()| self.verify())
            .map_err(SystemError::new(Operation::Become, &self.text))
    }

    fn change(&self) -> io::Result<()> {
        setgroups(&self.groups)?;
        setresgid(self.gid, self.gid, self.gid)?;
        setresuid(self.uid, self.uid, self.uid)?;
        // The kernel takes them from who was root; who had them otherwise would keep them.
        set_capabilities(None, NO_CAPABILITIES)?;
        Ok(set_no_new_privs(true)?)
    }

    fn verify(&self) -> io::Result<()> {
        let (users, groups) = (getresuid()?, getresgid()?);
        let all_changed = [users.real, users.effective, users.saved] == [self.uid; 3]
            && [groups.real, groups.effective, groups.saved] == [self.gid; 3];
        let root = Uid::from_raw(0);
        let regained = setresuid(root, root, root).is_ok() || nix::unistd::setuid(root).is_ok();
        if !all_changed || regained || capabilities(None)? != NO_CAPABILITIES {
            return Err(io::Error::other("privileges are still there afterwards"));
        }
        Ok(())
    }
}

/// Gives the right to capture packets up, for good: what is open stays open. It holds for the calling thread, and for
/// those that it starts afterwards.
///
/// # Errors
/// When the system refuses.
pub fn give_up_capturing() -> io::Result<()> {
    let without = |set: CapabilitySet| set.difference(CapabilitySet::NET_RAW);
    let has = capabilities(None)?;
    let kept = CapabilitySets {
        effective: without(has.effective),
        permitted: without(has.permitted),
        inheritable: without(has.inheritable),
    };
    Ok(set_capabilities(None, kept)?)
}

fn user(text: &str) -> Result<(Uid, Option<User>), AccountError> {
    if let Some(user) = User::from_name(text).map_err(lookup(text))? {
        return Ok((user.uid, Some(user)));
    }
    let unknown = |_| AccountError::UnknownUser(text.to_owned());
    let uid = text.parse().map(Uid::from_raw).map_err(unknown)?;
    if uid.as_raw() == KEEP {
        return Err(AccountError::UnknownUser(text.to_owned()));
    }
    Ok((uid, User::from_uid(uid).map_err(lookup(text))?))
}

fn group(text: &str) -> Result<Gid, AccountError> {
    if let Some(group) = Group::from_name(text).map_err(lookup(text))? {
        return Ok(group.gid);
    }
    match text.parse() {
        Ok(KEEP) | Err(_) => Err(AccountError::UnknownGroup(text.to_owned())),
        Ok(gid) => Ok(Gid::from_raw(gid)),
    }
}

fn groups_of(user: &User) -> Result<Vec<Gid>, AccountError> {
    let name = CString::new(user.name.as_str())
        .map_err(|_| AccountError::UnknownUser(user.name.clone()))?;
    Ok(getgrouplist(&name, user.gid).map_err(lookup(&user.name))?)
}

fn lookup(text: &str) -> impl FnOnce(nix::Error) -> SystemError {
    let failed = SystemError::new(Operation::Resolve, text);
    move |errno| failed(errno.into())
}

const NO_CAPABILITIES: CapabilitySets = CapabilitySets {
    effective: CapabilitySet::empty(),
    permitted: CapabilitySet::empty(),
    inheritable: CapabilitySet::empty(),
};
/// The number that means "leave as it is" to setresuid(2).
const KEEP: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Account::find(text).expect_err(text).to_string()
    }

    #[test]
    fn who_gives_capturing_up_keeps_everything_else() {
        let (before, after) = std::thread::spawn(|| {
            let before = capabilities(None).expect("this thread's own");
            give_up_capturing().expect("fewer are always allowed");
            (before, capabilities(None).expect("this thread's own"))
        })
        .join()
        .expect("no panic");
        assert!(!after.permitted.contains(CapabilitySet::NET_RAW));
        let given_up = before.permitted.difference(after.permitted);
        assert!(CapabilitySet::NET_RAW.contains(given_up));
        assert_eq!(
            after.effective,
            before.effective.intersection(after.permitted)
        );
    }

    #[test]
    fn names_and_numbers() {
        let nobody = Account::find("nobody").expect("every system has it");
        assert!(nobody.groups.contains(&nobody.gid));
        let number = Account::find("4242:4343").expect("numbers need no account");
        assert_eq!((number.uid, number.gid), (4242.into(), 4343.into()));
        assert_eq!(number.groups, [4343.into()]);
        let mixed = Account::find("nobody:0").expect("a group by its number");
        assert_eq!((mixed.uid, mixed.groups), (nobody.uid, vec![0.into()]));
    }

    #[test]
    fn who_cannot_be_meant() {
        assert_eq!(refusal("nobody-here"), "no user is called nobody-here");
        assert_eq!(refusal(""), "no user is called ");
        assert_eq!(refusal("4294967295"), "no user is called 4294967295");
        assert_eq!(refusal("nobody:"), "no group is called ");
        assert_eq!(refusal("nobody:no-group"), "no group is called no-group");
        assert_eq!(refusal("0:nogroup"), "0 is root");
        assert_eq!(refusal("root"), "root is root");
        assert!(refusal("4242").contains("must be given"));
    }
}
