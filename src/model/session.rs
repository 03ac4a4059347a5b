//! Sessions: that a person is signed in, as it is stored.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::id::{SessionId, UserId};
use crate::limits::AGENT_CHARS_MAX;

/// A session; it is found by the hash of the secret in its cookie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub created_at: Time,
    /// Written at most once an hour.
    pub last_used_at: Time,
    pub expires_at: Time,
}

/// What a browser called itself when its person signed in, so that they know one session from another. It is what the client
/// says, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent(String);

impl Agent {
    /// The first [`AGENT_CHARS_MAX`] characters, without those that control something; `None` if nothing is left.
    pub fn read(text: &str) -> Option<Agent> {
        let kept: String = text.trim().chars().filter(|c| !c.is_control()).take(AGENT_CHARS_MAX).collect();
        (!kept.is_empty()).then_some(Agent(kept))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_short_and_controls_nothing() {
        assert_eq!(Agent::read(" Mozilla/5.0\u{1b}[31m (X11) ").unwrap().as_str(), "Mozilla/5.0[31m (X11)");
        assert_eq!(Agent::read(&"é".repeat(500)).unwrap().as_str(), "é".repeat(AGENT_CHARS_MAX));
        assert_eq!(Agent::read(" \t\u{7f}"), None);
    }
}
