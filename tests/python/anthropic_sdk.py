"""A program written with Anthropic's library, as people write them: it names no credential.

For each line that it reads it makes one request, and says in a line of JSON how that ended. It stays one process from
first to last.
"""

import json
import sys

import anthropic

client = None

for line in sys.stdin:
    if line.strip() != "ask":
        break
    try:
        client = client or anthropic.Anthropic(max_retries=0)
        message = client.messages.create(
            model="claude-practice-1",
            max_tokens=8,
            messages=[{"role": "user", "content": "Hello"}],
        )
        said = {"said": message.content[0].text}
    except Exception as error:
        said = {"error": str(error)}
    print(json.dumps(said), flush=True)
