"""What a test of foresight shows of which condition: declared once, judged by the declaration, and counted in foresight_test's table."""
import functools
import glob
import importlib
import os
import unittest
from collections import Counter

KINDS = ("hit", "near_miss", "absent")


def shows(condition, kind, *expected):
    """A test whose function returns the findings of a target: those of `condition` are the expected ones, (severity, part of the object, parts of
    the evidence or of why ...), and no others. A hit blocks or warns; a near miss and an absence do not."""
    if kind not in KINDS or (kind == "hit") != any(severity in ("block", "warn") for severity, *_ in expected):
        raise ValueError(f"{condition}: {kind} with {expected}")

    def declared(look):
        @functools.wraps(look)
        def test(self):
            found = [each for each in look(self) if each["condition"] == condition]
            left = list(found)
            for severity, thing, *words in expected:
                match = next((each for each in left if each["severity"] == severity and thing in each["object"]
                              and all(word in each["evidence"] or word in each["why"] for word in words)), None)
                self.assertIsNotNone(match, f"{severity} {thing}: {words}; there was: {found}")
                left.remove(match)
            self.assertEqual([], left)
        test.shows = (condition, kind)
        return test
    return declared


def count_declared():
    """(condition, kind) -> how many tests of the modules beside this one show it."""
    counts = Counter()
    for path in glob.glob(os.path.join(os.path.dirname(__file__), "foresight_*_test.py")):
        module = importlib.import_module(f"{__package__}.{os.path.basename(path).removesuffix('.py')}")
        for test_class in vars(module).values():
            if isinstance(test_class, type) and issubclass(test_class, unittest.TestCase):
                counts.update(test.shows for name, test in vars(test_class).items() if name.startswith("test") and hasattr(test, "shows"))
    return counts
