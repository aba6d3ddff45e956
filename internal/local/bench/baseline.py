"""What Fanfare's chain of functions is measured against: its work as one Python function.

An ECS event goes in. The image's tag and the last one are looked up, GitLab is asked for
the commits between them, Slack is told, and the tag is remembered. There is no ledger, no
retry, no routing and no other channel. The managed Python runtime is awslambdaric, too.
"""

import json
import os

import boto3
import urllib3

VENDORS = os.environ["AWS_ENDPOINT_URL"]
ecs = boto3.client("ecs")
parameters = boto3.client("ssm")
web = urllib3.PoolManager()


def running_tag(cluster, name):
    """The tag of the first container's image."""
    service = ecs.describe_services(cluster=cluster, services=[name])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
    image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
    return image.rsplit(":", 1)[1]


def commits_between(before, now):
    """What GitLab has between two tags, without merges and repeated titles."""
    token = parameters.get_parameter(Name="/bench/gitlab/token", WithDecryption=True)
    answer = web.request(
        "GET",
        VENDORS + "/api/v4/projects/shop%2Fcheckout/repository/compare",
        fields={"from": "v" + before, "to": "v" + now},
        headers={"PRIVATE-TOKEN": token["Parameter"]["Value"]},
    )
    by_title = {}
    for commit in json.loads(answer.data)["commits"]:
        if len(commit["parent_ids"]) < 2:
            by_title.setdefault(commit["title"], commit)
    return list(by_title.values())


def message(name, before, now, commits):
    """The message in Slack's blocks."""
    listed = "\n".join(
        "• <{web_url}|{short_id}> {title} — {author_name}".format(**commit) for commit in commits[:10]
    )
    return {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": f"{name} {now} is live"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*Version*\n{before} → {now}"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": listed or "no commits"}},
        ]
    }


def handle(event, _context):
    cluster, name = event["resources"][0].split(":")[5].split("/")[1:]
    remembered = f"/bench/{cluster}/{name}/last-tag"
    now = running_tag(cluster, name)
    before = parameters.get_parameter(Name=remembered)["Parameter"]["Value"]
    commits = commits_between(before, now)
    web.request(
        "POST",
        VENDORS + "/services/hook",
        body=json.dumps(message(name, before, now, commits)),
        headers={"Content-Type": "application/json"},
    )
    if event["detail"]["eventName"] == "SERVICE_DEPLOYMENT_COMPLETED":
        parameters.put_parameter(Name=remembered, Value=now, Type="String", Overwrite=True)
    return {"tag": now, "commits": len(commits)}
