//! What a type takes it keeps: a value goes to bytes, back, to JSON and back without change, whatever the input.

use proptest::prelude::*;

use super::{answered, field, names, parse, render};
use crate::model::field::{FieldType, Keys};
use crate::model::json::write_text;

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_text(text, &mut out);
    String::from_utf8(out).unwrap()
}

/// Texts near to those that some type takes.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(red|green|3|a, b|true|false|null|\"\"|\\[\\])",
        "-?[0-9]{1,20}(\\.[0-9]{1,5})?(e[+-]?[0-9]{1,3})?",
        "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{1,9})?([zZ]|[+-][0-2][0-9]:[0-5][0-9])",
        "[a-zé.+]{1,8}@[a-zü0-9.-]{1,12}",
        "(https?|ftp|mailto|foo)://?[a-zü0-9.:@/?#%\\\\-]{0,20}",
    ]
}

fn jsons() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?",
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:?}")),
        texts().prop_map(|text| quoted(&text)),
        Just(r#""\ud83d\ude42\u0000\/""#.to_owned()),
        Just(r#""\ud83d""#.to_owned()),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let member = (texts(), inner.clone()).prop_map(|(name, value)| format!("{} :{value}", quoted(&name)));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(member, 0..6).prop_map(|members| format!("{{ {} }}", members.join(","))),
        ]
    })
}

fn check(of: &dyn FieldType, json: &str) -> Result<(), TestCaseError> {
    let Ok(value) = parse(of, json) else { return Ok(()) };
    let once = answered(of, json).unwrap();
    prop_assert_eq!(parse(of, &once), Ok(value.clone()));
    prop_assert_eq!(answered(of, &once), Ok(once.clone()));
    let mut by_id = Vec::new();
    of.render(&value, Keys::Id, &mut by_id);
    prop_assert_eq!(parse(of, std::str::from_utf8(&by_id).unwrap()), Ok(value));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn json_faults_or_is_kept(json in jsons()) {
        for name in names() {
            check(field(name).as_ref(), &json)?;
        }
    }

    #[test]
    fn what_a_text_spells_is_kept(text in texts()) {
        for name in names() {
            let of = field(name);
            let Some(value) = of.from_text(&text) else { continue };
            check(of.as_ref(), &render(of.as_ref(), &value))?;
            // The text of a JSON string is its characters, which may spell other JSON.
            if name != "json" {
                prop_assert_eq!(of.from_text(&of.to_text(&value)), Some(value), "{}", name);
            }
        }
    }

    #[test]
    fn what_is_converted_is_one_that_a_body_could_have_sent(json in jsons()) {
        for from in names() {
            let from = field(from);
            let Ok(value) = parse(from.as_ref(), &json) else { continue };
            for to in names().filter(|_| !value.is_empty()) {
                let to = field(to);
                let Some(converted) = to.convert(&value, from.as_ref()) else { continue };
                prop_assert_eq!(parse(to.as_ref(), &render(to.as_ref(), &converted)), Ok(converted));
            }
        }
    }

    #[test]
    fn a_type_that_holds_another_converts_it_to_the_same_bytes(json in jsons()) {
        for from in names() {
            let from = field(from);
            let Ok(value) = parse(from.as_ref(), &json) else { continue };
            for to in names().map(field).filter(|to| !value.is_empty() && to.holds_all_of(from.as_ref())) {
                prop_assert_eq!(to.convert(&value, from.as_ref()).map(|value| value.to_bytes()), Some(value.to_bytes()));
            }
        }
    }
}
