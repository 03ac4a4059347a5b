//! Codes, and what becomes of many faults.

use super::*;

#[test]
fn names_are_unique_and_snake_case() {
    let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn only_taken_things_make_a_conflict() {
    let mut faults = Faults::default();
    faults.add("/a", Code::NameTaken, "taken");
    assert_eq!(Error::from(faults.clone()).code, Code::NameTaken);
    faults.add("/b", Code::ValueTaken, "taken");
    assert_eq!(Error::from(faults.clone()).code, Code::Conflict);
    faults.add("/c", Code::Required, "missing");
    assert_eq!(Error::from(faults).code, Code::InvalidInput);
}

#[test]
fn faults_past_the_limit_are_counted() {
    let mut faults = Faults::default();
    for n in 0..FAULTS_MAX + 5 {
        faults.add(n, Code::Required, "missing");
    }
    let error = Error::from(faults);
    assert_eq!(error.faults.len(), FAULTS_MAX);
    assert!(error.detail.contains(&(FAULTS_MAX + 5).to_string()));
}

#[test]
fn faults_past_the_bytes_are_counted() {
    let mut faults = Faults::default();
    let long = "x".repeat(FAULTS_BYTES_MAX);
    for _ in 0..3 {
        faults.add(&long, Code::Required, "missing");
    }
    let error = Error::from(faults);
    assert_eq!(error.faults.len(), 1, "the first one always");
    assert_eq!(error.detail, "3 faults, of which the first 1 are listed in `errors`.");
}

#[test]
fn hints_end_where_comparing_has_had_its_share() {
    let mut faults = Faults::default();
    let name = "n".repeat(NAME_CHARS_MAX);
    let known = || std::iter::repeat_n(name.as_str(), 1000);
    assert!(!faults.hint(&name, known()).is_empty());
    assert!(faults.hint(&name, known()).is_empty());
    assert_eq!(closest(&"n".repeat(NAME_CHARS_MAX + 1), [name.as_str()]), None);
}

#[test]
fn long_names_are_cut() {
    let name = "é".repeat(NAME_CHARS_MAX);
    assert_eq!(Shown(&name).to_string(), name);
    assert_eq!(Shown(&format!("{name}é")).to_string(), format!("{name}…"));
}

#[test]
fn faults_past_the_limit_decide_about_the_code() {
    let mut faults = Faults::default();
    for n in 0..=FAULTS_MAX {
        faults.add(n, Code::IdTaken, "taken");
    }
    assert_eq!(Error::from(faults.clone()).code, Code::IdTaken);
    faults.add("/last", Code::Required, "missing");
    assert_eq!(Error::from(faults).code, Code::InvalidInput);
}

#[test]
fn a_close_name_is_suggested() {
    assert_eq!(did_you_mean("emial", ["name", "email"]), " Did you mean `email`?");
    assert_eq!(did_you_mean("zzz", ["name", "email"]), "");
}
