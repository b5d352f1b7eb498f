"""Makes of the built template one that MiniStack's CloudFormation can deploy.

    emulated.py BUILT OUT

What it has no kind for is left out and listed; all else stays as it is. That is
checked for in .ci/check_stack.py and internal/samtest instead.
"""

import os
import sys

from samcli.yamlhelper import yaml_dump, yaml_parse

# What MiniStack 1.5.33 cannot make, and what becomes of it.
KINDS = {
    "AWS::Logs::QueryDefinition": "saved queries are not there",
}
PROPERTIES = {
    "DeploymentPreference": "CodeDeploy is not there: the alias moves at once, nothing is taken back",
    "DeletionProtectionEnabled": "from a parameter it becomes the text false, which no SDK reads as one",
}


def watch_one(alarm):
    """Has an alarm on an expression watch the first of its metrics: MiniStack knows no expressions."""
    stat = next(m["MetricStat"] for m in alarm.pop("Metrics") if "MetricStat" in m)
    alarm.update(stat["Metric"], Statistic=stat["Stat"], Period=stat["Period"])


def emulated(built):
    with open(built, encoding="utf-8") as f:
        template = yaml_parse(f.read())
    resources = template["Resources"]
    for name, resource in list(resources.items()):
        if resource["Type"] in KINDS:
            print(f"left out: {name}: {KINDS[resource['Type']]}")
            del resources[name]
            continue
        for key in PROPERTIES.keys() & resource.get("Properties", {}).keys():
            print(f"left out: {name}.{key}: {PROPERTIES[key]}")
            del resource["Properties"][key]
        if "Metrics" in resource.get("Properties", {}):
            print(f"changed: {name} watches one metric in the place of an expression")
            watch_one(resource["Properties"])
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = os.path.join(os.path.dirname(os.path.abspath(built)), resource["Properties"]["CodeUri"])
    return template


if __name__ == "__main__":
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(yaml_dump(emulated(sys.argv[1])))
