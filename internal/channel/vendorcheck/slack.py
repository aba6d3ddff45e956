"""Holds messages to slack_sdk's model of Block Kit.

Reads a list of {"name", "text", "blocks"} from the file named by the first argument,
prints a line for each that is refused, and exits with 1 if there is any.

Seen: types of blocks that the SDK does not know, fields it does not keep, and most lengths and
counts. Not seen, and held by the channel's own tests: the lengths of fields, of texts in a
context and of the whole, empty headers, the number of blocks, ids that come twice.
"""

import json
import sys
import warnings

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

warnings.simplefilter("error")  # a key that the SDK has not heard of is only warned of


def problem(blocks):
    for number, block in enumerate(blocks):
        try:
            parsed = Block.parse(block)
            if parsed is None:
                return f"block {number}: no type that is known: {block.get('type')!r}"
            # Makes the JSON, and on the way validates the block and all that is in it.
            made = parsed.to_dict()
        except (SlackObjectFormationError, TypeError, UserWarning) as error:
            return f"block {number}: {error}"
        if made != block:
            return f"block {number}: sent {block}, understood as {made}"
    return None


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        messages = json.load(file)
    refused = 0
    for message in messages:
        found = problem(message["blocks"])
        if found:
            refused += 1
            print(f"{message['name']}: {found[:500]}")
    print(f"{len(messages)} messages, {refused} refused")
    sys.exit(1 if refused else 0)


main()
