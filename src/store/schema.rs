//! The whole database on one page: every keyspace, once. `docs/storage.md` is made from it.
//!
//! A key is its parts one after another: ids as 16 bytes, integers big-endian, hashes as 32 bytes; a name or value at the
//! end as it is up to 64 bytes, and hashed beyond. Everything of a space begins with the space's id, so that a proof
//! makes its keys and a space is removed as one range.

use crate::kv::Keyspace;

/// The format of the whole database. A newer one is refused, an older one upgraded when it is opened.
pub const FORMAT: u32 = 1;

/// One keyspace.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub of: Keyspace,
    pub name: &'static str,
    pub key: &'static str,
    pub value: &'static str,
    /// What keeps it true.
    pub law: &'static str,
}

macro_rules! keyspaces {
    ($($name:ident = $byte:literal, $key:literal, $value:literal, $law:literal;)+) => {
        $(pub const $name: Keyspace = Keyspace($byte);)+

        /// The map.
        pub const MAP: &[Entry] = &[
            $(Entry { of: $name, name: stringify!($name), key: $key, value: $value, law: $law }),+
        ];
    };
}

keyspaces! {
    META = 0x01, "\"format\", \"instance\", \"id mark\", \"copy\"", "u32 big-endian · Instance · Time · Progress",
        "The format is never written back to a smaller number, but for that of an unfinished copy (4,294,967,295), which stands there as long as \"copy\". No id is above the id mark, which is written ahead of now.";
    USER = 0x02, "user", "User", "The first one owns the instance.";
    USER_EMAIL = 0x03, "e-mail, folded", "user", "Each user has one, written with the user.";
    SESSION = 0x04, "hash of the cookie", "Session", "Its end stands in EXPIRY.";
    USER_SESSION = 0x05, "user, session", "hash of the cookie", "One for each session, written with it.";
    MEMBER = 0x06, "user, space", "Membership", "The user of all zeros stands for the operator, whose spaces the owner sees.";
    KEPT = 0x07, "caller, hash of the Idempotency-Key", "Kept", "Written in the transaction of the effect; its end stands in EXPIRY.";
    EXPIRY = 0x08, "time, keyspace, key", "nothing", "The sweeper removes this and the key once the time has come.";
    DOOMED = 0x09, "id", "Doomed: keyspaces and prefixes", "Nothing can reach what stands under them; the sweeper removes it, then this.";
    TOKEN_HASH = 0x0a, "hash of the secret", "HashRow: space, token, end", "One for each secret that works; gone with the revocation.";
    SESSION_AGENT = 0x0b, "user, session", "Agent", "Of a session whose browser said what it is, written as it begins; sessions begun before there was this have none.";
    LOGIN = 0x0c, "0 or 1, slot of an address or of an e-mail", "times of failed attempts at a password", "At most 10, of the last 15 minutes; the end of the last one stands in EXPIRY. An attempt is counted before it is made, and taken back in the transaction of what it opens.";
    LEASE = 0x0d, "\"jobs\"", "Lease: holder, renewals", "Written where several processes share an engine; not copied along.";

    SPACE = 0x10, "space", "Space", "Gone at once when the space is deleted: no proof can be made in it any more.";
    SPACE_MEMBER = 0x11, "space, user", "Membership", "The same as MEMBER, the other way round.";
    CATALOG_NUMBER = 0x12, "space", "u64", "Grows with every change of the space, its bases, tables or fields.";
    TOKEN = 0x13, "space, token", "Token", "Stays when it is revoked, so that it is listed.";
    TOKEN_USED = 0x14, "space, token", "Time", "Of the last use; written in the background, so it may lag behind by a minute.";
    BASE = 0x15, "space, base", "Base", "Is in the list of its space.";
    TABLE = 0x16, "space, table", "Table with its fields", "Is in the list of its base.";
    NAME = 0x17, "space, parent, name without case", "id of the base or table", "One for each base and table, written with it.";
    TOKEN_USAGE = 0x18, "space, token, day since 1970", "Usage: requests, errors", "Of a day on which the token was used; written with TOKEN_USED, its end after 90 days stands in EXPIRY.";

    HEAD = 0x20, "space, table", "Head: records, change, sequence", "Changes with every record that is made, changed or deleted.";
    RECORD = 0x21, "space, table, record", "Record (see model/record.rs)", "Counted in HEAD.";
    UNIQUE = 0x22, "space, table, index, value", "record", "One for each value of a unique field that is not empty.";
    CHANGE = 0x23, "space, table, change, page", "ChangePage", "One or more for each of the last 100,000 numbers up to the one in HEAD.";
}

/// The keyspaces of which all keys begin with a space: a space's deletion dooms them.
pub const OF_SPACE: [Keyspace; 11] =
    [SPACE_MEMBER, TOKEN, TOKEN_USED, TOKEN_USAGE, BASE, TABLE, NAME, HEAD, RECORD, UNIQUE, CHANGE];

/// The keyspaces of which all keys begin with a space and a table: a table's deletion dooms them.
pub const OF_TABLE: [Keyspace; 4] = [HEAD, RECORD, UNIQUE, CHANGE];
