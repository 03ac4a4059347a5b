//! Sorting and searching.

use super::*;

fn sorted(text: &str) -> Result<Vec<(Slot, bool)>, Vec<String>> {
    let keys = read_sort(text, &table()).map_err(shown)?;
    Ok(keys.into_iter().map(|key| (key.column.slot, key.descending)).collect())
}

#[test]
fn keys_are_read_in_their_order() {
    assert_eq!(
        sorted(" -score , {First }}name},-{name}, -id"),
        Ok(vec![(Slot::Field(7), true), (Slot::Field(2), false), (Slot::Field(1), true), (Slot::Id, true)])
    );
    assert_eq!(
        sorted("version,-createdAt,updatedAt,no"),
        Ok(vec![
            (Slot::Version, false),
            (Slot::CreatedAt, true),
            (Slot::UpdatedAt, false),
            (Slot::Sequence, false)
        ])
    );
}

#[test]
fn a_select_sorts_by_its_choices() {
    let keys = read_sort("status,name", &table()).unwrap();
    let order = table().fields[12].of_type.choice_order();
    assert_eq!(order.iter().map(|choice| keys[0].rank(*choice)).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(keys[0].rank(999), SortKey::NO_RANK);
    assert!(keys[1].ranks.is_empty());
}

#[test]
fn what_can_not_be_sorted_by_is_refused() {
    for (text, wanted) in [
        (
            "",
            "Expected names with commas between them, `-` before one that descends; a name with other characters than letters, digits and `_` stands in braces: `-score,{First name}`.",
        ),
        ("nmae", "The table has no field `nmae`. Did you mean `name`?"),
        ("name,-name", "Records are sorted by `-name` already."),
        ("made,createdAt", "Records are sorted by `createdAt` already."),
        ("data", "`data` is JSON, which can't be sorted by."),
        ("-id,name", "No two records have the same `id`, so `name` after it decides nothing."),
        ("a,b,c,d,e,f,g,h,i", "Records are sorted by at most 8 fields."),
    ] {
        assert_eq!(sorted(text).unwrap_err(), [format!("sort invalid_parameter: {wanted}")], "{text}");
    }
    for text in [",", "name,", ",name", "{name", "{}", "-", "{name}x", "name,,age"] {
        assert_eq!(sorted(text).unwrap_err().len(), 1, "{text}");
    }
    assert_eq!(sorted("x,y").unwrap_err().len(), 2);
}

#[test]
fn keys_of_a_body_have_pointers() {
    let read = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut faults = Faults::default();
        let at = Pointer::Root;
        let keys = read_sort_keys(&names, &at.member("sort"), &table(), &mut faults);
        keys.map(|keys| keys.len()).ok_or_else(|| shown(faults))
    };
    assert_eq!(read(&["-score", "{First }}name}", "First }name"]).unwrap_err().len(), 1);
    assert_eq!(read(&["-score", "First }name"]), Ok(2));
    assert_eq!(
        read(&["name", "nmae", ""]).unwrap_err(),
        [
            "/sort/1 unknown_field: The table has no field `nmae`. Did you mean `name`?",
            "/sort/2 invalid_value: `` is no name: it is empty, or its braces don't fit."
        ]
    );
}

#[test]
fn every_word_of_a_search_stands_in_some_text() {
    let table = table();
    let ann = Sample::new(&table, ANN);
    for (text, wanted) in [
        ("", true),
        (" \u{3000}", true),
        ("ann", true),
        ("ÄNNCHEN  example.com", true),
        ("ann bob", false),
        ("two", false),
        ("open", false),
    ] {
        assert_eq!(search(text, "search", &table).unwrap().holds(&ann), wanted, "{text}");
    }
    assert_eq!(search("", "search", &table).unwrap(), Expr::TRUE);
    let words = |many: usize| (0..many).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    assert!(search(&words(20), "search", &table).is_ok());
    assert_eq!(
        shown(search(&words(21), "search", &table).unwrap_err()),
        ["search too_many: A search has at most 20 words, this one 21."]
    );
    assert!(search(&"x".repeat(20_000), "search", &table).is_err());
}
