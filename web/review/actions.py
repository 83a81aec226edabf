"""What can be done to clusters: each action checked and turned into a change, without making it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustering.bonds import Bonds
from clustering.corrections import LinkChange, Links, mend_links, part_links, tie
from storage.errors import StageError, UsageError
from storage.formats.decisions import is_position
from web.review.changes import ALONE, OF_CLUSTER, Change, Move, Setting
from web.review.state import ReviewState

Request = Mapping[str, Any]
MAX_TEXT = 2000
MAX_REPRESENTATIVES = 4
ANSWERS = ("same", "different", "unsure")


class ConflictError(StageError):
    """An action that does not fit the clusters as they stand now."""


@dataclass(frozen=True)
class Ground:
    """What actions are compiled on: the clusters, and the pairs between photos."""

    state: ReviewState
    bonds: Bonds


@dataclass(frozen=True)
class Action:
    """What is to be done, and what it is called in the undo button."""

    label: str
    change: Change


def compile_action(ground: Ground, request: Request) -> Action:
    """Turn a request into an action; nothing is changed.

    Raises
    ------
    UsageError
        When the request is not of the form of ``docs/review.md``, or names photos or clusters that are not there.
    ConflictError
        When a locked cluster stands against it.
    """
    kind = request.get("action")
    if not isinstance(kind, str) or kind not in ACTIONS:
        raise UsageError(f"action is {kind!r}, but must be one of {', '.join(ACTIONS)}")
    return ACTIONS[kind](ground, request)


# -- photos that move -------------------------------------------------------------------------------------------------


def merge(ground: Ground, request: Request) -> Action:
    """Make one cluster of clusters and photos; the largest keeps its number."""
    state = ground.state
    numbers = _clusters(state, request.get("clusters", []))
    alone = _photos(state, request.get("photos", []))
    numbers += [state.owner[photo] for photo in alone if state.owner[photo] != ALONE]
    return _joined(ground, sorted(set(numbers)), [photo for photo in alone if state.owner[photo] == ALONE], ())


def _joined(ground: Ground, numbers: Sequence[int], alone: Sequence[int], pair: Sequence[int]) -> Action:
    """Make one cluster; ``pair`` are the photos that tell that it is one, else those that stand for the clusters."""
    state = ground.state
    if len(numbers) + len(alone) < 2:
        raise UsageError("a merge needs two clusters or photos at least")
    _check_unlocked(state, numbers)
    target = max(numbers, key=lambda number: (len(state.members[number]), -number)) if numbers else state.next_number
    moves = [Move(tuple(state.photos(number)), number, target) for number in numbers if number != target]
    if alone:
        moves.append(Move(tuple(alone), ALONE, target))
    stand = [stands_for(state, number) for number in sorted(numbers, key=lambda number: number != target)]
    together = tie(pair or [*stand, *alone])
    change = Change(tuple(moves), _inherited(state, numbers, target), LinkChange(added_together=together))
    return Action(f"merge into {_called(state, target)}", mended(state, change))


def _inherited(state: ReviewState, numbers: Sequence[int], target: int) -> tuple[Setting, ...]:
    """What was set of clusters that end goes to the one that they are in, where nothing is set of that one."""
    settings: list[Setting] = []
    for kind in OF_CLUSTER:
        values = {number: state.setting(kind, number) for number in numbers if state.setting(kind, number) is not None}
        for number in values.keys() - {target}:
            settings.append(state.set(kind, (number,), None))
        ended = [values[number] for number in sorted(values.keys() - {target})]
        if kind == "note" and ended:
            settings.append(state.set(kind, (target,), "\n".join([*filter(None, [values.get(target)]), *ended])))
        elif ended and target not in values:
            settings.append(state.set(kind, (target,), ended[0]))
    return tuple(settings)


def split(ground: Ground, request: Request) -> Action:
    """Take photos of a cluster out of it; two or more become a cluster."""
    state = ground.state
    number = _cluster(state, request.get("cluster"))
    photos = _photos(state, request.get("photos", []))
    if any(state.owner[photo] != number for photo in photos):
        raise ConflictError(f"not all of these photos are in cluster {number} now")
    if not 0 < len(photos) < len(state.members[number]):
        raise UsageError("a split needs some of the cluster's photos, not all")
    return _moved(ground, photos, None, f"split of {_called(state, number)}")


def move(ground: Ground, request: Request) -> Action:
    """Put photos into a cluster, or a new one."""
    state = ground.state
    photos = _photos(state, request.get("photos", []))
    to = request.get("to")
    target = None if to == "new" else _cluster(state, to)
    photos = [photo for photo in photos if target is None or state.owner[photo] != target]
    if not photos:
        raise UsageError("no photos to move: all are there already")
    if target is None and len(photos) == 1:
        return single(ground, request)
    where = "a new cluster" if target is None else _called(state, target)
    return _moved(ground, photos, target, f"move of {_counted(photos)} to {where}")


def single(ground: Ground, request: Request) -> Action:
    """Make photos stand alone."""
    state = ground.state
    photos = [photo for photo in _photos(state, request.get("photos", [])) if state.owner[photo] != ALONE]
    if not photos:
        raise UsageError("no photos to set apart: all are alone already")
    chosen = set(photos)
    moves, links = _taken(ground, photos, ALONE)
    every = [*photos, *(photo for move in moves for photo in move.photos if photo not in chosen)]
    near = [(one, two) for one in every for two in ground.bonds.neighbours(one) if two in chosen and one < two]
    parts = [part_links(_kept(state, number, chosen), [photo], ground.bonds.neighbours) for photo, number in links]
    change = Change(tuple(moves)).with_links(*parts, LinkChange(added_apart=tuple(near)))
    return Action(f"make {_counted(photos)} single", mended(state, change))


def _moved(ground: Ground, photos: Sequence[int], target: int | None, label: str) -> Action:
    """Move photos out of their clusters into one; a new one for None."""
    state = ground.state
    chosen = set(photos)
    number = state.next_number if target is None else target
    number = number if target is not None or len(photos) > 1 else ALONE
    moves, taken = _taken(ground, photos, number)
    sources = sorted({source for _, source in taken})
    _check_unlocked(state, [] if target is None else [target])
    stand = [*photos] if target is None else [stands_for(state, target), *photos]
    parts = [
        part_links(
            _kept(state, source, chosen),
            [stand[0], *(photo for photo, owner in taken if owner == source)],
            ground.bonds.neighbours,
        )
        for source in sources
    ]
    change = Change(tuple(moves)).with_links(*parts, LinkChange(added_together=tie(stand)))
    return Action(label, mended(state, change))


def _taken(ground: Ground, photos: Sequence[int], target: int) -> tuple[list[Move], list[tuple[int, int]]]:
    """Give the moves of photos out of their clusters, a lone one that is left included, and photo and former cluster.

    A cluster that only one photo would be left of ends.
    """
    state, chosen = ground.state, set(photos)
    sources = sorted({state.owner[photo] for photo in photos})
    _check_unlocked(state, [source for source in sources if source != ALONE])
    moves = []
    for source in sources:
        moves.append(Move(tuple(photo for photo in photos if state.owner[photo] == source), source, target))
        left = [] if source == ALONE else [photo for photo in state.photos(source) if photo not in chosen]
        if len(left) == 1:
            moves.append(Move((left[0],), source, ALONE))
    return moves, [(photo, state.owner[photo]) for photo in photos if state.owner[photo] != ALONE]


def _kept(state: ReviewState, number: int, taken: set[int]) -> list[int]:
    """Give the photos of a cluster that stay, what stands for them first."""
    left = [photo for photo in state.photos(number) if photo not in taken]
    first = next((photo for photo in state.setting("representatives", number) or () if photo in left), None)
    return left if first is None else [first, *(photo for photo in left if photo != first)]


def mended(state: ReviewState, change: Change) -> Change:
    """Add to a change what has to go because of it: links against it, settings of clusters that end."""
    moved = {photo: move.target for move in change.moves for photo in move.photos}

    def place_of(photo: int) -> Any:
        number = moved.get(photo, state.owner[photo])
        return (photo,) if number == ALONE else number

    added = change.links
    mend = mend_links(state.links, moved, state.num_photos, place_of, added.removed_together)
    links = LinkChange(
        (*added.removed_together, *mend.removed_together),
        tuple(dict.fromkeys((*mend.added_together, *(link for link in added.added_together)))),
        (*added.removed_apart, *mend.removed_apart),
        tuple(pair for pair in dict.fromkeys(added.added_apart) if place_of(pair[0]) != place_of(pair[1])),
    )
    links = _without_known(state.links, links)
    settings = (*change.settings, *_of_ended(state, change))
    return Change(change.moves, (*settings, *_of_representatives(state, change, settings)), links)


def _without_known(known: Links, links: LinkChange) -> LinkChange:
    """Leave out what stands already, unless the same change takes it away."""
    together = [link for link in links.added_together if link not in known.together or link in links.removed_together]
    apart = [
        pair for pair in links.added_apart if not {pair, pair[::-1]} & known.apart.keys() or pair in links.removed_apart
    ]
    both = set(together) & set(links.removed_together)
    return LinkChange(
        tuple(link for link in links.removed_together if link not in both),
        tuple(link for link in together if link not in both),
        links.removed_apart,
        tuple(apart),
    )


def _of_ended(state: ReviewState, change: Change) -> tuple[Setting, ...]:
    """Unset what was set of clusters that no photo is in any more, unless the change does so."""
    numbers = {move.source for move in change.moves} - {move.target for move in change.moves} - {ALONE}
    sizes = {number: len(state.members[number]) for number in numbers}
    for move in change.moves:
        if move.source in sizes:
            sizes[move.source] -= len(move.photos)
    done = {(each.kind, each.subject) for each in change.settings}
    return tuple(
        state.set(kind, (number,), None)
        for number in sorted(number for number, size in sizes.items() if size == 0)
        for kind in OF_CLUSTER
        if state.setting(kind, number) is not None and (kind, (number,)) not in done
    )


def _of_representatives(state: ReviewState, change: Change, settings: Sequence[Setting]) -> Iterator[Setting]:
    """Let photos that leave a cluster stand for it no more, unless that is said already."""
    done = {each.subject[0] for each in settings if each.kind == "representatives"}
    for number in sorted({move.source for move in change.moves} - {ALONE} - done):
        gone = {photo for move in change.moves if move.source == number for photo in move.photos}
        chosen = state.setting("representatives", number) or []
        if gone & set(chosen):
            yield state.set("representatives", (number,), [photo for photo in chosen if photo not in gone] or None)


# -- what is set ------------------------------------------------------------------------------------------------------


def name(ground: Ground, request: Request) -> Action:
    """Call a cluster by a name; an empty one takes it away."""
    state, number = ground.state, _cluster(ground.state, request.get("cluster"))
    text = _text(request, "name") or None
    others = {value for (other,), value in state.settings.get("name", {}).items() if other != number}
    if text in others:
        raise ConflictError(f"another cluster is called {text!r} already: merge the two, or choose another name")
    return _set(state, f"name of cluster {number}", "name", (number,), text)


def note(ground: Ground, request: Request) -> Action:
    """Note something about a cluster; nothing takes the note away."""
    number = _cluster(ground.state, request.get("cluster"))
    return _set(ground.state, f"note on cluster {number}", "note", (number,), _text(request, "text") or None)


def lock(ground: Ground, request: Request) -> Action:
    """Lock a cluster, or unlock it."""
    number, is_locked = _cluster(ground.state, request.get("cluster")), request.get("locked")
    if not isinstance(is_locked, bool):
        raise UsageError(f"locked is {is_locked!r}, but must be true or false")
    change = Change(settings=(ground.state.set("lock", (number,), is_locked or None),))
    return Action(f"{'lock' if is_locked else 'unlock'} {_called(ground.state, number)}", change)


def representative(ground: Ground, request: Request) -> Action:
    """Let a photo stand for its cluster, before others, or no more."""
    state, number = ground.state, _cluster(ground.state, request.get("cluster"))
    (photo,) = _photos(state, [request.get("photo")])
    if state.owner[photo] != number:
        raise ConflictError(f"the photo is not in cluster {number} now")
    chosen = [other for other in state.setting("representatives", number) or () if other != photo]
    if request.get("is_representative", True):
        chosen = [photo, *chosen][:MAX_REPRESENTATIVES]
    return _set(state, f"representatives of {_called(state, number)}", "representatives", (number,), chosen or None)


def place(ground: Ground, request: Request) -> Action:
    """Place photos on the map; without a position they are where their files say, or nowhere."""
    photos, position = _photos(ground.state, request.get("photos", [])), request.get("position")
    if position is not None and not (isinstance(position, list) and is_position(position)):
        raise UsageError("position must be [latitude, longitude] in degrees, or null")
    if not photos:
        raise UsageError("no photos to place")
    value = None if position is None else [float(each) for each in position]
    change = Change(settings=tuple(ground.state.set("position", (photo,), value) for photo in photos))
    return Action(f"place of {_counted(photos)}", change)


def _set(state: ReviewState, label: str, kind: str, subject: tuple[int, ...], value: Any) -> Action:
    return Action(label, Change(settings=(state.set(kind, subject, value),)))


# -- answers ----------------------------------------------------------------------------------------------------------


def answer(ground: Ground, request: Request) -> Action:
    """Answer whether two photos show one building: join their clusters, part them, or ask again last."""
    state = ground.state
    said = request.get("answer")
    if said not in ANSWERS:
        raise UsageError(f"answer is {said!r}, but must be one of {', '.join(ANSWERS)}")
    pair = parse_key(state, request.get("key"))
    asked = Change(settings=(state.set("answer", pair, said),))
    is_joined = state.place(pair[0]) == state.place(pair[1])
    label = f"answer: {said}"
    if said == "unsure" or (said == "different" and not is_joined and _is_apart(state, pair)):
        return Action(label, asked)
    if said == "different":
        change = _parted(ground, pair) if is_joined else mended(state, Change(links=LinkChange(added_apart=(pair,))))
    elif is_joined:
        change = mended(state, Change(links=LinkChange(added_together=(pair,))))
    else:
        numbers = sorted({state.owner[photo] for photo in pair} - {ALONE})
        alone = [photo for photo in pair if state.owner[photo] == ALONE]
        change = _joined(ground, numbers, alone, pair).change
    return Action(label, Change(change.moves, (*change.settings, *asked.settings), change.links))


def _is_apart(state: ReviewState, pair: tuple[int, int]) -> bool:
    return pair in state.links.apart or pair[::-1] in state.links.apart


def _parted(ground: Ground, pair: tuple[int, int]) -> Change:
    """Split a cluster where it comes apart so that two photos are on two sides."""
    kept, parted = part_between(ground, pair)
    if len(parted) > len(kept):
        kept, parted = parted, kept
    change = _moved(ground, parted, None, "").change
    return mended(ground.state, change.with_links(LinkChange(added_apart=(pair,))))


def part_between(ground: Ground, pair: tuple[int, int]) -> tuple[list[int], list[int]]:
    """Give two sides of a cluster, one photo of a pair in each: the sides that the seams between them leave.

    Seam by seam the part that holds both photos is looked at; what comes off on the way stays with the side that it
    has the better bond with.
    """
    part, off = ground.state.group(pair[0]), []
    while True:
        one, two = ground.bonds.seam(part).sides
        held = one if pair[0] in one else two
        if pair[1] not in held:
            break
        off.append(two if held is one else one)
        part = held
    sides = [held, two if held is one else one]
    for rest in reversed(off):
        bonds = [ground.bonds.between(side, rest) for side in sides]
        worth = [-1.0 if bond is None else bond.agreement for bond in bonds]
        sides[int(worth[1] > worth[0])] = sorted([*sides[int(worth[1] > worth[0])], *rest])
    return sides[0], sides[1]


def key_of(state: ReviewState, pair: Sequence[int]) -> str:
    """Give the key of the question about two photos."""
    return f"{min(pair)}-{max(pair)}"


def parse_key(state: ReviewState, key: Any) -> tuple[int, int]:
    """Give the photos of a question."""
    parts = key.split("-") if isinstance(key, str) and len(key) < 30 else []
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"{key!r} is no key of a question")
    one, two = _photos(state, [int(part) for part in parts]) if parts[0] != parts[1] else (0, 0)
    if one == two:
        raise UsageError(f"{key!r} is no key of a question")
    return min(one, two), max(one, two)


# -- what requests name -----------------------------------------------------------------------------------------------


def stands_for(state: ReviewState, number: int) -> int:
    """Give the photo that links of a cluster hang on."""
    return next(iter(state.setting("representatives", number) or ()), min(state.members[number]))


def _photos(state: ReviewState, values: Any) -> list[int]:
    if not isinstance(values, list):
        raise UsageError("photos must be a list of numbers")
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < state.num_photos:
            raise UsageError(f"there is no photo {value!r}")
    return list(dict.fromkeys(values))


def _clusters(state: ReviewState, values: Any) -> list[int]:
    if not isinstance(values, list):
        raise UsageError("clusters must be a list of numbers")
    return [_cluster(state, value) for value in values]


def _cluster(state: ReviewState, value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value not in state.members:
        raise UsageError(f"there is no cluster {value!r} now")
    return value


def _check_unlocked(state: ReviewState, numbers: Iterable[int]) -> None:
    for number in numbers:
        if state.setting("lock", number):
            raise ConflictError(f"{_called(state, number)} is locked: unlock it first")


def _text(request: Request, field: str) -> str:
    text = request.get(field, "")
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise UsageError(f"{field} must be a text of at most {MAX_TEXT} characters")
    return text.strip()


def _called(state: ReviewState, number: int) -> str:
    called = state.setting("name", number)
    return f"cluster {number} ({called})" if called else f"cluster {number}"


def _counted(photos: Sequence[int]) -> str:
    return f"{len(photos)} photo{'' if len(photos) == 1 else 's'}"


ACTIONS: dict[str, Callable[[Ground, Request], Action]] = {
    "merge": merge,
    "split": split,
    "move": move,
    "single": single,
    "name": name,
    "lock": lock,
    "representative": representative,
    "note": note,
    "place": place,
    "answer": answer,
}
