//! Floor 0: everything that can go wrong, one row a code, and the one error type of all floors above `kv`.
//!
//! A row gives the code's name on the wire, the HTTP status, a title and what to do about it. The problem document, the
//! enum in the OpenAPI document and the pages at `/errors/{code}` are made from these rows. A code, once released, keeps
//! its meaning.

use std::fmt;

use crate::limits::{FAULTS_BYTES_MAX, FAULTS_MAX, HINT_PAIRS_MAX, NAME_CHARS_MAX};

macro_rules! codes {
    ($($name:ident => $status:literal, $wire:literal, $title:literal, $cure:literal;)+) => {
        /// What went wrong, as a client's program reads it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($name),+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// The name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Code::$name => $wire),+ }
            }

            /// The HTTP status of an answer whose code this is.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),+ }
            }

            /// One sentence that is the same each time.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title),+ }
            }

            /// What the reader can do about it.
            pub const fn cure(self) -> &'static str {
                match self { $(Code::$name => $cure),+ }
            }
        }
    };
}

codes! {
    InvalidJson => 400, "invalid_json", "The body is not valid JSON.", "Send one JSON text in UTF-8. The detail says where reading stopped.";
    InvalidParameter => 400, "invalid_parameter", "A parameter of the request can't be used.", "Each entry of `errors` names one parameter and what it takes. Unknown, repeated and empty parameters are refused, so that a typing error is never silently ignored.";
    InvalidHeader => 400, "invalid_header", "A header of the request can't be used.", "Each entry of `errors` names one header and what it takes.";
    InvalidCursor => 400, "invalid_cursor", "The cursor can't be used.", "Take `nextCursor` from the page before as it is, and keep the other parameters of that request but `limit`. To start again, leave the cursor out.";
    InvalidPath => 400, "invalid_path", "The path can't be read.", "Percent-encode names in the path as UTF-8.";
    SpaceRequired => 400, "space_required", "The request does not say which space it means.", "With a session, name the space in the header `x-undb-space`. A token needs no space: it has one.";
    IdempotencyKeyNotTaken => 400, "idempotency_key_not_taken", "This call takes no Idempotency-Key.", "Leave the header out. Only a POST that changes something takes one: not one that answers a secret or only reads, and no dry run.";

    Unauthorized => 401, "unauthorized", "The request carries no credentials that are good.", "Send a valid API token in the header `x-undb-api-token`, or sign in. The answer is the same for a missing, malformed, unknown, expired and revoked token.";
    WrongCredentials => 401, "wrong_credentials", "E-mail address and password do not fit.", "Check both. After ten failures in fifteen minutes further attempts are refused for a while.";
    WrongCode => 401, "wrong_code", "The setup code is not the one that the server printed.", "Read the code from the terminal or log of the server's first start.";

    ScopeMissing => 403, "scope_missing", "The token lacks the scope that this call needs.", "The detail names the scope. Use another token, or have this one's scopes changed by someone who may.";
    TokenNarrowed => 403, "token_narrowed", "The token is narrowed to some bases or tables and may make nothing outside them.", "Use a token that is not narrowed.";
    SessionRequired => 403, "session_required", "This call needs a signed-in person.", "Sign in; a token can't do this.";
    OriginRefused => 403, "origin_refused", "A page of another origin may not do this with a session.", "Call from the server's own pages, or use an API token.";

    PathNotFound => 404, "path_not_found", "There is no such path.", "See the paths in the API document at `/swagger-ui/`.";
    SpaceNotFound => 404, "space_not_found", "There is no such space, or the caller may not see it.", "Check the id or name. A token reaches its own space only.";
    BaseNotFound => 404, "base_not_found", "There is no such base, or the caller may not see it.", "Check the id or name; a name must match exactly.";
    TableNotFound => 404, "table_not_found", "There is no such table, or the caller may not see it.", "Check the id or name; a name must match exactly.";
    FieldNotFound => 404, "field_not_found", "There is no such field.", "Check the id or name; a name must match exactly.";
    RecordNotFound => 404, "record_not_found", "There is no such record.", "It may have been deleted.";
    TokenNotFound => 404, "token_not_found", "There is no such token, or it is revoked already.", "List the space's tokens.";
    SessionNotFound => 404, "session_not_found", "There is no such session of yours.", "It may have ended. List your sessions.";
    MethodNotAllowed => 405, "method_not_allowed", "The path does not take this method.", "The header `Allow` lists the methods that it takes.";

    NameTaken => 409, "name_taken", "The name is in use.", "Choose another one. Names are compared without regard to case.";
    NameAmbiguous => 409, "name_ambiguous", "The name fits several spaces.", "Use the id instead.";
    IdTaken => 409, "id_taken", "The id is in use.", "Leave the id out, and the server makes one.";
    ValueTaken => 409, "value_taken", "Another record has this value in a unique field.", "Choose another value, or change that record.";
    Conflict => 409, "conflict", "Names, ids or unique values are taken.", "Each entry of `errors` names one of them.";
    SecretChanged => 409, "secret_changed", "The token has been rotated meanwhile.", "Look at the token again, and rotate it once more if nobody has its new secret. Only a form of the console says which secret it means.";
    SetupDone => 409, "setup_done", "The server has been set up already.", "Sign in.";
    RequestTimeout => 408, "request_timeout", "The body did not arrive in time.", "Send it without long pauses, or in smaller parts; the detail names the limit. The connection is closed.";
    PreconditionFailed => 412, "precondition_failed", "The record is not as `If-Match` says.", "Someone changed it. Get it again, look at the difference, and repeat with its new ETag.";
    BodyTooLarge => 413, "body_too_large", "The body is too large.", "The detail names the limit, which holds after unpacking too. Send fewer records at a time.";
    MediaTypeUnsupported => 415, "media_type_unsupported", "The body has a media type or coding that is not read here.", "Send `Content-Type: application/json`, plain or in gzip, deflate, br or zstd.";

    InvalidInput => 422, "invalid_input", "The body can be read, and does not fit.", "Each entry of `errors` points at one fault.";
    TooManyRecords => 422, "too_many_records", "One call may not change that many records.", "Split it. The detail has the count and the limit.";
    ValuesDoNotConvert => 422, "values_do_not_convert", "Records hold values that the changed field can't have.", "The detail has the count, `errors` the first of them. Change those records first.";
    IdempotencyKeyReused => 422, "idempotency_key_reused", "The Idempotency-Key was used for another request.", "Use a new key for each request, and the same one only to repeat it.";
    ConfirmationMissing => 422, "confirmation_missing", "A space is deleted only when its name is repeated.", "Send its name in `?confirm=`.";
    WrongPassword => 422, "wrong_password", "The current password is another one.", "Check it. After ten failures in fifteen minutes further attempts are refused for a while.";
    TooManyAttempts => 429, "too_many_attempts", "There were too many failed attempts.", "Wait as long as `Retry-After` says.";

    Internal => 500, "internal", "The server failed.", "It is not your fault. Tell the operator the request id: the log has the cause.";
    CommitUnknown => 503, "commit_unknown", "It is not known whether the change was made.", "Repeat the request with the same Idempotency-Key, which can't make the change twice.";
    ReadOnly => 503, "read_only", "The server takes no changes since writing to its disk failed; this one was not made.", "Reading goes on. The operator should look at the disk and start the server again.";
    DiskFull => 503, "disk_full", "The server takes no changes while its disk is nearly full; this one was not made.", "Reading goes on. The operator should make room on the disk; within a second changes are taken again, without a restart.";
    QueryTooExpensive => 503, "query_too_expensive", "The query took more time or memory than one query may.", "Narrow its filter, or ask for less. The detail names the limit.";
    Unavailable => 503, "unavailable", "The server can't answer this now.", "Try again in a moment.";

    Required => 422, "required", "Something that is required is missing or empty.", "Send a value.";
    UnknownMember => 422, "unknown_member", "The body has a member that is not known.", "Leave it out. Where a known one is close, the detail names it.";
    UnknownParameter => 400, "unknown_parameter", "The request has a parameter that is not known here.", "Leave it out. Where a known one is close, the detail names it.";
    RepeatedMember => 422, "repeated_member", "An object has the same member twice.", "Send it once.";
    RepeatedParameter => 400, "repeated_parameter", "A parameter is given twice.", "Send it once.";
    UnknownField => 422, "unknown_field", "The table has no such field.", "Check the name; it must match exactly. Where one is close, the detail names it.";
    WrongType => 422, "wrong_type", "The value is of another type than is taken here.", "Values are never coerced: `\"3\"` is no number.";
    InvalidValue => 422, "invalid_value", "The value is of the right type, but not one that is taken here.", "The detail says what is.";
    OutOfRange => 422, "out_of_range", "The value is beyond a limit.", "The detail names the limit.";
    NotExact => 422, "not_exact", "A 64-bit floating point number can't hold this number exactly.", "Send it as text, or with a fraction or exponent if rounding is fine.";
    InvalidName => 422, "invalid_name", "The name can't be used.", "A name has 1 to 255 characters, no control characters, and not the form of an id.";
    ComputedField => 422, "computed_field", "The server gives the values of this field.", "Leave it out.";
    UnknownChoice => 422, "unknown_choice", "The field has no such choice.", "Use one of its choices, or add this one to the field first.";
    InvalidFilter => 422, "invalid_filter", "The filter can't be read, or does not fit the table.", "The detail says where, what was expected there, and what was found.";
    TooMany => 422, "too_many", "There would be more of these than are possible.", "The detail names the limit.";
}

