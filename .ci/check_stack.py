"""Transforms the template as CloudFormation would and checks the outcome.

What can be seen in the template as it is written is tested in Go, by
internal/samtest. Here is what only shows afterwards: what SAM adds by itself,
what depends on parameters, and every right that any role ends up with.
"""

import sys

from stack import transformed

# What may stand where a name could, and why. Nothing else may end in an asterisk.
WIDE_RESOURCES = {
    ("DeployRole", "cloudwatch:DescribeAlarms", "*"): "CodeDeploy looks at alarms; AWS's own policy for it names no resource either, and it only reads",
    ("DeployRole", "lambda:GetProvisionedConcurrencyConfig", "GatewayFunction.Arn:*"): "versions are numbered as they are made; it only reads",
}
# Principals that are everybody, and why.
WIDE_PRINCIPALS = {
    "EverybodyMayUseUrl": "stock SDKs cannot sign; Fallow asks for a client's token",
    "EverybodyMayInvokeThroughUrl": "the same, and only through the URL",
}
# The partitions that functions write; those of the config begin otherwise.
POOLS_ONLY = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["pool#*"]}, "Null": {"dynamodb:LeadingKeys": "false"}}
# Where models are, whose ARNs the parameter ModelArns holds.
MODEL_SERVICES = {"bedrock", "bedrock-mantle", "aws-external-anthropic"}


def as_list(value):
    return value if isinstance(value, list) else [value]


def text(value):
    """Writes an intrinsic as one would say it: Table.Arn, Function.Arn:live."""
    if not isinstance(value, dict):
        return str(value)
    (name, argument), = value.items()
    if name == "Fn::GetAtt":
        return ".".join(as_list(argument))
    if name == "Fn::Sub":
        return argument.replace("${", "").replace("}", "")
    return str(argument)


def of_type(resources, kind):
    return {name: r["Properties"] for name, r in resources.items() if r["Type"] == kind}


def statements(resources):
    """Yields (who, statement) of every policy."""
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement
    for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"):
        for name, policy in of_type(resources, kind).items():
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def policy_faults(resources):
    used = set()
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies, which reach further than this stack"
        if any("*" in str(s["Principal"]) for s in role["AssumeRolePolicyDocument"]["Statement"]):
            yield f"{name} may be assumed by anybody"
    for who, statement in statements(resources):
        if {"NotAction", "NotResource", "NotPrincipal"} & statement.keys():
            yield f"{who}: say what is allowed, not what is not: {statement}"
        for action in as_list(statement["Action"]):
            if "*" in action:
                yield f"{who} may do {action}: name the actions"
            for resource in map(text, as_list(statement["Resource"])):
                right = (who, action, resource)
                used.add(right)
                if "*" in resource and right not in WIDE_RESOURCES:
                    yield f"{who} may do {action} to {resource}: name the resource, or say in WIDE_RESOURCES why not"
    for right in WIDE_RESOURCES.keys() - used:
        yield f"WIDE_RESOURCES excuses {right}, which nobody has"


def table_faults(resources):
    """Revisions of the config say where keys are sent: no function may write one.

    Only UpdateItem is known to name its keys, so no other way to write is granted.
    """
    for who, statement in statements(resources):
        writes = {a for a in as_list(statement["Action"]) if a.startswith("dynamodb:")} - {"dynamodb:GetItem", "dynamodb:Query"}
        if writes - {"dynamodb:UpdateItem"}:
            yield f"{who} may do {sorted(writes)}: the store needs UpdateItem only"
        if writes and statement.get("Condition") != POOLS_ONLY:
            yield f"{who} may write what is no pool's record: {statement.get('Condition')}"


def model_faults(resources):
    """What aws:role may use is what the parameter names, and nothing if it names nothing."""
    for name in ("GatewayModels", "RebalanceModels"):
        policy = resources[name]
        if policy.get("Condition") != "ModelsAreNamed":
            yield f"{name} is there whether models are named or not"
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Resource"] != {"Ref": "ModelArns"}:
                yield f"{name} is for {statement['Resource']}, not for what ModelArns names"
    for who, statement in statements(resources):
        others = [a for a in as_list(statement["Action"]) if a.split(":")[0] in MODEL_SERVICES]
        if others and who not in ("GatewayModels", "RebalanceModels"):
            yield f"{who} may do {others} whether models are named or not"


