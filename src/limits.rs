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
