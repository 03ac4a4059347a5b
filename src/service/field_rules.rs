//! What makes a field a valid one: its name, its type and options, `required`, `unique`, its default.

use super::field::{FieldInput, FieldPatch};
use super::once::Txn;
use crate::error::{Code, Faults};
use crate::id::FieldId;
use crate::model::field::{Definition, Field, FieldType, OpenField, Options, Source};
use crate::model::json::{OwnedJson, Pointer};
use crate::model::name::Name;
use crate::model::table::Table;

/// Names that no field may have, since they name the record's own.
const RESERVED: [&str; 4] = ["id", "version", "createdat", "updatedat"];

/// Makes a field of a table; `None` if there was a fault.
pub(super) fn field_new(
    txn: &Txn<'_>,
    table: &mut Table,
    input: &FieldInput,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Field> {
    let before = faults.count();
    if let Some(name) = &input.name {
        name_check(table, None, name, at, faults);
    }
    let options_at = at.member("options");
    let options = Options {
        json: input.options.as_ref().map(OwnedJson::view),
        at: &options_at,
        held: None,
        draw: &|| txn.core.ids.draw(txn.now),
    };
    let of_type = (input.of_type?.create)(&options, faults)?;
    let number = take_number(table, at, faults)?;
    let unique = unique_read(table, of_type.as_ref(), input.unique, at, faults);
    required_check(of_type.as_ref(), input.required, at, faults);
    let default = default_read(of_type.as_ref(), input.default.as_ref(), unique.is_some(), at, faults);
    let field = Field {
        id: txn.core.ids.draw(txn.now),
        number,
        name: input.name.clone()?,
        description: input.description.clone(),
        of_type: of_type.type_name().to_owned(),
        options: of_type.stored(),
        required: input.required,
        unique,
        default,
    };
    (faults.count() == before).then_some(field)
}

fn take_number(table: &mut Table, at: &Pointer<'_>, faults: &mut Faults) -> Option<u16> {
    let number = table.take_number();
    if number.is_none() {
        faults.add(at, Code::TooMany, "The table has had as many fields as are possible.");
    }
    number
}

fn name_check(table: &Table, field: Option<FieldId>, name: &Name, at: &Pointer<'_>, faults: &mut Faults) {
    let folded = name.folded();
    if RESERVED.contains(&folded.as_str()) {
        let detail = format!("The name `{name}` is the record's own; a field can't have it.");
        faults.add(at.member("name"), Code::InvalidName, detail);
    }
    if table.fields.iter().any(|other| Some(other.id) != field && other.name.folded() == folded) {
        faults.add(at.member("name"), Code::NameTaken, format!("The table has a field `{name}` already."));
    }
}

fn unique_read(
    table: &mut Table,
    of_type: &dyn FieldType,
    wanted: bool,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<u16> {
    if !wanted {
        return None;
    }
    if !of_type.can_be_unique() {
        let detail = format!("Values of a field of the type `{}` can't be made unique.", of_type.type_name());
        faults.add(at.member("unique"), Code::InvalidValue, detail);
        return None;
    }
    take_number(table, at, faults)
}

fn required_check(of_type: &dyn FieldType, required: bool, at: &Pointer<'_>, faults: &mut Faults) {
    if required && of_type.never_empty() {
        let detail =
            format!("A field of the type `{}` is never empty, so it can't be required.", of_type.type_name());
        faults.add(at.member("required"), Code::InvalidValue, detail);
    }
}

/// Reads a default, which must be a value of the field; a unique field can't have one.
fn default_read(
    of_type: &dyn FieldType,
    default: Option<&OwnedJson>,
    unique: bool,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Vec<u8>> {
    let json = default?.view();
    let at = at.member("default");
    if json.is_null() {
        return None;
    }
    if of_type.source() != Source::Client {
        faults.add(
            at,
            Code::ComputedField,
            "The server gives the values of this field, so it takes no default.",
        );
        return None;
    }
    if unique {
        faults.add(
            at,
            Code::InvalidValue,
            "A unique field can't have a default: only one record could hold it.",
        );
        return None;
    }
    let value = of_type.parse(json, &at, faults)?;
    (!value.is_empty()).then(|| value.to_bytes())
}

pub(super) fn field_changed(
    txn: &Txn<'_>,
    table: &mut Table,
    open: &OpenField,
    patch: &FieldPatch,
    faults: &mut Faults,
) -> Option<Field> {
    let at = &Pointer::Root;
    let mut field = open.field.clone();
    if let Some(name) = &patch.name {
        name_check(table, Some(field.id), name, at, faults);
        field.name = name.clone();
    }
    if let Some(description) = &patch.description {
        field.description.clone_from(description);
    }
    let of_type = type_changed(txn, open, patch, faults)?;
    if of_type.kind() != open.of_type.kind()
        || of_type.type_name() != field.of_type && !of_type.holds_all_of(open.of_type.as_ref())
    {
        // A field number is bound to one kind of value for ever, so that no reader can mistake old bytes.
        field.number = take_number(table, at, faults)?;
    }
    let same_type = of_type.type_name() == field.of_type;
    of_type.type_name().clone_into(&mut field.of_type);
    field.options = of_type.stored();
    field.required = patch.required.unwrap_or(field.required);
    required_check(of_type.as_ref(), field.required, at, faults);
    match (patch.unique.unwrap_or(field.unique.is_some()), field.unique) {
        (true, Some(_)) if same_type => {}
        (wanted, _) => field.unique = unique_read(table, of_type.as_ref(), wanted, at, faults),
    }
    field.default = match &patch.default {
        Some(default) => default_read(of_type.as_ref(), default.as_ref(), field.unique.is_some(), at, faults),
        None => default_kept(open, of_type.as_ref(), &field, faults),
    };
    Some(field)
}

/// A default that is not named stays, converted if the type changes.
fn default_kept(
    open: &OpenField,
    of_type: &dyn FieldType,
    field: &Field,
    faults: &mut Faults,
) -> Option<Vec<u8>> {
    let held = open.default_value();
    if held.is_empty() {
        return None;
    }
    if field.unique.is_some() {
        faults.add(
            "/unique",
            Code::InvalidValue,
            "A unique field can't have a default; send `\"default\": null` too.",
        );
        return None;
    }
    if of_type.holds_all_of(open.of_type.as_ref()) {
        return open.field.default.clone();
    }
    let converted = of_type.convert(&held, open.of_type.as_ref());
    if converted.is_none() {
        let detail = "The field's default does not convert; send another one, or `null`.";
        faults.add("/default", Code::InvalidValue, detail);
    }
    converted.filter(|value| !value.is_empty()).map(|value| value.to_bytes())
}

fn type_changed(
    txn: &Txn<'_>,
    open: &OpenField,
    patch: &FieldPatch,
    faults: &mut Faults,
) -> Option<Box<dyn FieldType>> {
    let held = open.of_type.as_ref();
    let definition = match patch.of_type {
        Some(definition) => definition,
        None => Definition::named(held.type_name())?,
    };
    let same = definition.name == held.type_name();
    let options_at = Pointer::Root.member("options");
    let options = Options {
        json: patch.options.as_ref().map(OwnedJson::view),
        at: &options_at,
        held: same.then_some(held),
        draw: &|| txn.core.ids.draw(txn.now),
    };
    let made = (definition.create)(&options, faults)?;
    let computed = |of_type: &dyn FieldType| of_type.source() != Source::Client;
    if !same && (computed(held) || computed(made.as_ref())) {
        let detail = format!(
            "A field can't change between `{}` and `{}`: make a new one.",
            held.type_name(),
            made.type_name()
        );
        faults.add("/type", Code::InvalidValue, detail);
        return None;
    }
    Some(made)
}
