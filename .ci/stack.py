"""The template after the SAM transform, as CloudFormation would make it.

    stack.py TEMPLATE OUT [PARAMETER=VALUE...]

writes it as JSON. Functions without code get a place holder for it.
"""

import json
import logging
import os
import sys

# The transform asks for a region although it calls nobody.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# It says for every run that some feature is not configured.
logging.getLogger("samtranslator").setLevel(logging.ERROR)


class NoManagedPolicies:
    def load(self):
        return {}


def transformed(path, **parameters):
    """Returns the template; parameters are what a deployment sets."""
    with open(path, encoding="utf-8") as f:
        template = yaml_parse(f.read())
    template["Globals"]["Function"].pop("CodeUri", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            code = resource["Properties"].get("CodeUri", ".")
            resource["Properties"]["CodeUri"] = code if str(code).startswith("s3://") else "s3://bucket/key"
    boto3.setup_default_session(region_name=os.environ["AWS_DEFAULT_REGION"])
    return transform(template, parameters, NoManagedPolicies())


if __name__ == "__main__":
    source, target, *settings = sys.argv[1:]
    with open(target, "w", encoding="utf-8") as out:
        json.dump(transformed(source, **dict(s.split("=", 1) for s in settings)), out, indent=1)
