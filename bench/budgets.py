"""What the exporter may cost, and whether it costs less."""

# What two other exporters of the same endpoint cost, measured on a machine as that of docs/bench.md
# (two virtual cores): ten containers, plain text, everything on one core, median of three fresh
# processes; CPU of a scrape in us.
CLEVER_US = 1110  # Clever/ecs-container-exporter: 41 series
ECS_EXPORTER_US = 1770  # prometheus-community/ecs_exporter 0.4: 71 series
MIB = 1024  # in KiB

PLAIN, GZIP = "text", "text, gzip"


def verdicts(found: dict[str, float]) -> list[list[object]]:
    """A row for each budget: what it is about, what was found, the limit, and whether it was met.
    What was not measured has no number."""
    core, default = (f"10 {group} " for group in ("core", "default"))

    def ratio(above: str, below: str) -> float | None:
        return found[above] / found[below] if above in found and below in found else None

    def growth() -> float | None:
        names = [f"memory default {GZIP} {count}" for count in (100, 100_000)]
        return found[names[1]] - found[names[0]] if all(name in found for name in names) else None

    def linearity() -> float | None:
        us = [found.get(f"cpu {containers} default {PLAIN}") for containers in (1, 10, 100)]
        if None in us:
            return None
        return ((us[2] - us[1]) / 90) / ((us[1] - us[0]) / 9)

    limits: list[tuple[str, float | None, float]] = [
        ("CPU, core groups, us: 1/10 of Clever's", found.get(f"cpu {core}{PLAIN}"), CLEVER_US / 10),
        ("CPU, default groups, us: 1/8 of Clever's", found.get(f"cpu {default}{PLAIN}"),
         CLEVER_US / 8),
        ("CPU, default groups, us: 1/12 of ecs_exporter's", found.get(f"cpu {default}{PLAIN}"),
         ECS_EXPORTER_US / 12),
        ("CPU over the floor's, replies changed",
         ratio(f"cpu {default}{PLAIN}", f"floor {default}{PLAIN}"), 3),
        ("CPU over the floor's, replies as before",
         ratio(f"same {default}{PLAIN}", f"floor {default}{PLAIN}"), 1.3),
        ("CPU with gzip over without, core", ratio(f"cpu {core}{GZIP}", f"cpu {core}{PLAIN}"), 2),
        ("CPU with gzip over without, default",
         ratio(f"cpu {default}{GZIP}", f"cpu {default}{PLAIN}"), 2),
        ("CPU of a container more, 10 to 100 over 1 to 10", linearity(), 1.2),
        ("memory idle, KiB", found.get(f"memory default {GZIP} 0"), 4 * MIB),
        ("memory after 10,000 scrapes, KiB", found.get(f"memory default {GZIP} 10000"), 4 * MIB),
        ("memory from the 100th to the 100,000th, KiB", growth(), 64),
        ("memory under 64 clients, KiB", found.get("memory 64 clients each"), 6 * MIB),
        ("memory of 4 MiB of input, x its size", found.get("input default 1200"), 6),
        ("exec to first reply, ms", found.get("start"), 3),
        ("binary, MB", found.get("size"), 6.5),
        ("binary with gzip, MB", found.get("size gzip"), 2.5),
        ("threads", found.get("threads"), 1),
        ("requests a round", found.get("requests a round"), 2),
        ("requests a second, whatever the load", found.get("requests a second"), 8),
    ]
    return [[what, measured, float(limit), _verdict(measured, limit)]
            for what, measured, limit in limits]


def _verdict(measured: float | None, limit: float) -> str:
    if measured is None:
        return "not measured"
    return "met" if measured <= limit else "NOT met"
