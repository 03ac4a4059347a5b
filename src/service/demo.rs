//! The demo: a space with a small CRM, the same each time but for ids and times. It is made by the ordinary use cases, as
//! the operator.

mod rows;
mod words;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Core;
use super::auth::owner_exists;
use super::base::{BaseInput, base_create};
use super::caller::access_by_ids;
use super::door::Weight;
use super::field::FieldInput;
use super::once::{Done, Once, run_to_end};
use super::record_bulk::record_create_bulk;
use super::record_edit::{RecordInput, Sent};
use super::space::{SpaceInput, space_create, space_list_all};
use super::table::{TableInput, table_create};
use super::token::{TokenInput, token_create, token_list, token_revoke};
use crate::access::{
    Access, BaseWrite, BasesWrite, Caller, Operator, PlainToken, RecordsWrite, SignedInWrite,
};
use crate::error::{Code, Error, Faults, Result};
use crate::id::{BaseId, Id, RecordId, SpaceId, TableId, TokenId};
use crate::kv::{Outcome, Write};
use crate::model::change::Actor;
use crate::model::field::{Definition, Keys};
use crate::model::json::OwnedJson;
use crate::model::name::Name;
use crate::model::scope::Scopes;
use crate::model::space::Space;
use crate::store;
use crate::store::kept::Answer;

use self::rows::{Blueprint, FieldRow, TABLES};

/// The first record of each table. The ids are of an early time, so that they sort before all drawn ones; the examples
/// of the API document use them.
pub const CONTACT_ID: &str = "rec01jd00000000000000000000c1";
pub const COMPANY_ID: &str = "rec01jd00000000000000000000c2";
pub const DEAL_ID: &str = "rec01jd00000000000000000000d1";

/// What the space is called, and the token that `--demo` prints.
const DEMO: &str = "Demo";
const BASE: &str = "CRM";
/// Records made in one step, between which the progress is told.
const STEP: usize = 100;

/// How a database stands to the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Nobody has made anything in it.
    Nothing,
    Demo,
    /// Another process that shares the store makes it, or has ended while it did.
    Begun,
    /// Someone's own things.
    Other,
}

/// Is told how many of all records are made.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Send + Sync);

/// What a database holds.
pub async fn demo_held(core: &Arc<Core>, operator: Operator) -> Result<Held> {
    let shared = core.engine.waits_on_network();
    if shared {
        let look = |core: &Core| store::instance::instance_get(core.engine.read()?.as_ref());
        let instance = core.door.read(core, Weight::Light, look).await?;
        core.demo.store(instance.is_some_and(|instance| instance.demo), Ordering::SeqCst);
    }
    if core.is_demo() {
        return Ok(Held::Demo);
    }
    let spaces = space_list_all(core, operator).await?;
    Ok(match spaces.as_slice() {
        [] if !owner_exists(core).await? => Held::Nothing,
        [only] if shared && only.created_by == Actor::Operator && only.name.as_str() == DEMO => Held::Begun,
        _ => Held::Other,
    })
}

/// Makes the demo. The last step is the mark that it is one, so that half a demo is not taken for one. `false` if another
/// process that shares the store has begun to make it.
pub async fn demo_create(core: &Arc<Core>, operator: Operator, progress: Progress<'_>) -> Result<bool> {
    let input = SpaceInput { name: name(DEMO)?, description: Some("Made by `undb --demo`.".into()) };
    // Of those that start at once one makes the space; to the others it is a repeat.
    let once = core.engine.waits_on_network().then(|| Once {
        key: "undb --demo".into(),
        fingerprint: [0; 32],
        render: Arc::new(|_: &Space| Answer { status: 201, headers: Vec::new(), bytes: Vec::new() }),
    });
    let Done::Fresh(space) = space_create(core, operator.nowhere(), input, once).await? else {
        return Ok(false);
    };
    base_fill(core, &By::Operator(operator), space.id, progress).await?;
    mark(core).await.map(|()| true)
}

/// Makes a space of someone's with the demo's base in it, to its end though the client goes away. The space is made also if
/// the base is not, or not all of it: whether it is.
pub async fn space_create_filled(
    core: &Arc<Core>,
    caller: &Caller,
    access: Access<SignedInWrite>,
    input: SpaceInput,
) -> Result<(Space, bool)> {
    let (core, by) = (core.clone(), By::Caller(caller.clone()));
    run_to_end(async move {
        let space = space_create(&core, access, input, None).await?.fresh()?;
        let filled = base_fill(&core, &by, space.id, &|_, _| ()).await;
        if let Err(error) = &filled {
            let cause = error.cause().map_or(error.detail.as_str(), |cause| cause.for_log());
            tracing::error!(code = error.code.name(), cause, "the samples of a new space are not whole");
        }
        Ok((space, filled.is_ok()))
    })
    .await
}

/// Who makes it.
enum By {
    Operator(Operator),
    Caller(Caller),
}

impl By {
    async fn space(&self, core: &Arc<Core>, space: SpaceId) -> Result<Access<BasesWrite>> {
        match self {
            By::Operator(operator) => Ok(operator.space(space)),
            By::Caller(caller) => access_by_ids(core, caller, space, None, None).await,
        }
    }

