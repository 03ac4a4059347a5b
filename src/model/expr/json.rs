//! The JSON form: groups with `conjunction` and `children`, and conditions with `field`, `op` and `value`.

use super::build::{Target, all, any, not};
use super::json_ops::{Condition, op_named};
use super::{Context, Expr};
use crate::error::{Code, Faults, did_you_mean};
use crate::limits::{FILTER_DEPTH_MAX, FILTER_JSON_BYTES_MAX, FILTER_NODES_MAX};
use crate::model::json::{Json, Members, Pointer};

/// Whether a parameter is the JSON form: no filter in text begins so, but one whose first name does in braces.
pub fn is_json(text: &str) -> bool {
    let inside = text.strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', '}']))
}

/// Reads the JSON form: a group, or a condition alone. `None` if there was a fault. A group without conditions is
/// [`Expr::TRUE`], which a caller that changes what it finds refuses.
pub fn read_json(
    json: Json<'_>,
    at: &Pointer<'_>,
    context: &Context<'_>,
    faults: &mut Faults,
) -> Option<Expr> {
    let length = json.as_str().len();
    if length > FILTER_JSON_BYTES_MAX {
        let detail = format!("A filter has at most {FILTER_JSON_BYTES_MAX} bytes, this one {length}.");
        faults.add(at, Code::OutOfRange, detail);
        return None;
    }
    let before = faults.count();
    let mut reader = Reader { context, faults, nodes: 0 };
    let read = reader.node(json, at, 0);
    let sound = faults.count() == before;
    read.filter(|_| sound)
}

struct Reader<'r> {
    context: &'r Context<'r>,
    faults: &'r mut Faults,
    nodes: usize,
}

impl<'r> Reader<'r> {
    fn node(&mut self, json: Json<'_>, at: &Pointer<'_>, depth: usize) -> Option<Expr> {
        self.nodes += 1;
        if self.nodes > FILTER_NODES_MAX {
            // Said once, and the rest is not read.
            if self.nodes == FILTER_NODES_MAX + 1 {
                let detail = format!("A filter has at most {FILTER_NODES_MAX} conditions and groups.");
                self.faults.add(at, Code::TooMany, detail);
            }
            return None;
        }
        if depth > FILTER_DEPTH_MAX {
            let detail = format!("Groups are nested to {FILTER_DEPTH_MAX} levels at most.");
            self.faults.add(at, Code::OutOfRange, detail);
            return None;
        }
        let mut members = Members::read(json, at, self.faults)?;
        self.not_disabled(members.take("disabled"), at);
        let (conjunction, children) = (members.take("conjunction"), members.take("children"));
        if conjunction.is_some() || children.is_some() {
            members.finish(at, self.faults);
            return self.group(conjunction, children, at, depth);
        }
        self.condition(members, at)
    }

    /// A condition that is disabled would be left out without a word, and so one that is not is all that there can be.
    fn not_disabled(&mut self, disabled: Option<Json<'_>>, at: &Pointer<'_>) {
        if disabled.is_some_and(|json| json.as_str() != "false") {
            let detail =
                "The member `disabled` is not known here but as `false`: leave out what is disabled.";
            self.faults.add(at.member("disabled"), Code::UnknownMember, detail);
        }
    }

    fn group(
        &mut self,
        conjunction: Option<Json<'_>>,
        children: Option<Json<'_>>,
        at: &Pointer<'_>,
        depth: usize,
    ) -> Option<Expr> {
        let conjunction = self.conjunction(conjunction, &at.member("conjunction"));
        let at = at.member("children");
        let Some(children) = children else {
            self.faults.add(at, Code::Required, "The member `children` is missing.");
            return None;
        };
        let children = children.items(&at, self.faults)?;
        let read: Vec<Option<Expr>> = children
            .into_iter()
            .enumerate()
            .map(|(n, child)| self.node(child, &at.item(n), depth + 1))
            .collect();
        let mut parts = read.into_iter().collect::<Option<Vec<Expr>>>()?;
        // A group without conditions says nothing, in whatever group it stands.
        parts.retain(|part| *part != Expr::TRUE);
        if parts.is_empty() {
            return conjunction.map(|_| Expr::TRUE);
        }
        Some(conjunction?(parts))
    }

    fn conjunction(&mut self, json: Option<Json<'_>>, at: &Pointer<'_>) -> Option<fn(Vec<Expr>) -> Expr> {
        let Some(json) = json else {
            self.faults.add(at, Code::Required, "The member `conjunction` is missing.");
            return None;
        };
        match json.text(at, self.faults)?.as_ref() {
            "and" => Some(all),
            "or" => Some(any),
            _ => {
                self.faults.add(at, Code::InvalidValue, "Expected `and` or `or`.");
                None
            }
        }
    }

    fn condition(&mut self, mut members: Members<'_>, at: &Pointer<'_>) -> Option<Expr> {
        let (field, op) = (members.take("field"), members.take("op"));
        let value = members.take("value");
        members.finish(at, self.faults);
        if field.is_none() && op.is_none() {
            let detail =
                "Expected a group with `conjunction` and `children`, or a condition with `field` and `op`.";
            self.faults.add(at, Code::Required, detail);
            return None;
        }
        let target = self.target(field, &at.member("field"));
        let at_op = at.member("op");
        let Some(op) = op else {
            self.faults.add(at_op, Code::Required, "The member `op` is missing.");
            return None;
        };
        let op = op.text(&at_op, self.faults)?;
        let target = target?;
        let op = op_named(target.class, &op)
            .map_err(|known| {
                let shown: String = op.chars().take(40).collect();
                let hint = did_you_mean(&op, known.iter().copied());
                let known = known.join("`, `");
                let (name, kind) = (target.name, target.kind());
                let detail = format!(
                    "There is no operator `{shown}` for `{name}` of type {kind}.{hint} Operators are `{known}`."
                );
                self.faults.add(at_op, Code::InvalidValue, detail);
            })
            .ok()?;
        let at = at.member("value");
        let mut condition = Condition { target, context: self.context, at: &at, faults: self.faults };
        let found = condition.test(op, value)?;
        Some(if op.negated { not(found) } else { found })
    }

    fn target(&mut self, json: Option<Json<'_>>, at: &Pointer<'_>) -> Option<Target<'r>> {
        let Some(json) = json else {
            self.faults.add(at, Code::Required, "The member `field` is missing.");
            return None;
        };
        let name = json.text(at, self.faults)?;
        let found = Target::named(self.context.table, &name, self.faults.count());
        found.map_err(|(code, detail)| self.faults.add(at, code, detail)).ok()
    }
}
