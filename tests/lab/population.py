"""Which databases a laboratory has: names, roles, shape, region, application. A pure function of the numbers asked for."""
import random
from dataclasses import dataclass

REGIONS = ["eu-west", "us-east", "ap-south", "sa-east", "af-south", "ca-central", "me-central", "eu-north", "us-west", "ap-east"]
APPLICATIONS = ["shop", "billing", "forum", "archive", "payroll", "crm", "cms", "metrics", "wiki", "search", "mailer", "tickets",
                "calendar", "chat", "ledger", "library", "travel", "gallery", "survey", "stock", "kiosk", "parking", "weather", "school"]
# With the oldest major version that has what the shape is made of; older servers get the other shapes only.
SHAPES = {"0-plain": 10, "1-types": 13, "2-hostile": 11, "3-partitions": 12, "4-privileges": 10, "5-settings": 10, "6-code": 11, "7-oddities": 13}

# Each has broken a real tool: quoting, option parsing, conninfo parsing (a name with `=` is taken for a connection string),
# the limit of 63 bytes, shell and printf expansion, trimming, an identifier that looks like one of pgconvoy's own.
HOSTILE = [
    ('"; DROP DATABASE postgres; --', 'ro"le; DROP ROLE postgres; --'),
    ("-Fc --clean", "--superuser"),
    ("host=nowhere port=1 dbname=postgres", "user=postgres"),
    ("Größe & 🚀 über/alles?x=1#frag", "naïve rôle 🐘@host:5432"),
    ("d" + "0123456789" * 6 + "yz", "r" + "0123456789" * 6 + "yz"),
    ("back\\slash 'quote' %s $HOME $(id) `id`", "o'brien\\n%20"),
    (" leading and trailing ", " "),
    ("postgresql://evil@nowhere/x", "public_"),
]
SIZES = {
    "tiny": None,
    "small": {"tables": 60, "rows": 1850, "big_tables": 0, "big_rows": 0},
    "medium": {"tables": 60, "rows": 1850, "big_tables": 5, "big_rows": 600_000},
}


@dataclass
class Database:
    """One service instance of the fleet, with the environment that uses it."""
    index: int
    application: str
    stage: str
    region: str
    server: str
    name: str
    role: str
    shape: str
    seed: int
    has_application: bool

    @property
    def environment(self):
        return f"{self.application}-{self.stage}"

    @property
    def instance(self):
        return f"{self.environment}-db"

    @property
    def reader(self):
        """A second role for shapes that grant something to somebody. Plain, since names are shape 2's business."""
        return f"{self.environment.replace('-', '_')}_reader"


@dataclass
class Environment:
    """A deployment of an application: (database, {variable: the part that it holds}) for each that it uses."""
    name: str
    application: str
    stage: str
    region: str
    has_application: bool
    bindings: list


def environments_of(databases):
    """One for each database."""
    return [Environment(d.environment, d.application, d.stage, d.region, d.has_application,
                        [(d, {"DATABASE_URL": "url"} if d.has_application else {})]) for d in databases]


def region_names(count):
    return [REGIONS[i] if i < len(REGIONS) else f"region-{i + 1}" for i in range(count)]


def populate(regions, databases, apps, seed, from_major):
    """Databases in a fixed order; neighbours lie in different regions, so that the first K applications do too."""
    dice = random.Random(seed)
    names, result, block = region_names(regions), [], []
    shapes, hostile = [shape for shape, oldest in SHAPES.items() if oldest <= from_major], 0
    for index in range(databases):
        if not block:
            block = dice.sample(names, len(names))
        region = block.pop()
        application = APPLICATIONS[index % len(APPLICATIONS)] + (f"-{index // len(APPLICATIONS) + 1}" if index >= len(APPLICATIONS) else "")
        stage = "test" if index % 4 == 3 else "live"
        shape = shapes[index % len(shapes)]
        plain = f"{application}-{stage}".replace("-", "_")
        name, role = plain, plain
        if shape == "2-hostile":
            name, role = hostile_names(hostile)
            hostile += 1
        elif shape == "5-settings":
            name = f"{application.title()} {stage.title()}"
        result.append(Database(index, application, stage, region, f"{region}-pg{from_major}", name, role, shape,
                               dice.randrange(1_000_000), index < apps))
    return result


def hostile_names(turn):
    name, role = HOSTILE[turn % len(HOSTILE)]
    again = turn // len(HOSTILE)
    if again:
        # Stays within 63 bytes for the name that already has them.
        name, role = (f"{text.encode()[: 60 - len(str(again))].decode(errors='ignore')} {again}" for text in (name, role))
    return name, role
