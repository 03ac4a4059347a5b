//! Every bound of the server, once. Checks, messages, the OpenAPI document and the tests that stand at the edge all
//! refer to these constants.

/// Bytes of a key in the store, on every engine.
pub const KEY_BYTES_MAX: usize = 1024;
/// Bytes of keys and values that one transaction may write, on every engine.
pub const TRANSACTION_BYTES_MAX: usize = 64 << 20;
/// Bytes of old values kept for open snapshots before the oldest of them expire.
pub const HISTORY_BYTES_MAX: usize = 64 << 20;
/// Bytes of a value that the sled engine stores in one piece; a longer one is stored in several.
pub const PIECE_BYTES_MAX: usize = 4096;
/// Bytes of the sled engine's journal: what is written before sled itself is flushed.
pub const JOURNAL_BYTES: usize = 128 << 10;

/// Faults of one input that an answer lists; more are counted.
pub const FAULTS_MAX: usize = 1000;
/// Wrong names in one filter for which right ones are looked for.
pub const GUESSES_MAX: usize = 20;
/// Bytes of pointers and details that an answer lists; faults beyond are counted.
pub const FAULTS_BYTES_MAX: usize = 256 << 10;
/// Pairs of characters that are compared to tell, for the faults of one input, which names were probably meant.
pub const HINT_PAIRS_MAX: usize = 32 << 20;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 255;
/// Characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 2000;
/// Characters of a short text (`string`) or a web address.
pub const STRING_CHARS_MAX: usize = 10_000;
/// Bytes of an e-mail address, as RFC 5321 has it.
pub const EMAIL_BYTES_MAX: usize = 254;
/// Bytes of an e-mail address before its `@`, as RFC 5321 has it.
pub const EMAIL_LOCAL_BYTES_MAX: usize = 64;
/// Characters between two dots of an e-mail address's domain.
pub const EMAIL_LABEL_CHARS_MAX: usize = 63;
/// Bytes of a long text or a JSON value.
pub const LONG_BYTES_MAX: usize = 512 << 10;
/// Levels to which a JSON value may be nested.
pub const JSON_DEPTH_MAX: usize = 64;
/// Choices of a select field.
pub const CHOICES_MAX: usize = 1000;
/// Fields of a table.
pub const FIELDS_MAX: usize = 500;
/// Tables of a base.
pub const TABLES_MAX: usize = 1000;
/// Bases of a space.
pub const BASES_MAX: usize = 1000;
/// Spaces that one person makes.
pub const SPACES_MAX: usize = 1000;
/// Tokens of a space that are not revoked.
pub const TOKENS_MAX: usize = 1000;
/// Bases and tables that a token may be narrowed to.
pub const NARROWED_MAX: usize = 100;

/// Records that one call may change, named by id.
pub const CHANGED_RECORDS_MAX: usize = 10_000;
/// Records that one call may change because they are found: a field's change rewrites all of its table.
pub const FOUND_RECORDS_MAX: u64 = 100_000;
/// Changes that a dry run shows.
pub const DRY_RUN_CHANGES_MAX: usize = 100;
/// Bytes of the values of a record.
pub const RECORD_BYTES_MAX: usize = 4 << 20;
/// Bytes of stored records after which a page ends, though it holds fewer than were asked for.
pub const PAGE_BYTES_MAX: usize = 16 << 20;
/// Records of a page.
pub const PAGE_MAX: usize = 1000;
/// Records of a page if the request does not say.
pub const PAGE_DEFAULT: usize = 100;

/// Bytes of a filter or of a search text.
pub const FILTER_BYTES_MAX: usize = 16 << 10;
/// Bytes of a filter in its JSON form.
pub const FILTER_JSON_BYTES_MAX: usize = 64 << 10;
/// Levels to which the groups of a filter may be nested.
pub const FILTER_DEPTH_MAX: usize = 64;
/// Conditions and groups of a filter.
pub const FILTER_NODES_MAX: usize = 1000;
/// Items of one list in a filter.
pub const FILTER_ITEMS_MAX: usize = 1000;
/// Fields that one sort goes by.
pub const SORT_KEYS_MAX: usize = 8;
/// Words of a search.
pub const SEARCH_WORDS_MAX: usize = 20;

/// Bytes of a form that the console takes: a description of the longest and a table full of ticked boxes fit well.
pub const FORM_BYTES_MAX: usize = 64 << 10;
/// Fields of a form, and parameters of a page's address that are looked at.
pub const FORM_FIELDS_MAX: usize = 4096;

/// Typed documents that are made at once, each in tens of milliseconds: more wait for their turn.
pub const DOCUMENTS_MADE_MAX: usize = 2;
/// Typed documents that are held in memory.
pub const DOCUMENTS_HELD_MAX: usize = 64;
/// Bytes of the typed documents that are held in memory, plain and packed.
pub const DOCUMENTS_HELD_BYTES_MAX: usize = 32 << 20;
/// Tables of a typed document that take their examples from records, when that is asked for.
pub const EXAMPLE_TABLES_MAX: usize = 1000;
/// Records in which examples are looked for.
pub const EXAMPLE_RECORDS_MAX: usize = 10;

/// Spaces whose schemas are held in memory.
pub const CATALOGS_HELD_MAX: usize = 1000;
/// Bytes that have to be free on the disk for the server to take changes and call itself ready.
pub const DISK_FREE_BYTES_MIN: u64 = 64 << 20;

