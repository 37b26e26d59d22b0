//! The first line of a segment.

use super::line::{Cursor, put, put_string, seal};

/// The version that is written, and the highest that is read.
const VERSION: u64 = 1;

const FORMAT: &str = "{\"format\":\"kixx-datastore-journal\",\"version\":";

/// When the files of writes are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placing {
    /// With each write.
    #[default]
    Eager,
    /// Some time after it.
    Background,
}

impl Placing {
    fn name(self) -> &'static str {
        match self {
            Self::Eager => "eager",
            Self::Background => "background",
        }
    }
}

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub epoch: u64,
    /// The first sequence that the segment may hold.
    pub first: u64,
    pub placing: Placing,
    /// Everything before `first` is durable in its file.
    pub settled: bool,
    /// And nothing was to follow: the store was closed.
    pub closed: bool,
    pub boot: Option<String>,
    /// The highest sequence known to be synced.
    pub synced: u64,
}

/// A head that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    Ours(Head),
    /// Of a version that is not known here.
    Later(u64),
}

impl Head {
    /// Adds the line.
    pub fn put(&self, lines: &mut Vec<u8>) {
        let Self { epoch, first, placing, settled, closed, boot, synced } = self;
        let start = lines.len();
        let files = placing.name();
        put(lines, format_args!("{FORMAT}{VERSION},\"epoch\":{epoch},\"first\":{first},\"files\":\"{files}\""));
        put(lines, format_args!(",\"settled\":{settled},\"closed\":{closed},\"boot\":"));
        match boot {
            Some(boot) => put_string(lines, boot),
            None => put(lines, format_args!("null")),
        }
        put(lines, format_args!(",\"y\":{synced}"));
        seal(lines, start);
    }

    /// Reads the text of a line; `None` where it is no head.
    pub fn read(text: &str) -> Option<Read> {
        let mut cursor = Cursor { rest: text };
        cursor.pass(FORMAT)?;
        match cursor.number()? {
            VERSION => Self::read_ours(cursor).map(Read::Ours),
            version if version > VERSION => Some(Read::Later(version)),
            _ => None,
        }
    }

    fn read_ours(mut cursor: Cursor<'_>) -> Option<Self> {
        cursor.pass(",\"epoch\":")?;
        let epoch = cursor.number()?;
        cursor.pass(",\"first\":")?;
        let first = cursor.number()?;
        cursor.pass(",\"files\":")?;
        let placing = match &*cursor.string()? {
            "eager" => Placing::Eager,
            "background" => Placing::Background,
            _ => return None,
        };
        cursor.pass(",\"settled\":")?;
        let settled = cursor.truth()?;
        cursor.pass(",\"closed\":")?;
        let closed = cursor.truth()?;
        cursor.pass(",\"boot\":")?;
        let boot = if cursor.is_null() { None } else { Some(cursor.string()?.into_owned()) };
        cursor.pass(",\"y\":")?;
        let synced = cursor.number()?;
        // A sequence of 0 means none.
        (cursor.rest.is_empty() && first > 0).then_some(Self { epoch, first, placing, settled, closed, boot, synced })
    }
}
