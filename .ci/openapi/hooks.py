"""What schemathesis can't know of us."""

import json
import os
import re
import sys

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.specs.openapi.checks import negative_data_rejection

# Filters hold filters, and what makes examples of them calls itself more often than Python likes.
sys.setrecursionlimit(20_000)

# Refusals of requests that fit a document all the same: the code of the fault, and how its pointer begins. Both kinds of
# documents leave open what only the server knows at that moment, or what is written in a language of its own:
OF_ALL = {
    ("invalid_cursor", ""),  # opaque
    (".*", "filter"), ("invalid_filter", ""), ("unknown_field", "/filter"),  # expressions
    ("required", "/filter"),  # groups without any condition, which a bulk change does not take for all records
    ("invalid_parameter", "sort"),  # names with commas between them
    ("required", r"/records/\d+/values/"),  # an upsert by ids that are not there makes records, which need more
    ("idempotency_key_not_taken", ""),  # with `dryRun=true`, which changes nothing that could be repeated
    ("idempotency_key_reused", ""),  # the same key with another body
    ("name_taken", ""), ("id_taken", ""), ("value_taken", ""),  # beside other faults, where the status is not 409
    ("too_many_records", ""),  # found by a filter
    ("not_exact", ""),  # a number that its type can't hold as it is written
}
# The static one leaves open in addition what depends on the table, or on two members at once: its fields, their types,
# options and rules. The typed ones say these.
OF_STATIC = OF_ALL | {
    (code, "")
    for code in [
        "unknown_field", "computed_field", "required", "wrong_type", "invalid_value", "unknown_choice", "out_of_range",
        "invalid_parameter", "invalid_name", "too_many", "values_do_not_convert", "confirmation_missing",
    ]
} | {("unknown_member", at) for at in ["/options", "/fields/", "/filter", r"/(values|ids|records|records/\d+/id)$"]}
ALLOWED = OF_ALL if os.environ.get("UNDB_DOCUMENT") == "typed" else OF_STATIC
# The same thing twice in a list, in other words or in a part of its items, which no schema can tell.
TWICE = re.compile("twice|already|Two figures are called|decides nothing")
# Things that are not there, rights, and states: no document can promise these away.
STATUSES = {401, 403, 404, 409, 412, 429}


# Calls that end what the run itself lives by.
ENDING = {"tokenDelete", "tokenRotate", "tokenUpdate"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """The token of the run is neither revoked nor changed by it: such a call asks for one that is not there."""
    operation = case.operation.definition.raw.get("operationId")
    if operation in ENDING and case.path_parameters.get("token") == os.environ["UNDB_OWN_TOKEN"]:
        case.path_parameters["token"] = "tkn00000000000000000000000000"


@schemathesis.check
def violations_are_refused(context, response, case):
    """As `negative_data_rejection`, but for what `format` can't say.

    Addresses are taken as browsers take them, which RFC 3987 does not all know; and where a value may be empty, the empty
    text is taken for `null`, which the document says in words.
    """
    try:
        negative_data_rejection(context, response, case)
    except AcceptedNegativeData as accepted:
        of = re.search("not matching the '([a-z-]+)' format", str(accepted.message))
        if of is None or of[1] != "iri" and ': ""' not in json.dumps(case.body):
            raise


@schemathesis.check
def refusals_have_reasons(context, response, case):
    """A request that fits the document is refused for reasons only that the document can't say."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # The whole may count as good though one header was made to be bad.
    sent = case.headers or {}
    if not all(header.is_valid(sent[header.name]) for header in case.operation.headers if header.name in sent):
        return
    if response.status_code < 400 or response.status_code in STATUSES:
        return
    problem = response.json()
    faults = problem["errors"] or [{"code": problem["code"], "pointer": ""}]
    for fault in faults:
        twice = fault["code"] == "invalid_value" and TWICE.search(fault["detail"])
        known = twice or any(re.fullmatch(code, fault["code"]) and re.match(at, fault["pointer"]) for code, at in ALLOWED)
        assert known, f"refused a request that fits: {fault}"
