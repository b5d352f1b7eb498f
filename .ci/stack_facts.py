"""Prints what a deployed stack is made of, as JSON, for the test of it.

    stack_facts.py STACK
"""

import json
import sys

import boto3

stack = sys.argv[1]
cloudformation = boto3.client("cloudformation")
described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
resources = {r["LogicalResourceId"]: r for page in pages for r in page["StackResourceSummaries"]}


def physical(name):
    return resources[name]["PhysicalResourceId"]


def plain(answer):
    return {k: v for k, v in answer.items() if k != "ResponseMetadata"}


def function(name):
    made = boto3.client("lambda").get_function_configuration(FunctionName=physical(name))
    return {k: made[k] for k in ("FunctionName", "Environment", "MemorySize", "Timeout", "Runtime", "Architectures", "LoggingConfig") if k in made}


alarms = boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
schedules = boto3.client("scheduler")
names = [s["Name"] for s in schedules.list_schedules()["Schedules"]]
json.dump({
    "Status": described["StackStatus"],
    "Outputs": {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]},
    "Kinds": sorted({r["ResourceType"] for r in resources.values()}),
    "Gateway": function("GatewayFunction"),
    "Rebalance": function("RebalanceFunction"),
    "Url": plain(boto3.client("lambda").get_function_url_config(FunctionName=physical("GatewayFunction"), Qualifier="live")),
    "Schedules": [plain(schedules.get_schedule(Name=n)) for n in names],
    "Alarms": [{k: a.get(k) for k in ("AlarmName", "AlarmDescription", "AlarmActions")} for a in alarms],
    "Dashboard": json.loads(boto3.client("cloudwatch").get_dashboard(DashboardName=stack)["DashboardBody"]),
    "Table": boto3.client("dynamodb").describe_table(TableName=physical("StateTable"))["Table"],
    "TimeToLive": boto3.client("dynamodb").describe_time_to_live(TableName=physical("StateTable"))["TimeToLiveDescription"],
}, sys.stdout, default=str, indent=1)
