//! One spelling for a value of any shape.

use super::{Json, Pointer, Shape, write_number, write_text};
use crate::error::{Code, Faults};
use crate::limits::JSON_DEPTH_MAX;

/// One value of any shape in its shortest spelling: no spaces, numbers as f64 writes them. Members keep their order.
pub fn canonical(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<String> {
    let mut out = Vec::with_capacity(json.0.len());
    write_canonical(json, at, faults, &mut out, 0)?;
    String::from_utf8(out).ok()
}

fn write_canonical(
    json: Json<'_>,
    at: &Pointer<'_>,
    faults: &mut Faults,
    out: &mut Vec<u8>,
    depth: usize,
) -> Option<()> {
    if depth > JSON_DEPTH_MAX {
        faults.add(
            at,
            Code::OutOfRange,
            format!("JSON values are nested to {JSON_DEPTH_MAX} levels at most."),
        );
        return None;
    }
    match json.shape() {
        Shape::Null | Shape::Bool => out.extend_from_slice(json.0.as_bytes()),
        Shape::Number => write_number(json.number(at, faults)?, out),
        Shape::Text => write_text(&json.text(at, faults)?, out),
        Shape::Array => {
            out.push(b'[');
            for (n, item) in json.items(at, faults)?.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_canonical(item, &at.item(n), faults, out, depth + 1)?;
            }
            out.push(b']');
        }
        Shape::Object => {
            let before = faults.count();
            out.push(b'{');
            for (n, (name, member)) in json.members(at, faults)?.into_iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                write_text(&name, out);
                out.push(b':');
                write_canonical(member, &at.member(&name), faults, out, depth + 1)?;
            }
            out.push(b'}');
            if faults.count() > before {
                return None;
            }
        }
    }
    Some(())
}
