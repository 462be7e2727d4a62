"""Links and commands in the documentation: what a page points to is there, what it says to type the program knows."""
import os
import re
import shlex
import subprocess
import unittest

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.environ.get("PGCONVOY") or os.path.join(CHECKOUT, "build", "release", "bin", "pgconvoy"))


def pages():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    found = [os.path.join(CHECKOUT, line) for line in listed.stdout.splitlines()]
    if not found:  # an archive without git
        found = [os.path.join(folder, name) for folder, _, names in os.walk(CHECKOUT) for name in names if name.endswith(".md") and "/build" not in folder and "/node_modules" not in folder]
    return [path for path in found if os.path.exists(path)]


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def anchors(path):
    """As GitHub makes them: lower case, blanks become hyphens, punctuation goes."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", text_of(path), re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-"))
    return found


def commands(path):
    """Every line to be typed, and every `pgconvoy ...` in the text."""
    text = text_of(path)
    for line in re.findall(r"^(?:    |\t)(pgconvoy .*)$", text, re.MULTILINE):
        yield line
    for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.strip().startswith("pgconvoy "):
                yield line.strip()
    for inline in re.findall(r"`(pgconvoy [^`]+)`", text):
        yield re.sub(r"\s+", " ", inline)


class Program:
    """What --help says of each command, asked for once."""

    def __init__(self):
        self.helps = {}

    def help(self, *path):
        if path not in self.helps:
            done = subprocess.run([PROGRAM, *path, "--help"], capture_output=True, text=True, check=False, timeout=60)
            self.helps[path] = done.stdout if done.returncode == 0 else None
        return self.helps[path]

    def problem(self, line):
        """Why nobody could type this; None when it is fine."""
        line = re.split(r"\s(?:#|\||>|&&|;)|  +\(", line)[0].rstrip(" \\,.;:")
        if re.search(r"\.\.\.|…|\[.*\|", line):
            return None  # a form, not a command
        try:
            words = shlex.split(line.replace("[", "").replace("]", ""))[1:]
        except ValueError as error:
            return str(error)
        path = []
        while words and re.fullmatch(r"[a-z]+", words[0]) and self.help(*path, words[0]) is not None and self.help(*path, words[0]) != self.help(*path):
            path.append(words.pop(0))
        if not path and words and not words[0].startswith("-"):
            return f"there is no command {words[0]}"
        if "--" in words:
            words = words[:words.index("--")]
        known = set(re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", self.help(*path))) | {"--help", "--version"}
        for word in words:
            option = re.match(r"(--?[a-z][\w-]*)", word)
            if option and option.group(1) not in known:
                return f"{' '.join(['pgconvoy', *path])} has no option {option.group(1)}"
        return None


class DocumentsTest(unittest.TestCase):
    maxDiff = None

    def test_links_lead_somewhere(self):
        broken, links = [], 0
        for path in pages():
            text = re.sub(r"^```.*?^```", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                links += 1
                file, _, anchor = target.partition("#")
                to = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                if not os.path.exists(to):
                    broken.append(f"{os.path.relpath(path, CHECKOUT)}: {target}")
                elif anchor and to.endswith(".md") and anchor not in anchors(to):
                    broken.append(f"{os.path.relpath(path, CHECKOUT)}: {target}: no such heading")
        self.assertEqual(broken, [])
        self.assertGreater(links, 60)

    def test_commands_are_ones(self):
        program, wrong, typed = Program(), [], 0
        for path in pages():
            if os.path.basename(path) == "CHANGELOG.md":
                continue
            for line in commands(path):
                typed += 1
                problem = program.problem(line)
                if problem:
                    wrong.append(f"{os.path.relpath(path, CHECKOUT)}: {line}: {problem}")
        self.assertEqual(wrong, [])
        self.assertGreater(typed, 150)

    def test_what_finds_wrong_commands(self):
        program = Program()
        self.assertIsNone(program.problem("pgconvoy report r7 --output html > r7.html"))
        self.assertIsNone(program.problem("pgconvoy fleet show -f fleet.yaml   # lists them"))
        self.assertIn("no command", program.problem("pgconvoy rport r7"))
        self.assertIn("--otput", program.problem("pgconvoy report r7 --otput html"))
        self.assertIn("fleet show", program.problem("pgconvoy fleet show --concurrency 3"))


if __name__ == "__main__":
    unittest.main()
