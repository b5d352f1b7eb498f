"""Prunes OpenAI's OpenAPI description to the schemas of the answers that Fallow
makes by translation, and prints them as a JSON Schema:

    prune.py openapi.yml > openai.json
"""
import json
import re
import sys

import yaml

ROOTS = ["CreateChatCompletionResponse", "CreateChatCompletionStreamResponse", "Response", "ResponseStreamEvent",
         "ListModelsResponse", "ErrorResponse"]
# Of these choices only the members that translation makes are kept, so that an answer with any other in it is refused.
CHOICES = {
    "ResponseStreamEvent": re.compile(
        r"Response(Created|InProgress|Completed|Failed|Incomplete|Error|OutputItem\w+|ContentPart\w+|Text\w+|Refusal\w+"
        r"|FunctionCallArguments\w+|CustomToolCallInput\w+|Reasoning\w+|OutputTextAnnotationAdded)Event"),
    "OutputItem": re.compile("OutputMessage|FunctionToolCall|CustomToolCall|ReasoningItem"),
    "Tool": re.compile("FunctionTool|CustomToolParam|NamespaceToolParam|WebSearchTool|LocalShellToolParam"),
    "InputItem": re.compile("EasyInputMessage"),
}
# Properties that are null in OpenAI's answers and may not be by their schema. For user, and for the usage of a response
# that has only begun, the description's own examples say so.
NULLABLE = {"ModelResponseProperties": ["user", "safety_identifier", "prompt_cache_key"], "Response": ["usage"]}
# What says nothing about whether an answer is valid.
PROSE = {"description", "title", "example", "examples", "deprecated", "discriminator", "default", "externalDocs"}
PREFIX = "#/components/schemas/"


def prune(schema):
    """Takes the prose off a schema and leads its references to $defs."""
    if isinstance(schema, list):
        return [prune(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key == "properties":
            kept[key] = {name: prune(s) for name, s in value.items()}  # names are no keywords
        elif key == "$ref":
            kept[key] = value.replace(PREFIX, "#/$defs/")
        elif key in ("enum", "const", "required"):
            kept[key] = value
        elif key not in PROSE and not key.startswith("x-"):
            kept[key] = prune(value)
    if kept.pop("nullable", False):  # of OpenAPI 3.0, which JSON Schema does not know
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


def allow_null(schema, names):
    for part in [schema, *schema.get("allOf", ())]:
        for name in names:
            if name in part.get("properties", {}):
                part["properties"][name] = {"anyOf": [part["properties"][name], {"type": "null"}]}


def choose(name, schema):
    """Leaves those members of a choice that are wanted."""
    for keyword in ("anyOf", "oneOf"):
        if name in CHOICES and keyword in schema:
            wanted = CHOICES[name]
            schema[keyword] = [s for s in schema[keyword] if wanted.fullmatch(s.get("$ref", "").removeprefix(PREFIX))]
            assert schema[keyword], "nothing is left of " + name
    return schema


def references(schema):
    return re.findall(r'"#/\$defs/([^"]+)"', json.dumps(schema))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schemas = yaml.load(file, Loader=yaml.CSafeLoader)["components"]["schemas"]
    kept, wanted = {}, list(ROOTS)
    while wanted:
        name = wanted.pop()
        if name not in kept:
            kept[name] = prune(choose(name, schemas[name]))
            allow_null(kept[name], NULLABLE.get(name, ()))
            wanted += references(kept[name])
    json.dump({"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": dict(sorted(kept.items()))},
              sys.stdout, indent=1)
    print()


main()