    async fn base(&self, core: &Arc<Core>, space: SpaceId, base: BaseId) -> Result<Access<BaseWrite>> {
        match self {
            By::Operator(operator) => Ok(operator.base(space, base)),
            By::Caller(caller) => access_by_ids(core, caller, space, Some(base), None).await,
        }
    }

    async fn table(
        &self,
        core: &Arc<Core>,
        space: SpaceId,
        base: BaseId,
        table: TableId,
    ) -> Result<Access<RecordsWrite>> {
        match self {
            By::Operator(operator) => Ok(operator.table(space, base, table)),
            By::Caller(caller) => access_by_ids(core, caller, space, Some(base), Some(table)).await,
        }
    }
}

async fn base_fill(core: &Arc<Core>, by: &By, space: SpaceId, progress: Progress<'_>) -> Result<()> {
    let input = BaseInput { name: name(BASE)?, description: Some("Contacts, companies and deals.".into()) };
    let base = base_create(core, by.space(core, space).await?, input, None).await?.fresh()?;
    let all = TABLES.iter().map(|table| table.records).sum();
    let mut made = 0;
    for table in &TABLES {
        table_fill(core, by, (space, base.id), table, &mut |more| {
            made += more;
            progress(made, all);
        })
        .await?;
    }
    Ok(())
}

async fn table_fill(
    core: &Arc<Core>,
    by: &By,
    (space, base): (SpaceId, BaseId),
    blueprint: &Blueprint,
    made: &mut (dyn FnMut(usize) + Send),
) -> Result<()> {
    let fields = blueprint.fields.iter().map(field).collect::<Result<_>>()?;
    let description = Some(blueprint.description.to_owned());
    let input = TableInput { name: Some(name(blueprint.name)?), description, fields: Some(fields) };
    let sent = Sent { content: input, faults: Faults::default() };
    let table = table_create(core, by.base(core, space, base).await?, sent, None).await?.fresh()?.table;
    let inputs = inputs(blueprint)?;
    for step in inputs.chunks(STEP) {
        let access = by.table(core, space, base, table.id).await?;
        let sent = Sent { content: step.to_vec(), faults: Faults::default() };
        record_create_bulk(core, access, sent, Keys::Name, false, None).await?.fresh()?;
        made(step.len());
    }
    Ok(())
}

fn inputs(blueprint: &Blueprint) -> Result<Vec<RecordInput>> {
    let mut draw = rows::Draw::of(blueprint.name);
    let one = |n| {
        let values = OwnedJson::read((blueprint.row)(n, &mut draw).to_string())?;
        let id = if n == 0 { RecordId::parse(blueprint.first_id) } else { None };
        Ok(RecordInput { id, values: Some(values) })
    };
    (0..blueprint.records).map(one).collect()
}

fn field(row: &FieldRow) -> Result<FieldInput> {
    let of_type = Definition::named(row.of_type)
        .ok_or_else(|| Error::internal(format!("the demo has a field of the type {}", row.of_type)))?;
    let options = row.options.map(|text| OwnedJson::read(text.to_owned())).transpose()?;
    Ok(FieldInput {
        name: Some(name(row.name)?),
        of_type: Some(of_type),
        description: row.description.map(str::to_owned),
        required: false,
        unique: row.unique,
        default: None,
        options,
    })
}

fn name(text: &str) -> Result<Name> {
    Name::parse(text).map_err(Error::internal)
}

async fn mark(core: &Arc<Core>) -> Result<()> {
    let body = |write: &mut dyn Write| {
        let held = store::instance::instance_get(&*write)?;
        let mut instance = held.ok_or_else(|| Error::internal("the database has no instance row"))?;
        instance.demo = true;
        store::instance::instance_put(write, &instance)?;
        Ok((Outcome::Keep, ()))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await?;
    core.demo.store(true, Ordering::SeqCst);
    Ok(())
}

/// The demo's space, also if it was renamed: the first one of the operator's. `None` if it was deleted.
pub async fn demo_space(core: &Arc<Core>, operator: Operator) -> Result<Option<Space>> {
    let spaces = space_list_all(core, operator).await?;
    Ok(spaces.into_iter().find(|space| space.created_by == Actor::Operator))
}

/// Makes a token of every scope. Those of earlier starts end, so that they do not pile up.
pub async fn demo_token(core: &Arc<Core>, operator: Operator, space: SpaceId) -> Result<PlainToken> {
    for old in demo_tokens(core, operator, space).await? {
        match token_revoke(core, operator.space(space), old).await {
            // Another process that starts at the same time has ended it.
            Err(error) if error.code == Code::TokenNotFound => {}
            revoked => revoked?,
        }
    }
    let input = TokenInput {
        name: Some(name(DEMO)?),
        scopes: Some(Scopes::all()),
        bases: None,
        tables: None,
        expires_at: None,
    };
    Ok(token_create(core, operator.space(space), input.into()).await?.1)
}

async fn demo_tokens(core: &Arc<Core>, operator: Operator, space: SpaceId) -> Result<Vec<TokenId>> {
    let (tokens, _) = token_list(core, operator.space(space), None, usize::MAX).await?;
    let tokens = tokens.into_iter().map(|tokened| tokened.token);
    let ours = tokens.filter(|token| {
        token.revoked_at.is_none() && token.created_by == Actor::Operator && token.name.as_str() == DEMO
    });
    Ok(ours.map(|token| token.id).collect())
}

#[cfg(test)]
mod tests;
