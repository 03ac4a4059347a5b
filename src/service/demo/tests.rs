use super::*;
use crate::access::{RecordsRead, TokensRead};
use crate::clock::{Clock, Time};
use crate::kv::memory::Memory;
use crate::service::CoreOptions;
use crate::service::record::record_get;
use crate::service::record_list::{ListInput, record_list};

fn opened() -> Arc<Core> {
    let options = CoreOptions {
        clock: Clock::manual(Time::from_millis(1_780_000_000_000)),
        seed: Some(1),
        ..CoreOptions::default()
    };
    Core::open(Arc::new(Memory::new()), options).unwrap()
}

#[tokio::test]
async fn a_demo_is_made_in_an_empty_database_and_known_again() {
    let (core, operator) = (opened(), Operator::assume());
    assert_eq!(demo_held(&core, operator).await.unwrap(), Held::Nothing);
    let last = std::sync::Mutex::default();
    demo_create(&core, operator, &|done, all| *last.lock().unwrap() = (done, all)).await.unwrap();
    assert_eq!(*last.lock().unwrap(), (510, 510));
    assert_eq!(demo_held(&core, operator).await.unwrap(), Held::Demo);
    let again = Core::open(core.engine.clone(), CoreOptions::default()).unwrap();
    assert_eq!(demo_held(&again, operator).await.unwrap(), Held::Demo);
    assert_eq!(demo_space(&core, operator).await.unwrap().unwrap().name.as_str(), DEMO);
}

#[tokio::test]
async fn someone_s_own_database_is_not_taken_for_the_demo() {
    let (core, operator) = (opened(), Operator::assume());
    let input = SpaceInput { name: name("Own").unwrap(), description: None };
    space_create(&core, operator.nowhere(), input, None).await.unwrap();
    assert_eq!(demo_held(&core, operator).await.unwrap(), Held::Other);
}

#[tokio::test]
async fn the_first_record_of_each_table_has_a_known_id_and_comes_first() {
    let (core, operator) = (opened(), Operator::assume());
    demo_create(&core, operator, &|_, _| {}).await.unwrap();
    let space = demo_space(&core, operator).await.unwrap().unwrap().id;
    let catalog = core.catalog(operator.space::<TokensRead>(space).place()).unwrap();
    let base = &catalog.bases[0];
    let mut firsts = [CONTACT_ID, COMPANY_ID, DEAL_ID].into_iter();
    for (table, count) in catalog.tables_of(base).zip([300, 60, 150]) {
        let first = RecordId::parse(firsts.next().unwrap()).unwrap();
        let access = operator.table::<RecordsRead>(space, base.id, table.id);
        assert!(record_get(&core, access.clone(), first).await.is_ok());
        let page = record_list(&core, access, ListInput::first(1)).await.unwrap();
        assert_eq!((page.records[0].id, page.total), (first, Some(count)));
    }
}

#[tokio::test]
async fn a_new_token_ends_the_one_before_and_no_other() {
    let (core, operator) = (opened(), Operator::assume());
    demo_create(&core, operator, &|_, _| {}).await.unwrap();
    let space = demo_space(&core, operator).await.unwrap().unwrap().id;
    let input =
        TokenInput { name: name("Mine").ok(), scopes: None, bases: None, tables: None, expires_at: None };
    token_create(&core, operator.space(space), input.into()).await.unwrap();
    for _ in 0..3 {
        demo_token(&core, operator, space).await.unwrap();
    }
    assert_eq!(demo_tokens(&core, operator, space).await.unwrap().len(), 1);
    let (tokens, _) = token_list(&core, operator.space(space), None, usize::MAX).await.unwrap();
    assert_eq!(tokens.iter().filter(|one| one.token.revoked_at.is_none()).count(), 2);
}

#[test]
fn the_rows_are_the_same_each_time() {
    for blueprint in &TABLES {
        let values = || -> Vec<String> {
            inputs(blueprint)
                .unwrap()
                .iter()
                .map(|one| one.values.as_ref().unwrap().view().as_str().to_owned())
                .collect()
        };
        assert_eq!(values(), values());
    }
    let first = inputs(&TABLES[0]).unwrap()[0].values.as_ref().unwrap().view().as_str().to_owned();
    assert!(first.starts_with(r#"{"name":"Ada Lovelace","email":"ada.lovelace@analytical-engines.example""#));
}
