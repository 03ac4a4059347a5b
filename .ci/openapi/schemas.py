"""Tables of all kinds: one of every field type with the worst names, and as many random ones as wanted."""

import random

COMPUTED = ["autoIncrement", "createdAt", "updatedAt"]
TYPES = ["string", "longText", "number", "checkbox", "date", "dateTime", "select", "email", "url", "json"] + COMPUTED
UNIQUE = ["string", "number", "date", "dateTime", "email", "url"]

# Spectral takes these for something else than names of members, wherever they stand, so they are kept from it.
UNLINTED = ["$ref", "default", "__proto__", "constructor", "toString"]
NAMES = [
    "first name", "First Name!", "first-name", "class", "type", "None", "self", "fn", "用户", "🙂", "2024 Q1",
    'say "hi"', "it's", "back\\slash", "a/b", "a~b", "{x}", "</script>", "*/", "e\u0301", "x" * 255, "values",
    "list", "record", "data", "true", "null", "async", "#", "a.b", "on", "yes", "0", "-1", "%", "a&b=c", "tab le", "\u202eleft",
]
ABOUT = ["", "Plain.", "Two\nlines.", 'With "quotes", */ and \\ in it.', "🙂", "# no comment", "`code`"]


def choices(chosen, count):
    return [{"name": name} for name in chosen.sample(NAMES, count)]


def options(chosen, kind):
    if kind != "select":
        return None
    return {"choices": choices(chosen, chosen.randint(1, 6)), "multiple": chosen.random() < 0.4}


def field(chosen, name, kind):
    made = {"name": name, "type": kind}
    if (said := options(chosen, kind)) is not None:
        made["options"] = said
    if about := chosen.choice(ABOUT):
        made["description"] = about
    if kind not in COMPUTED and kind != "checkbox":
        made["required"] = chosen.random() < 0.3
    if kind in UNIQUE and chosen.random() < 0.3:
        made["unique"] = True
    elif kind == "string" and chosen.random() < 0.3:
        made["default"] = chosen.choice(NAMES)
    return made


def fields(chosen, count):
    """Random fields, no two of one name, however it is written."""
    taken, made = set(), []
    for name in chosen.sample(NAMES, min(count, len(NAMES))):
        if name.casefold() not in taken:
            taken.add(name.casefold())
            made.append(field(chosen, name, chosen.choice(TYPES)))
    # The first field is what a record is shown by.
    first = next((place for place, one in enumerate(made) if one["type"] == "string"), None)
    if first is None:
        made[0] = {"name": made[0]["name"], "type": "string"}
    else:
        made.insert(0, made.pop(first))
    return made


def every_type(api):
    """A base whose table has a field of every type: with each rule, without, and with names of all kinds."""
    base = api.base("Every type")
    made = [{"name": "title", "type": "string", "required": True}]
    chosen = random.Random(1)
    for kind in TYPES:
        # `createdAt` and `updatedAt` are names of the record's own.
        made.append({"name": f"a {kind}", "type": kind} | ({"options": {"choices": choices(chosen, 3)}} if kind == "select" else {}))
    made.append({"name": "several", "type": "select", "options": {"choices": choices(chosen, 4), "multiple": True}})
    made += [{"name": f"{kind} needed", "type": kind, "required": True} for kind in UNIQUE]
    made += [{"name": f"{kind} once", "type": kind, "unique": True} for kind in UNIQUE]
    made += [{"name": name, "type": "string"} for name in NAMES]
    return api.table(base, "Every type", made)


def randoms(api, count, seed):
    """Tables of random fields: their paths."""
    chosen = random.Random(seed)
    base = api.base("Random")
    return [
        api.table(base, f"{chosen.choice(NAMES)[:40]} {number}", fields(chosen, chosen.randint(1, 20)))
        for number in range(count)
    ]
