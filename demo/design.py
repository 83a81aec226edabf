"""What each building of the street is like: the choices that its drawing follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.materials import Color

PLASTER_TINTS: tuple[Color, ...] = (
    (0.80, 0.70, 0.50),
    (0.78, 0.62, 0.54),
    (0.83, 0.79, 0.70),
    (0.66, 0.70, 0.62),
    (0.64, 0.69, 0.74),
    (0.72, 0.52, 0.42),
    (0.76, 0.76, 0.74),
    (0.82, 0.74, 0.58),
    (0.62, 0.60, 0.62),
    (0.77, 0.66, 0.62),
)
TRIM_COLORS: tuple[Color, ...] = (
    (0.76, 0.73, 0.66),
    (0.68, 0.64, 0.56),
    (0.58, 0.56, 0.53),
    (0.80, 0.79, 0.76),
    (0.66, 0.58, 0.48),
)
FRAME_COLORS: tuple[Color, ...] = (
    (0.88, 0.87, 0.84),
    (0.36, 0.25, 0.18),
    (0.22, 0.30, 0.27),
    (0.80, 0.77, 0.70),
    (0.25, 0.27, 0.30),
    (0.45, 0.20, 0.17),
)
PAINTS: tuple[Color, ...] = (
    (0.28, 0.38, 0.34),
    (0.40, 0.22, 0.18),
    (0.30, 0.36, 0.46),
    (0.42, 0.36, 0.27),
    (0.50, 0.52, 0.50),
    (0.24, 0.25, 0.27),
)
WALLS = (
    "stucco",
    "brick",
    "ashlar",
    "stucco",
    "yellow brick",
    "panels",
    "stucco",
    "dark brick",
    "wall tiles",
    "rubble stone",
    "stucco",
    "boards",
)
ROOFS = ("pitched", "flat", "mansard", "gable", "parapet", "hip", "stepped")
HEADS = ("square", "arched", "surround", "segmental", "pediment", "surround")
GROUNDS = ("shops", "door", "arcade", "garage", "shops", "windows")
DAMAGES = ("plaster", "x cracks", "crack", "soot", "breach", "collapse", "glass", "boards")


@dataclass(frozen=True)
class Design:
    """One building; lengths in metres, colours in display RGB from 0 to 1."""

    wall: str
    tint: Color | None
    base: str | None
    roof: str
    roof_surface: str
    head: str
    ground: str
    width: float
    num_floors: int
    floor_height: float
    num_bays: int
    window: tuple[float, float]
    mullions: tuple[int, int]
    trim: Color
    frame: Color
    paint: Color
    accent: Color
    shutters: str
    balconies: str
    has_quoins: bool
    is_detached: bool
    damages: tuple[str, ...]

    @property
    def eaves(self) -> float:
        """Height of the wall under the roof, in metres."""
        return self.num_floors * self.floor_height + 0.9


def choose_designs(rng: np.random.Generator, count: int) -> list[Design]:
    """Choose ``count`` buildings that differ in wall, roof, windows, ground floor and size."""
    kinds = {name: _spread(rng, options, count) for name, options in _OPTIONS.items()}
    tints = _spread(rng, PLASTER_TINTS, count)
    return [_choose(rng, {name: values[i] for name, values in kinds.items()}, tints[i]) for i in range(count)]


_OPTIONS: dict[str, tuple[str, ...]] = {
    "wall": WALLS,
    "roof": ROOFS,
    "head": HEADS,
    "ground": GROUNDS,
    "balconies": ("none", "some", "none", "row", "oriel", "none"),
    "shutters": ("none", "slats", "none", "panels", "none"),
}


def _spread(rng: np.random.Generator, options: tuple, count: int) -> list:
    """Take every option equally often, in random order."""
    chosen: list = []
    while len(chosen) < count:
        chosen += [options[i] for i in rng.permutation(len(options))]
    return chosen[:count]


def _choose(rng: np.random.Generator, kinds: dict[str, str], tint: Color) -> Design:
    num_bays = int(rng.integers(3, 6))
    bay = rng.uniform(2.4, 3.1)
    is_low = kinds["roof"] in ("gable", "stepped") or kinds["wall"] == "boards"
    wall_tint = tint if kinds["wall"] in ("stucco", "boards") else None
    trim = TRIM_COLORS[rng.integers(len(TRIM_COLORS))]
    if kinds["wall"] in ("panels", "wall tiles"):
        kinds = kinds | {"head": "square", "shutters": "none"}
    return Design(
        **kinds,
        tint=wall_tint,
        base=str(rng.choice(["ashlar", "rubble stone", "stucco"])) if rng.random() < 0.45 else None,
        roof_surface=str(rng.choice(["roof tiles", "slate"])),
        width=num_bays * bay + 0.8,
        num_floors=int(rng.integers(2, 4 if is_low else 5)),
        floor_height=rng.uniform(2.9, 3.5),
        num_bays=num_bays,
        window=(rng.uniform(0.36, 0.52) * bay, rng.uniform(0.46, 0.62)),
        mullions=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        trim=trim,
        frame=FRAME_COLORS[rng.integers(len(FRAME_COLORS))],
        paint=PAINTS[rng.integers(len(PAINTS))],
        accent=PAINTS[rng.integers(len(PAINTS))],
        has_quoins=bool(rng.random() < 0.4 and kinds["wall"] not in ("panels", "wall tiles", "boards")),
        is_detached=bool(rng.random() < 0.4),
        damages=tuple(str(name) for name in rng.choice(DAMAGES, int(rng.integers(4, 6)), replace=False)),
    )
