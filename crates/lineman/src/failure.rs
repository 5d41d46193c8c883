//! Why a command failed: the exit code, and one sentence that says what was tried, on what, what
//! the system said, and what to do next.

use std::fmt::Display;
use std::io;
use std::io::ErrorKind;

use lineman_net::Operation;
use lineman_net::SystemError;
use rustix::io::Errno;

use crate::exit::Exit;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::bracketed;
use crate::lang::common::Common;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The sentence, in the user's language; empty when everything was said already.
    pub text: String,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, message: &dyn Message, lang: Lang) -> Self {
        Self {
            exit,
            text: message.render(lang),
        }
    }

    /// A failure about which everything was said already.
    pub fn said(exit: Exit) -> Self {
        Self {
            exit,
            text: String::new(),
        }
    }

    /// A command line that makes no sense beyond what the parser checks.
    pub fn usage(detail: &dyn Message, lang: Lang) -> Self {
        Self::new(Exit::Usage, detail, lang)
    }

    /// Something that cannot fail on a healthy machine did.
    pub fn internal(detail: &dyn Display, lang: Lang) -> Self {
        Self::new(Exit::Internal, &Common::Internal { detail }, lang)
    }

    /// A system call that failed.
    pub fn system(error: &SystemError, lang: Lang) -> Self {
        let what = operation(error.operation, lang);
        let mut text = Common::CannotDo {
            what: &what,
            on: &error.target,
            why: &reason(error, lang),
        }
        .render(lang);
        if let Some(hint) = hint(error, lang) {
            text.push_str(&bracketed(&hint, lang));
        }
        Self {
            exit: exit_of(&error.source, error.operation),
            text,
        }
    }

    /// Writing to stdout failed: a closed pipe is success, anything else is not.
    pub fn stdout(error: io::Error, lang: Lang) -> Self {
        if error.kind() == ErrorKind::BrokenPipe {
            return Self::said(Exit::Done);
        }
        Self::system(&SystemError::new(Operation::Write, "stdout")(error), lang)
    }
}

/// What the system said, in the user's language where it is one of the usual answers.
pub fn system_text(error: &io::Error, lang: Lang) -> String {
    let known = match error.kind() {
        ErrorKind::ConnectionRefused => Common::Refused {},
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Common::Unreachable {}
        }
        ErrorKind::TimedOut => Common::TimedOut {},
        ErrorKind::AddrInUse => Common::InUse {},
        ErrorKind::AddrNotAvailable => Common::NotAvailable {},
        ErrorKind::PermissionDenied => Common::Denied {},
        ErrorKind::NotFound => Common::NotFound {},
        ErrorKind::AlreadyExists => Common::Exists {},
        ErrorKind::InvalidFilename => Common::BadFileName {},
        ErrorKind::StorageFull => Common::DiskFull {},
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Common::Reset {},
        ErrorKind::NotADirectory => Common::NotADirectory {},
        ErrorKind::IsADirectory => Common::IsADirectory {},
        ErrorKind::ReadOnlyFilesystem => Common::ReadOnly {},
        _ if error.raw_os_error() == Some(Errno::MFILE.raw_os_error()) => Common::TooManyFiles {},
        _ => {
            // The number of an error helps nobody whom its words do not.
            let text = error.to_string();
            let words = text.split(" (os error ").next().unwrap_or_default();
            return Common::OtherSystem { text: &words }.render(lang);
        }
    };
    known.render(lang)
}

fn reason(error: &SystemError, lang: Lang) -> String {
    if error.operation == Operation::Resolve {
        return Common::NameUnknown {}.render(lang);
    }
    system_text(&error.source, lang)
}

fn hint(error: &SystemError, lang: Lang) -> Option<String> {
    let hint = match (error.operation, error.source.kind()) {
        (Operation::Bind, ErrorKind::PermissionDenied) => Common::HintLowPort {
            port: &error.target,
        },
        (Operation::Become, ErrorKind::PermissionDenied) => Common::HintBecome {},
        (Operation::Bind, ErrorKind::AddrInUse) => Common::HintInUse {},
        (Operation::Confine, _) => Common::HintConfine {},
        (Operation::Connect, ErrorKind::ConnectionRefused) => Common::HintListening {},
        (Operation::Connect, ErrorKind::TimedOut) => Common::HintSilent {},
        _ => return None,
    };
    Some(hint.render(lang))
}

fn exit_of(error: &io::Error, operation: Operation) -> Exit {
    match error.kind() {
        ErrorKind::PermissionDenied => Exit::NotPermitted,
        ErrorKind::TimedOut => Exit::TimeOut,
        _ => match operation {
            Operation::Read | Operation::Write | Operation::Create | Operation::Wait => {
                Exit::Incomplete
            }
            Operation::Run => Exit::Internal,
            Operation::Open | Operation::SetOption => Exit::Usage,
            _ => Exit::Refused,
        },
    }
}

fn operation(operation: Operation, lang: Lang) -> String {
    if lang == Lang::En {
        return operation.to_string();
    }
    match operation {
        Operation::Become => "切换为用户",
        Operation::Bind => "绑定",
        Operation::Confine => "把访问限制在",
        Operation::Connect => "连接",
        Operation::Create => "创建",
        Operation::Join => "加入组播组",
        Operation::Listen => "监听",
        Operation::Open => "打开",
        Operation::Read => "读取",
        Operation::Receive => "接收",
        Operation::Resolve => "解析",
        Operation::Run => "运行",
        Operation::Send => "发送到",
        Operation::SetOption => "设置选项",
        Operation::Wait => "等待",
        Operation::Write => "写入",
        _ => "执行操作于",
    }
    .to_owned()
}