/// One thing that is wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON Pointer (RFC 6901) into the body, or the name of a parameter or header.
    pub pointer: String,
    pub code: Code,
    pub detail: String,
}

/// The faults of one input, gathered so that the client sees them all at once.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    listed: Vec<Fault>,
    count: usize,
    /// The codes of all of them, listed or not, each once.
    codes: Vec<Code>,
    /// Bytes of the pointers and details that are listed.
    bytes: usize,
    /// No more are listed.
    full: bool,
    /// Pairs of characters that were compared for hints.
    pairs: usize,
}

impl Faults {
    /// Adds one; past [`FAULTS_MAX`] or [`FAULTS_BYTES_MAX`] they are only counted.
    pub fn add(&mut self, pointer: impl fmt::Display, code: Code, detail: impl Into<String>) {
        self.count += 1;
        if !self.codes.contains(&code) {
            self.codes.push(code);
        }
        if self.full {
            return;
        }
        let fault = Fault { pointer: pointer.to_string(), code, detail: detail.into() };
        self.bytes += fault.pointer.len() + fault.detail.len();
        // The first is listed whatever its length, so that an answer never names none.
        if self.listed.is_empty() || self.bytes <= FAULTS_BYTES_MAX {
            self.listed.push(fault);
        }
        self.full = self.listed.len() >= FAULTS_MAX || self.bytes > FAULTS_BYTES_MAX;
    }

