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
    /// What a call that makes several records sends, and a question for figures.
    pub several: Value,
    pub figures: Value,
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
        sample("pages", curl_pages(subject), js_pages(subject), python_pages(subject)),
        sample("several", curl_several(subject), js_several(subject), python_several(subject)),
        sample("figures", curl_figures(subject), js_figures(subject), python_figures(subject)),
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

fn curl_head(records: &str) -> String {
    format!(
        "records={}\nsend() {{ curl --fail-with-body -s \"$@\" -H \"{TOKEN_HEADER}: $UNDB_TOKEN\" -H 'content-type: application/json'; }}\n",
        shell(records)
    )
}

fn curl_story(Subject { records, values, change, .. }: &Subject) -> String {
    let body = |values: &Value| shell(&serde_json::json!({"values": values}).to_string());
    format!(
        "{}id=$(send \"$records\" -d {} | sed -E 's/^.*\"id\":\"(rec[^\"]+)\".*$/\\1/')\n\
         send \"$records/$id\" -X PATCH -d {}\n\
         send \"$records/$id\" -X DELETE",
        curl_head(records),
        body(values),
        body(change)
    )
}

fn curl_pages(Subject { records, .. }: &Subject) -> String {
    format!(
        "{}next=''\n\
         while :; do\n  \
           page=$(send --get \"$records\" -d limit=100 ${{next:+--data-urlencode \"cursor=$next\"}})\n  \
           printf '%s\\n' \"$page\"\n  \
           next=$(printf '%s' \"$page\" | sed -nE 's/^.*\"nextCursor\":\"([^\"]+)\".*$/\\1/p')\n  \
           [ -n \"$next\" ] || break\n\
         done",
        curl_head(records)
    )
}

fn curl_several(Subject { records, several, .. }: &Subject) -> String {
    format!(
        "{}ids=$(send \"$records/bulk\" -d {} | sed -nE 's/^.*\"ids\":(\\[[^]]*\\]).*$/\\1/p')\n\
         echo \"$ids\"\n\
         send \"$records\" -X DELETE -d \"{{\\\"ids\\\":$ids}}\"",
        curl_head(records),
        shell(&several.to_string())
    )
}

fn curl_figures(Subject { records, figures, .. }: &Subject) -> String {
    format!("{}send \"$records/aggregate\" -d {}", curl_head(records), shell(&figures.to_string()))
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

fn js_pages(Subject { records, .. }: &Subject) -> String {
    format!(
        "{}const query = new URLSearchParams({{ limit: 100 }});\n\
         for (let next = \"\"; next !== null;) {{\n  \
           if (next) query.set(\"cursor\", next);\n  \
           const page = await send(`${{records}}?${{query}}`);\n  \
           for (const record of page.records) console.log(record.id, record.values);\n  \
           next = page.nextCursor ?? null;\n\
         }}",
        js_head(records)
    )
}

fn js_several(Subject { records, several, .. }: &Subject) -> String {
    format!(
        "{}const several = {};\nconst {{ ids }} = await send(`${{records}}/bulk`, {{ method: \"POST\", body: JSON.stringify(several) }});\n\
         console.log(ids);\n\
         await send(records, {{ method: \"DELETE\", body: JSON.stringify({{ ids }}) }});",
        js_head(records),
        js(several)
    )
}

fn js_figures(Subject { records, figures, .. }: &Subject) -> String {
    format!(
        "{}const question = {};\nconst answer = await send(`${{records}}/aggregate`, {{ method: \"POST\", body: JSON.stringify(question) }});\nconsole.log(JSON.stringify(answer, null, 2));",
        js_head(records),
        js(figures)
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

fn python_pages(Subject { records, .. }: &Subject) -> String {
    format!(
        "{}query = {{\"limit\": 100}}\n\
         while True:\n    \
             page = send(records + \"?\" + urllib.parse.urlencode(query))\n    \
             for record in page[\"records\"]:\n        \
                 print(record[\"id\"], record[\"values\"])\n    \
             if not page.get(\"nextCursor\"):\n        \
                 break\n    \
             query[\"cursor\"] = page[\"nextCursor\"]",
        python_head(records)
    )
}

fn python_several(Subject { records, several, .. }: &Subject) -> String {
    format!(
        "{}ids = send(records + \"/bulk\", \"POST\", {})[\"ids\"]\n\
         print(ids)\n\
         send(records, \"DELETE\", {{\"ids\": ids}})",
        python_head(records),
        python(several)
    )
}

fn python_figures(Subject { records, figures, .. }: &Subject) -> String {
    format!("{}print(send(records + \"/aggregate\", \"POST\", {}))", python_head(records), python(figures))
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
