#!/usr/bin/env python3
"""Writes many keys through `parley batch` and reads them back.

  batch_check.py requests set|get COUNT        prints one request per key as JSON lines
  batch_check.py answers set|get COUNT FILE    checks the answers in FILE, says what came out, exits 1 if one is wrong
"""
import json
import sys


def key(number):
    return f"demo/{number:06d}"


def value(number):
    return f"value of {number}"


def print_requests(operation, count):
    for number in range(count):
        request = {"id": number, "op": operation, "key": key(number)}
        if operation == "set":
            request["value"] = value(number)
        print(json.dumps(request))
    return 0


def problems_of(operation, count, lines):
    """What is wrong with the answers, one text per problem."""
    missing = set(range(count))
    for line in lines:
        answer = json.loads(line)
        number = answer.get("id")
        if number not in missing:
            yield f"an answer that nobody asked for, or a second one: {line.strip()}"
            continue
        missing.remove(number)
        if answer.get("ok") is not True:
            yield f"{operation} {key(number)}: {answer.get('error')} {answer.get('detail', '')}"
        elif operation == "get" and answer.get("value") != value(number):
            yield f"get {key(number)}: expected {value(number)!r}, found {answer.get('value')!r}"
    for number in sorted(missing):
        yield f"{operation} {key(number)}: no answer"


def check_answers(operation, count, path):
    with open(path, encoding="utf-8") as lines:
        problems = list(problems_of(operation, count, lines))
    for problem in problems[:10]:
        print(problem, file=sys.stderr)
    done = {"set": "written and acknowledged", "get": "read back as they were written"}[operation]
    print(f"  {count - len(problems)} of {count} keys {done}")
    return 1 if problems else 0


def main():
    action, operation, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if action == "requests":
        return print_requests(operation, count)
    return check_answers(operation, count, sys.argv[4])


if __name__ == "__main__":
    sys.exit(main())