def permission_faults(resources):
    """An open URL needs two permissions, or it answers 403 (AWS docs, urls-auth)."""
    granted = {}
    for name, p in of_type(resources, "AWS::Lambda::Permission").items():
        if p["Principal"] == "*" and name not in WIDE_PRINCIPALS:
            yield f"{name} lets everybody in: say in WIDE_PRINCIPALS why"
        if resources[name].get("Condition") != "UrlIsOpen":
            yield f"{name} holds whatever UrlAuth says"
        if text(p["FunctionName"]) != "GatewayFunctionAliaslive":
            yield f"{name} is for {text(p['FunctionName'])}, the URL is the alias's"
        granted[p["Action"]] = p
    if granted.get("lambda:InvokeFunctionUrl", {}).get("FunctionUrlAuthType") != "NONE":
        yield "the permission lambda:InvokeFunctionUrl for everybody is missing"
    if granted.get("lambda:InvokeFunction", {}).get("InvokedViaFunctionUrl") is not True:
        yield "lambda:InvokeFunction is missing, or not limited to calls through the URL"


def function_faults(resources):
    url, = of_type(resources, "AWS::Lambda::Url").values()
    if text(url["TargetFunctionArn"]) != "GatewayFunctionAliaslive" or url["InvokeMode"] != "RESPONSE_STREAM":
        yield f"the URL does not stream from the alias: {url}"
    group, = of_type(resources, "AWS::CodeDeploy::DeploymentGroup").values()
    if [text(a["Name"]) for a in group["AlarmConfiguration"]["Alarms"]] != ["GatewayCrashes"]:
        yield "no alarm takes a deployment back"
    if "DEPLOYMENT_STOP_ON_ALARM" not in group["AutoRollbackConfiguration"]["Events"]:
        yield "an alarm stops a deployment without taking it back"
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        if "VpcConfig" in function:
            yield f"{name} is in a VPC, where it cannot stream through a URL"
        if text(function["LoggingConfig"]["LogGroup"]) not in resources:
            yield f"{name} logs to a group outside of the stack"


def schedule_faults(resources):
    schedule, = of_type(resources, "AWS::Scheduler::Schedule").values()
    if text(schedule["Target"]["Arn"]) != "RebalanceFunction.Arn":
        yield f"the schedule runs {schedule['Target']['Arn']}"
    if "AWS::StackName" not in str(schedule["Name"]):
        yield "the schedule's name is the same in every stack: the account's second one cannot be deployed"


def tag_faults(resources):
    without = {"AWS::CloudWatch::Dashboard", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::Lambda::Alias", "AWS::Lambda::Permission",
               "AWS::Lambda::Url", "AWS::Lambda::Version", "AWS::Logs::MetricFilter", "AWS::Logs::QueryDefinition",
               "AWS::SNS::Subscription", "AWS::Scheduler::Schedule"}  # CloudFormation takes no tags for these
    for name, r in resources.items():
        if r["Type"] not in without and "application" not in str(r["Properties"].get("Tags")):
            yield f"{name} lacks the tag application"


def faults(resources):
    yield from policy_faults(resources)
    yield from table_faults(resources)
    yield from model_faults(resources)
    yield from permission_faults(resources)
    yield from function_faults(resources)
    yield from schedule_faults(resources)
    yield from tag_faults(resources)


def main(path):
    failed = False
    for auth in ("NONE", "AWS_IAM"):
        resources = transformed(path, UrlAuth=auth)["Resources"]
        for fault in faults(resources):
            failed = True
            print(f"{path}, UrlAuth={auth}: {fault}", file=sys.stderr)
        if not failed:
            print(f"{path}, UrlAuth={auth}: {len(resources)} resources after the transform, as they should be")
    return 1 if failed else 0


sys.exit(main(sys.argv[1]))
