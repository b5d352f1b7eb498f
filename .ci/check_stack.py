"""Transforms the template as CloudFormation would and checks the outcome.

Only what SAM adds by itself is looked at here: permissions and roles that
nobody wrote, and that a new version of SAM might stop writing.
"""

import json
import os
import sys

import boto3
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

# Actions on any resource, and why they may be.
WILDCARDS_WITH_A_REASON = {}


class NoManagedPolicies:
    def load(self):
        return {}


def transformed(path):
    with open(path, encoding="utf-8") as f:
        template = yaml_parse(f.read())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    template["Globals"]["Function"].pop("CodeUri")
    boto3.setup_default_session(region_name=os.environ["AWS_DEFAULT_REGION"])
    return transform(template, {}, NoManagedPolicies())["Resources"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(resources):
    """Yields (role, statement) for every inline policy."""
    for name, resource in resources.items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def open_url_faults(resources):
    """An open URL needs both permissions, or it answers 403 (AWS docs, urls-auth)."""
    granted = {}
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Permission":
            granted[resource["Properties"]["Action"]] = resource["Properties"]
    url = granted.get("lambda:InvokeFunctionUrl", {})
    invoke = granted.get("lambda:InvokeFunction", {})
    if url.get("FunctionUrlAuthType") != "NONE" or url.get("Principal") != "*":
        yield "the permission lambda:InvokeFunctionUrl for everybody is missing"
    if invoke.get("Principal") != "*":
        yield "the permission lambda:InvokeFunction for everybody is missing"
    if invoke.get("InvokedViaFunctionUrl") is not True:
        yield "lambda:InvokeFunction is not limited to calls through the URL"


def role_faults(resources):
    for name, resource in resources.items():
        if resource["Type"] == "AWS::IAM::Role" and resource["Properties"].get("ManagedPolicyArns"):
            yield f"{name} has managed policies, which reach further than this stack"
    for role, statement in statements(resources):
        for action in as_list(statement["Action"]):
            if "*" in action:
                yield f"{role} may do {action}: name the actions"
            anywhere = any(r == "*" for r in as_list(statement["Resource"]))
            if anywhere and action not in WILDCARDS_WITH_A_REASON:
                yield f"{role} may do {action} to anything: name the resource"


def schedule_faults(resources):
    schedules = [r for r in resources.values() if r["Type"] == "AWS::Scheduler::Schedule"]
    targets = [json.dumps(s["Properties"]["Target"]["Arn"]) for s in schedules]
    if len(targets) != 1 or "RebalanceFunction" not in targets[0]:
        yield f"want one schedule, for RebalanceFunction, got {targets}"


def main(path):
    resources = transformed(path)
    faults = [*open_url_faults(resources), *role_faults(resources), *schedule_faults(resources)]
    for fault in faults:
        print(f"{path}: {fault}", file=sys.stderr)
    if not faults:
        print(f"{path}: {len(resources)} resources after the transform, as they should be")
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