/// Headers of a request, which the HTTP layer sets: more are answered with a bare 431.
pub const HEADERS_MAX: usize = 96;
/// Bytes of a request's head, its first line and its headers, which the HTTP layer sets: more are answered with a bare 431.
pub const HEAD_BYTES_MAX: usize = 128 << 10;
/// Bytes of a request's address, path and query, which the HTTP layer sets: more are answered with a bare 400. A longer
/// filter goes into the body of `/records/query`.
pub const ADDRESS_BYTES_MAX: usize = 65_534;
/// Seconds that a body may take to arrive.
pub const BODY_SECONDS: u64 = 300;
/// Seconds that may pass without a byte of a body.
pub const BODY_PAUSE_SECONDS: u64 = 30;
/// Bytes of a body, after unpacking too.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Bytes of a body that changes many records.
pub const BULK_BODY_BYTES_MAX: usize = 16 << 20;
/// Bytes of an answer above which it is compressed when the client asks.
pub const COMPRESSED_BYTES_MIN: usize = 1024;
/// Characters of a request id sent by the client.
pub const REQUEST_ID_CHARS_MAX: usize = 64;
/// Characters of an Idempotency-Key.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Seconds for which the answer to an Idempotency-Key is kept.
pub const IDEMPOTENCY_SECONDS: i64 = 24 * 3600;

/// Characters of a password, at least.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// Characters of a password, at most.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// Seconds after its last use at which a session ends.
pub const SESSION_SECONDS: i64 = 30 * 24 * 3600;
/// Seconds between two writes of a session's last use.
pub const SESSION_TOUCH_SECONDS: i64 = 3600;
/// Sessions of a person; one more ends the oldest.
pub const SESSIONS_MAX: usize = 1000;
/// Characters that are kept of what a browser calls itself.
pub const AGENT_CHARS_MAX: usize = 200;
/// Failed attempts at a password, of one address or e-mail, before further ones are refused.
pub const LOGIN_FAILURES_MAX: usize = 10;
/// Seconds over which they count.
pub const LOGIN_WINDOW_SECONDS: i64 = 15 * 60;
/// Counters of failed attempts, of addresses and of e-mails each; two that fall on the same one share it.
pub const LOGIN_SLOTS: u64 = 1 << 20;
/// Seconds for which a rotated token's old secret may go on working.
pub const GRACE_SECONDS_MAX: i64 = 604_800;
/// Days for which it is kept how often a token was used.
pub const USAGE_DAYS: u32 = 90;
/// Seconds between two writes of a token's last use and of how often it was used.
pub const LAST_USED_SECONDS: u64 = 60;

/// Bytes of a unique value's key before it is hashed.
pub const UNIQUE_KEY_BYTES_MAX: usize = 64;
/// Entries in one page of the change log.
pub const CHANGE_PAGE_MAX: usize = 1000;
/// Changes of a table that its log keeps; older ones go. What reads the log and finds a gap begins anew.
pub const CHANGES_KEPT: u64 = 100_000;
/// Changes after which a writer looks for those that are to go.
pub const CHANGES_TRIM_EVERY: u64 = 256;
/// Keys that one step of the sweeper removes.
pub const SWEEP_KEYS_MAX: usize = 2000;
/// Milliseconds after which the lease of the jobs is taken over, where several processes share a store and the one that holds it
/// has not renewed it.
pub const LEASE_MS: u64 = 8000;
/// Milliseconds between two renewals of it.
pub const LEASE_RENEW_MS: u64 = 2500;
/// Milliseconds between two looks of a process that waits for it.
pub const LEASE_LOOK_MS: u64 = 1000;
/// Rows that one step of a copy writes or removes.
pub const COPY_ROWS_MAX: usize = 1000;
/// Bytes of keys and values after which a step of a copy takes no more rows.
pub const COPY_BYTES_MAX: usize = 1 << 20;
/// Milliseconds by which the mark of ids is written ahead, once a minute. A server that starts again begins above the mark, so
/// this is also how far the times in ids may be ahead after a restart.
pub const ID_MARK_AHEAD_MS: i64 = 180_000;

/// Records that the columns of a table are brought up to date for, one by one; for more they are built anew.
pub const COLUMNS_ADVANCED_MAX: usize = 20_000;
/// Bytes of a text by which it is sorted; texts that share all of them are in the order of their records' ids.
pub const SORT_TEXT_BYTES_MAX: usize = 1000;
/// Values of unique fields or ids in a filter up to which each is looked up, instead of looking at all records.
pub const LOOKUPS_MAX: usize = 100;
/// Groups of an aggregate, over all of its pages.
pub const GROUPS_MAX: usize = 100_000;
/// Fields that an aggregate groups by.
pub const GROUP_FIELDS_MAX: usize = 3;
/// Functions of an aggregate.
pub const AGGREGATES_MAX: usize = 50;
/// Bytes that one query may take for different values and medians.
pub const QUERY_BYTES_MAX: usize = 64 << 20;
/// Work of a question over columns, rows times what is asked of each, up to which it is answered where the request is: less
/// than a millisecond.
pub const INLINE_WORK_MAX: u64 = 2_500_000;
/// What a question may ask of each record, in the same measure, to be answered there: some dozens of conditions.
pub const INLINE_COST_MAX: u64 = 500;
/// Work of a question from which on it counts as a slow one: tens of milliseconds.
pub const SLOW_WORK_MIN: u64 = 200_000_000;
/// Of the snapshots that a database over a network may have open, how many are not for questions.
pub const SNAPSHOTS_SPARED: usize = 4;
/// Bytes that the columns of all tables may take, if the settings do not say.
pub const MEMORY_BUDGET_DEFAULT: usize = 512 << 20;
/// Seconds that a question about many records may take, if the settings do not say.
pub const QUERY_SECONDS_DEFAULT: u64 = 5;
/// Columns that nobody asked for, built along with those that somebody did.
pub const COLUMNS_ALONG_MAX: usize = 16;
