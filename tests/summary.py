#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Adds up what `meson test` found, check by check, and closes with "N passed, N failed".

    summary.py TESTLOG.JSON...

A suite on Check says how many checks it made, one in TAP lists them, any other counts as one. A
suite that ended badly with no check failing (it crashed, leaked or ran out of time) is one failure.
Under each failed suite stand the checks that failed, or else the last that it said.
Exit status 1 if something failed, or if $CI is set and something was skipped.
"""
import json
import os
import re
import sys

CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", re.MULTILINE)
TAP = re.compile(r"^(not )?ok\b(?!.*# SKIP)", re.MULTILINE)
FAILURE = re.compile(r"^(?:\S+:\d+:[FE]:.*|not ok\b.*)$", re.MULTILINE)
TAP_SKIP = re.compile(r"^(?:1\.\.0|ok\b.*?) # SKIP ?(.*)$", re.MULTILINE)
LAST = 8  # lines


def count(test):
    """Passed and failed checks of one suite, and why checks or all of it were skipped."""
    output = test.get("stdout", "")
    passed = failed = 0
    for checks, failures, errors in CHECK.findall(output):
        failed += int(failures) + int(errors)
        passed += int(checks) - int(failures) - int(errors)
    reasons = TAP_SKIP.findall(output)
    if not passed and not failed:
        marks = TAP.findall(output)
        failed = sum(1 for mark in marks if mark)
        passed = len(marks) - failed
    if test["result"] == "SKIP":
        return 0, 0, reasons or ["no reason given"]
    if test["result"] not in ("OK", "EXPECTEDFAIL"):
        return passed, max(failed, 1), reasons
    return max(passed, 1), failed, reasons


def tell(test):
    """Says which checks of a failed suite failed."""
    print(f"failed: {test['name']} ({test['result']}, {test['duration']:.0f} s)")
    said = FAILURE.findall(test.get("stdout", ""))
    if not said:
        said = (test.get("stdout", "") + test.get("stderr", "")).splitlines()[-LAST:]
    for line in said:
        print(f"    {line}")


def main():
    passed = failed = 0
    skipped = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as log:
            for test in map(json.loads, log):
                one_passed, one_failed, reasons = count(test)
                passed += one_passed
                failed += one_failed
                skipped += [(test["name"], reason) for reason in reasons]
                if one_failed:
                    tell(test)
    for name, reason in skipped:
        print(f"skipped: {name}: {reason}")
    print(f"{passed} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed or (skipped and os.environ.get("CI")) or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
