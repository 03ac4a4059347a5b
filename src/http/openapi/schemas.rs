//! Schemas that are made from lists elsewhere in the code: field types, scopes.

use serde_json::json;
use utoipa::openapi::Schema;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};

use crate::error::Code;
use crate::model::field::TYPES;
use crate::model::scope::Scope;

/// The names of field types.
pub fn field_type_schema() -> Schema {
    let about =
        TYPES.iter().map(|of| format!("- `{}`: {}", of.name, of.about)).collect::<Vec<_>>().join("\n");
    let names = TYPES.iter().map(|of| of.name);
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .description(Some(format!("What its values are:\n\n{about}")))
        .examples([json!("select")]);
    Schema::Object(object.build())
}

/// The options that a field type takes: of most types none.
pub fn field_options_schema() -> Schema {
    let with: Vec<_> = TYPES.iter().filter(|of| (of.options_schema)().get("properties").is_some()).collect();
    let about = with
        .iter()
        .map(|of| format!("`{}`: `{}`", of.name, (of.options_schema)()))
        .collect::<Vec<_>>()
        .join("\n\n");
    let object = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some(format!(
            "What the type has to say besides; of most types nothing. As JSON Schema:\n\n{about}"
        )))
        .examples([json!({"choices": [{"name": "low", "color": "gray"}, {"name": "high", "color": "red"}]})]);
    Schema::Object(object.build())
}

fn scope_schema() -> Object {
    let names = Scope::ALL.iter().map(|scope| scope.name());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// A list of scopes.
pub fn scopes_schema() -> Schema {
    Schema::Array(ArrayBuilder::new().items(scope_schema()).build())
}

/// A list of scopes that may be left out.
pub fn scopes_optional_schema() -> Schema {
    let array = ArrayBuilder::new()
        .items(scope_schema())
        .min_items(Some(1))
        .description(Some("What it may do; `…:write` includes `…:read`. A new token that says nothing gets `records:write` and `schema:read`."))
        .examples([json!(["records:write", "schema:read"])]);
    Schema::Array(array.build())
}

/// A code of a failure. The codes are listed beside the type and not as an `enum`: a later version may have more, which must
/// not break a client that takes what it does not know for what the status says.
pub fn code_schema() -> Schema {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    let extensions = ExtensionsBuilder::new().add("x-extensible-enum", codes).build();
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "What is wrong, for programs. A code keeps its meaning for ever; later versions may have more of them. What each \
             means and what to do stands at `/errors/{code}`.",
        ))
        .examples([json!("invalid_input")])
        .extensions(Some(extensions));
    Schema::Object(object.build())
}

/// What a token is good for.
pub fn token_status_schema() -> Schema {
    let names = ["active", "expired", "revoked"];
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build())
}
