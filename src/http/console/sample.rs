//! Samples of calls, in the languages that people paste from: each runs as it stands, with the token in `UNDB_TOKEN`.

use serde_json::Value;

use crate::http::problem::TOKEN_HEADER;

/// A language of samples, with what it is called.
pub const LANGUAGES: [(&str, &str); 3] = [("curl", "curl"), ("js", "JavaScript"), ("python", "Python")];

/// What the samples are about.
pub struct Subject {
    /// The address of the table's records.
    pub records: String,
    /// A filter and a sort that fit the table.
    pub filter: String,
    pub sort: String,
    /// Values for a new record, and what is changed of it then.
    pub values: Value,
    pub change: Value,
}

/// One thing that is done, in every language.
pub struct Sample {
    /// Its heading, as the name of a message.
    pub name: &'static str,
    /// The text by language, in the order of [`LANGUAGES`].
    pub texts: [String; 3],
}

/// All samples.
pub fn samples(subject: &Subject) -> Vec<Sample> {
    let sample = |name, curl, js, python| Sample { name, texts: [curl, js, python] };
    vec![
        sample("list", curl_list(subject), js_list(subject), python_list(subject)),
        sample("filter", curl_filter(subject), js_filter(subject), python_filter(subject)),
        sample("story", curl_story(subject), js_story(subject), python_story(subject)),
    ]
}

/// A text between single quotes for a POSIX shell, in which only the quote itself has a meaning.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// JSON as Python spells it.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), python(value))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        // A text of JSON is one of Python too.
        other => other.to_string(),
    }
}

/// JSON in a line that people can read.
fn js(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(js).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), js(value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn curl_list(Subject { records, .. }: &Subject) -> String {
    format!("curl {} -H \"{TOKEN_HEADER}: $UNDB_TOKEN\"", shell(&format!("{records}?limit=10")))
}

fn curl_filter(Subject { records, filter, sort, .. }: &Subject) -> String {
    format!(
        "curl --get {} -H \"{TOKEN_HEADER}: $UNDB_TOKEN\" \\\n  --data-urlencode {} \\\n  --data-urlencode {}",
        shell(records),
        shell(&format!("filter={filter}")),
        shell(&format!("sort={sort}"))
    )
}

fn curl_story(Subject { records, values, change, .. }: &Subject) -> String {
    let body = |values: &Value| shell(&serde_json::json!({"values": values}).to_string());
    format!(
        "records={}\nsend() {{ curl --fail-with-body -s \"$@\" -H \"{TOKEN_HEADER}: $UNDB_TOKEN\" -H 'content-type: application/json'; }}\n\
         id=$(send \"$records\" -d {} | sed -E 's/^.*\"id\":\"(rec[^\"]+)\".*$/\\1/')\n\
         send \"$records/$id\" -X PATCH -d {}\n\
         send \"$records/$id\" -X DELETE",
        shell(records),
        body(values),
        body(change)
    )
}

fn js_head(records: &str) -> String {
    format!(
        "const records = {};\nconst headers = {{ \"{TOKEN_HEADER}\": process.env.UNDB_TOKEN, \"content-type\": \"application/json\" }};\n\
         async function send(url, options = {{}}) {{\n  const answer = await fetch(url, {{ headers, ...options }});\n  \
         const body = answer.status === 204 ? null : await answer.json();\n  if (!answer.ok) throw new Error(body.detail);\n  return body;\n}}\n",
        Value::from(records)
    )
}

fn js_list(Subject { records, .. }: &Subject) -> String {
    format!("{}console.log(JSON.stringify(await send(`${{records}}?limit=10`), null, 2));", js_head(records))
}

fn js_filter(Subject { records, filter, sort, .. }: &Subject) -> String {
    format!(
        "{}const query = new URLSearchParams({{ filter: {}, sort: {} }});\nconsole.log(JSON.stringify(await send(`${{records}}?${{query}}`), null, 2));",
        js_head(records),
        Value::from(filter.as_str()),
        Value::from(sort.as_str())
    )
}

fn js_story(Subject { records, values, change, .. }: &Subject) -> String {
    format!(
        "{}const values = {};\nconst {{ data }} = await send(records, {{ method: \"POST\", body: JSON.stringify({{ values }}) }});\n\
         const change = {};\n\
         const body = JSON.stringify({{ values: change }});\n\
         console.log(await send(`${{records}}/${{data.id}}`, {{ method: \"PATCH\", body }}));\n\
         await send(`${{records}}/${{data.id}}`, {{ method: \"DELETE\" }});",
        js_head(records),
        js(values),
        js(change)
    )
}

fn python_head(records: &str) -> String {
    format!(
        "import json, os, urllib.parse, urllib.request\n\nrecords = {}\n\n\
         def send(url, method=\"GET\", body=None):\n    headers = {{\"{TOKEN_HEADER}\": os.environ[\"UNDB_TOKEN\"], \"content-type\": \"application/json\"}}\n    \
         data = None if body is None else json.dumps(body).encode()\n    \
         request = urllib.request.Request(url, data=data, headers=headers, method=method)\n    \
         with urllib.request.urlopen(request) as answer:\n        return json.load(answer) if answer.status != 204 else None\n\n",
        Value::from(records)
    )
}

fn python_list(Subject { records, .. }: &Subject) -> String {
    format!("{}print(send(records + \"?limit=10\"))", python_head(records))
}

fn python_filter(Subject { records, filter, sort, .. }: &Subject) -> String {
    format!(
        "{}query = urllib.parse.urlencode({{\"filter\": {}, \"sort\": {}}})\nprint(send(records + \"?\" + query))",
        python_head(records),
        Value::from(filter.as_str()),
        Value::from(sort.as_str())
    )
}

fn python_story(Subject { records, values, change, .. }: &Subject) -> String {
    format!(
        "{}record = send(records, \"POST\", {{\"values\": {}}})[\"data\"]\n\
         print(send(records + \"/\" + record[\"id\"], \"PATCH\", {{\"values\": {}}}))\n\
         send(records + \"/\" + record[\"id\"], \"DELETE\")",
        python_head(records),
        python(values),
        python(change)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_language_has_its_own_way_of_spelling() {
        let value = json!({"it's": [null, true, "\"q\" 🙂"], "n": 1.5});
        assert_eq!(python(&value), r#"{"it's": [None, True, "\"q\" 🙂"], "n": 1.5}"#);
        assert_eq!(js(&value), r#"{ "it's": [null, true, "\"q\" 🙂"], "n": 1.5 }"#);
        assert_eq!(shell("it's"), r"'it'\''s'");
    }
}