    /// ` Did you mean …?`, or nothing: also where the fault would not be listed, and where this input has had its share of
    /// comparing, since the transaction waits for it.
    pub fn hint<'a>(&mut self, given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
        if self.full || self.pairs > HINT_PAIRS_MAX {
            return String::new();
        }
        let known = known.into_iter().inspect(|name| self.pairs += given.len() * name.len());
        did_you_mean(given, known)
    }

    /// Adds all of another input's.
    pub fn extend(&mut self, other: Faults) {
        self.count += other.count;
        self.codes.extend(
            other.codes.iter().filter(|code| !self.codes.contains(code)).copied().collect::<Vec<_>>(),
        );
        self.bytes += other.bytes;
        self.pairs += other.pairs;
        let room = FAULTS_MAX.saturating_sub(self.listed.len());
        self.full |= other.full || other.listed.len() > room || self.bytes > FAULTS_BYTES_MAX;
        self.listed.extend(other.listed.into_iter().take(room));
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are, listed or not.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `Ok` if there are none, else the error that names them.
    pub fn check(self) -> Result<(), Error> {
        if self.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

impl From<Faults> for Error {
    /// The code is that of the faults if they share one that stands for a whole answer; 409 if all are things taken.
    fn from(faults: Faults) -> Error {
        let all = |fits: fn(Code) -> bool| faults.codes.iter().all(|code| fits(*code));
        let first = faults.codes.first().copied().unwrap_or(Code::InvalidInput);
        let same = faults.codes.len() == 1;
        let code = match first.status() {
            400 if all(|code| code.status() == 400) => {
                if same && matches!(first, Code::InvalidHeader | Code::InvalidCursor) {
                    first
                } else {
                    Code::InvalidParameter
                }
            }
            409 if same => first,
            409 if all(|code| code.status() == 409) => Code::Conflict,
            _ => Code::InvalidInput,
        };
        let detail = match (faults.count, faults.listed.first()) {
            (1, Some(only)) => only.detail.clone(),
            (count, _) if count > faults.listed.len() => {
                format!("{count} faults, of which the first {} are listed in `errors`.", faults.listed.len())
            }
            (count, _) => format!("{count} faults, listed in `errors`."),
        };
        Error { faults: faults.listed, ..Error::new(code, detail) }
    }
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure on its way to the client: what it may read, and apart from that, what only the log may.
#[derive(Clone, Debug)]
pub struct Error {
    pub code: Code,
    /// A sentence about this one case, safe to show.
    pub detail: String,
    pub faults: Vec<Fault>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
    /// The methods that the path takes, for 405.
    pub allow: Option<String>,
    pub(crate) cause: Option<Cause>,
    /// A snapshot had expired: what was read in it is read anew in the next one.
    pub(crate) expired: bool,
}

/// The internal half of an error. No `Display` and no `Serialize` on purpose: it reaches the log and nothing else.
#[derive(Clone, Debug)]
pub struct Cause(String);

impl Cause {
    /// The text, for the log.
    pub fn for_log(&self) -> &str {
        &self.0
    }
}

impl Error {
    pub fn new(code: Code, detail: impl Into<String>) -> Error {
        Error {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            retry_after: None,
            allow: None,
            cause: None,
            expired: false,
        }
    }

    /// An error about which there is no more to say than its title.
    pub fn plain(code: Code) -> Error {
        Error::new(code, code.title())
    }

    /// A failure of the server itself: the client reads the title, the log the cause.
    pub fn internal(cause: impl fmt::Display) -> Error {
        Error::plain(Code::Internal).caused_by(cause)
    }

    /// One wording for every reason why a caller is not known: the answer tells an attacker nothing.
    pub fn unauthorized() -> Error {
        Error::new(Code::Unauthorized, "Send a valid API token in the header `x-undb-api-token`, or sign in.")
    }

    /// One fault of the input, as the whole error.
    pub fn fault(pointer: impl fmt::Display, code: Code, detail: impl Into<String>) -> Error {
        let mut faults = Faults::default();
        faults.add(pointer, code, detail);
        faults.into()
    }

    /// An error of its own code, with the faults that explain it.
    pub fn with_faults(code: Code, detail: impl Into<String>, faults: Faults) -> Error {
        Error { faults: faults.listed, ..Error::new(code, detail) }
    }

    /// The same with another code for the whole answer.
    #[must_use]
    pub fn with_code(self, code: Code) -> Error {
        Error { code, ..self }
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Error {
        self.cause = Some(Cause(cause.to_string()));
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Error {
        self.retry_after = Some(seconds);
        self
    }

    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }
}

/// A name as a fault shows it: what is too long for any name is cut.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a str);

impl<'a> Shown<'a> {
    /// The part that is shown, and what stands for the rest.
    pub fn parts(self) -> (&'a str, &'static str) {
        // A text of few bytes needs no counting.
        let end =
            (self.0.len() > NAME_CHARS_MAX).then(|| self.0.char_indices().nth(NAME_CHARS_MAX)).flatten();
        end.and_then(|(end, _)| self.0.get(..end)).map_or((self.0, ""), |cut| (cut, "…"))
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, rest) = self.parts();
        write!(f, "{text}{rest}")
    }
}

/// Of `known`, the one that was probably meant by `given`. None by what is too long for a name: comparing costs the
/// product of the lengths.
pub fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if Shown(given).parts().0.len() < given.len() {
        return None;
    }
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// ` Did you mean …?`, or nothing.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(given, known).map_or_else(String::new, |name| format!(" Did you mean `{name}`?"))
}

#[cfg(test)]
mod tests;
