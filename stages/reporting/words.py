"""The sentences of the report: why the photos of a cluster are together, why a photo is alone, what is in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stages.explaining.words import STAGE_WORDS, agreement_words, digits, metres

NO_REASONS = "The reasons are not known: clusters_info.json is missing or belongs to other clusters."


def measure_word(info: Mapping[str, Any]) -> str:
    """Say what a score is: a probability where the pairs were verified."""
    is_verified = "-verified" in str(info.get("pairs_file", "")) or info.get("method") == "evidence"
    return "probability" if is_verified else "score"


def why_together(cluster: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Say why the photos of a cluster are together.

    Parameters
    ----------
    cluster : Mapping
        Its entry in ``clusters_info.json``.
    info : Mapping
        The whole file, for the settings.

    Returns
    -------
    list of str
        Sentences, the most general first.
    """
    if not cluster:
        return [NO_REASONS]
    measure, joins = measure_word(info), cluster.get("joins", [])
    texts = []
    strong = cluster.get("strong_pairs", [])
    if strong:
        asked = info.get("settings", {}).get("strong_edg_thresh")
        above = f" of {measure} {asked:g} or more" if asked is not None else ""
        texts.append(f"{_counted(len(strong), 'strong pair')}{above} {'holds' if len(strong) == 1 else 'hold'} them.")
    stages = Counter(join["stage"] for join in joins)
    texts += [f"{_counted(number, 'join')}: {STAGE_WORDS[stage]}." for stage, number in stages.most_common()]
    decided = len(cluster.get("must_links", []))
    if decided:
        texts.append(f"A person decided that they show one building ({_counted(decided, 'pair')}).")
    if cluster.get("cohesion") is not None:
        texts.append(f"Mean {measure} of the scored pairs within: {digits(cluster['cohesion'])}.")
    return texts


def join_lines(cluster: Mapping[str, Any], info: Mapping[str, Any]) -> list[str]:
    """Tell every step by which a cluster grew, in order, a line each."""
    measure = measure_word(info)
    lines = [_pair_words(pair, measure) for pair in cluster.get("strong_pairs", [])]
    for join in cluster.get("joins", []):
        details = _details(join, join.get("pairs") or [], info)
        sizes = f"{join['survivor_size']} + {join['absorbed_size']} photos"
        lines.append(f"{sizes}, {STAGE_WORDS[join['stage']]}" + (f": {'; '.join(details)}" if details else ""))
    return lines


def weakest_words(link: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """Say what holds least."""
    stage = "a strong pair" if link["stage"] == "strong" else STAGE_WORDS[link["stage"]]
    details = _details(link, [], info)
    if link.get("pair"):
        details.append(f"{measure_word(info)} of the best pair {digits(link['pair'][2])}")
    return f"{stage[0].upper()}{stage[1:]}" + (f": {'; '.join(details)}." if details else ".")


def doubt_words(doubt: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """Say why a join was not made."""
    return _reason_words(str(doubt["reason"]), doubt.get("pair", [None, None, None])[2], doubt, info)


def singleton_words(entry: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """Say why a photo is alone; ``entry`` is the one of ``clusters_info.json``, empty when there is none."""
    if not entry:
        return NO_REASONS
    return _reason_words(str(entry["reason"]), entry.get("score"), entry, info)


def _reason_words(reason: str, score: float | None, entry: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    settings, measure = info.get("settings", {}), measure_word(info)
    strong, weak = settings.get("strong_edg_thresh", "?"), settings.get("weak_edg_thresh", "?")
    best = "Its best pair" if score is None else f"Its best pair, {measure} {_apart(score, (strong, weak))},"
    agreed = (
        f": {agreement_words(entry['agreement'], settings.get('agreement_thresh'))}" if "agreement" in entry else ""
    )
    far = f": {metres(entry['distance_m'])}" if "distance_m" in entry else ""
    pair = f"{best} is good, but" if score is not None else "There is a good pair, but"
    words = {
        "no_pairs": "No pair of this photo was looked at.",
        "below_weak": f"{best} is below the weak threshold {weak}.",
        "unsure": f"{best} lies between the thresholds {weak} and {strong}: too unsure to join, worth a look.",
        "few_agree": f"{pair} too few photos on both sides agree{agreed}.",
        "positions": f"The positions lie too far apart{far}.",
        "tie": "Several joins are equal in all respects and cannot all be made, so none was.",
        "decision": "A person decided so.",
        "noise": "Its descriptor lies near those of no cluster.",
    }
    return words.get(reason, f"{reason}.")


def _details(link: Mapping[str, Any], pairs: Sequence[Sequence[Any]], info: Mapping[str, Any]) -> list[str]:
    details = []
    if link.get("agreement") is not None:
        details.append(agreement_words(link["agreement"], info.get("settings", {}).get("agreement_thresh")))
    if link.get("distance_m") is not None:
        details.append(f"{metres(link['distance_m'])} between their medians")
    return [*details, *(f"best pair {_pair_words(pair, measure_word(info))}" for pair in pairs[:1])]


def _pair_words(pair: Sequence[Any], measure: str) -> str:
    return f"{pair[0]} and {pair[1]}, {measure} {digits(pair[2])}"


def _apart(score: float, thresholds: Sequence[Any]) -> str:
    """Give a score with as many digits as tell it from the thresholds beside it."""
    asked = [float(each) for each in thresholds if each != "?" and float(each) != score]
    shown = (f"{score:.{number}f}" for number in range(3, 7))
    return next(
        (text for text in (digits(score), *shown) if text not in {_like(each, text) for each in asked}), digits(score)
    )


def _like(value: float, text: str) -> str:
    return f"{value:.{len(text.partition('.')[2])}f}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
