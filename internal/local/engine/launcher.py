"""Starts the local engine, MiniStack, with what it has no setting for.

- Small answers go out at once, which makes a Lambda three times as fast (hurry).
- PutEvents takes sources that only AWS may use, and an event may say which id, time,
  account and region it has: so that the driver can speak for ECS and CodePipeline, and
  the rules under test are the very ones that are deployed to AWS (open_event_bus).
- A workflow that publishes to SNS may give the message attributes (read_attributes).
- Roles are checked for CodePipeline, too, which the edge answers for (check_pipelines).
- An engine that writes down what it holds ends as soon as it has (end_when_written).
- The engine ends when its standard input does: that is the other end of a pipe whose
  owner is gone, however it went (end_with_owner).

All of it leans on names that MiniStack does not promise to keep. Each is looked at
before anything starts; a surprise ends the program with status 3 and one sentence.
"""

import importlib
import inspect
import json
import os
import signal
import socketserver
import sys
import threading
import time

UNEXPECTED = 3

# How long a graceful end may take once the owner is gone, in seconds.
GRACE = 3

# What an event's detail may say of the event, and of which type.
ENVELOPE = {"EventId": str, "Time": str, "Account": str, "Region": str}


def refuse(problem):
    print(
        f"fanfare: the launcher does not fit the installed MiniStack: {problem}. "
        "Install the pinned version again, or adapt launcher.py to the new one.",
        file=sys.stderr,
        flush=True,
    )
    sys.exit(UNEXPECTED)


def module(name):
    try:
        return importlib.import_module(name)
    except Exception as err:
        refuse(f"importing {name} failed with {type(err).__name__}: {err}")


def function(owner, name, parameters):
    """The function called name, if it still takes exactly these parameters."""
    found = getattr(owner, name, None)
    if not inspect.isfunction(found):
        refuse(f"{owner.__name__} has no function {name}")
    actual = str(inspect.signature(found))
    if actual != parameters:
        refuse(f"{owner.__name__}.{name} takes {actual}, expected {parameters}")
    return found


def hurry():
    """Turns Nagle's algorithm off for the server that Lambdas fetch their events from."""
    if not hasattr(socketserver.StreamRequestHandler, "disable_nagle_algorithm"):
        refuse("socketserver.StreamRequestHandler has no disable_nagle_algorithm")
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def open_event_bus():
    bus = module("ministack.services.eventbridge")
    put = function(bus, "_put_events", "(data, allow_aws_source=False)")
    dispatch = function(bus, "_dispatch_event", "(event, view=None)")
    if "_dispatch_event" not in put.__code__.co_names:
        refuse("_put_events no longer calls _dispatch_event by its name")

    put.__defaults__ = (True,)

    def dispatch_as_emitted(event, view=None):
        # A view is the parsed event, without the changes made here.
        if apply_envelope(event):
            view = None
        dispatch(event, view)

    bus._dispatch_event = dispatch_as_emitted


def apply_envelope(event):
    """Takes _envelope out of the event's detail and lets the event have what it says."""
    text = event.get("Detail")
    if not isinstance(text, str) or '"_envelope"' not in text:
        return False
    try:
        detail = json.loads(text)
    except ValueError:
        return False
    if not isinstance(detail, dict) or not isinstance(detail.get("_envelope"), dict):
        return False
    envelope = detail.pop("_envelope")
    for name, kind in ENVELOPE.items():
        if isinstance(envelope.get(name), kind):
            event[name] = envelope[name]
    event["Detail"] = json.dumps(detail)
    return True


def read_attributes():
    """Lets sns:publish in a workflow give message attributes, as it does on AWS.

    The engine hands a state's parameters to SNS as they are, where SNS looks for the
    attributes only in the form that its query protocol has them in.
    """
    sns = module("ministack.services.sns")
    parse = function(sns, "_parse_message_attributes", "(params) -> dict")
    if "_parse_message_attributes" not in function(sns, "_publish", "(params)").__code__.co_names:
        refuse("_publish no longer calls _parse_message_attributes by its name")

    def parse_both(params):
        whole = params.get("MessageAttributes")
        return dict(whole) if isinstance(whole, dict) else parse(params)

    sns._parse_message_attributes = parse_both


def check_pipelines():
    """Lets the engine say who may ask CodePipeline, a service that it does not have.

    What it allows, the edge in front of it answers in its stead. It also lets a role make
    schedules in a group of its own.
    """
    actions = module("ministack.core.iam_actions")
    namespaces = getattr(actions, "SERVICE_TO_IAM_NAMESPACE", None)
    if not isinstance(namespaces, dict) or "ssm" not in namespaces:
        refuse("iam_actions has no SERVICE_TO_IAM_NAMESPACE to add a service to")
    resource_arn = function(
        actions,
        "extract_resource_arn",
        "(service: str, method: str, path: str, headers: dict, body: bytes, "
        "query_params: dict, region: str, account_id: str) -> str",
    )
    namespaces["codepipeline"] = "codepipeline"
    # Else the engine looks the name up among all that AWS has, which takes seconds.
    patterns = getattr(module("ministack.core.router"), "SERVICE_PATTERNS", None)
    if not isinstance(patterns, dict) or "target_prefixes" not in patterns.get("ssm", {}):
        refuse("router has no SERVICE_PATTERNS to add a service to")
    patterns["codepipeline"] = {"target_prefixes": ["CodePipeline_20150709"]}

    def with_pipelines(service, method, path, headers, body, query_params, region, account_id):
        arn = None
        if service != "codepipeline":
            arn = resource_arn(service, method, path, headers, body, query_params, region, account_id)
            if service != "scheduler":
                return arn
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        if service == "scheduler":
            # The engine takes every schedule for one of the default group.
            group = asked.get("GroupName") if isinstance(asked, dict) else None
            return arn.replace(":schedule/default/", f":schedule/{group}/") if isinstance(group, str) else arn
        name = asked.get("pipelineName") or asked.get("name") if isinstance(asked, dict) else None
        return f"arn:aws:codepipeline:{region}:{account_id}:{name}" if isinstance(name, str) else "*"

    actions.extract_resource_arn = with_pipelines


def end_when_written():
    """Ends this process once its state is on disk, which is the last thing that it does.

    Else it would wait for every invocation that is still under way, and whatever these do
    meanwhile is not in the state any more.
    """
    app = module("ministack.app")
    save = function(app, "save_all", "(services: dict) -> None")

    def save_and_end(services):
        save(services)
        os._exit(0)

    app.save_all = save_and_end


def end_with_owner():
    """Ends this process, and what it started, when standard input is closed.

    The pipe moves to a descriptor that children do not inherit, and they get an empty
    standard input instead.
    """
    owner = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    def watch():
        try:
            while os.read(owner, 4096):
                pass
        except OSError:
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, name="owner", daemon=True).start()


def run():
    end_with_owner()
    hurry()
    open_event_bus()
    read_attributes()
    check_pipelines()
    end_when_written()
    main = function(module("ministack.app"), "main", "()")
    main()


if __name__ == "__main__":
    run()
