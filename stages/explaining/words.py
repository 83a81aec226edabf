"""The sentences that explain a pair of photos: whole for the terminal, short for the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from stages.explaining.decision import Decision, Listing, Step
from storage.formats.clusters import SINGLETONS_KEY

MAX_CHAIN = 6  # pairs of a chain that fit the picture

SOURCE_WORDS = {
    "retrieval": "the descriptor listed the pair",
    "neighbours": "looked at because both match a third photo",
    "position": "looked at because their positions lie near each other",
    "time": "looked at because one camera took them within a minute",
}
KIND_WORDS = {
    "none": "nothing agrees with one map",
    "similarity": "they agree with a similarity",
    "affine": "they agree with an affine map",
    "homography": "they agree with a homography",
    "fundamental": "they agree with two views of one scene (fundamental matrix)",
}
STAGE_WORDS = {
    "evidence": "enough photos on both sides agree",
    "expansion": "photos with pairs into a strong building were added",
    "small": "a small building was added",
    "gps": "the positions lie near each other",
    "decision": "a person decided so",
}


# -- the pair ---------------------------------------------------------------------------------------------------------


def headline(measures: Mapping[str, Any], decision: Decision) -> str:
    """Say in one line whether the two are together, and how likely they show one building."""
    number = f"probability {digits(measures['probability'])}" if measures["probability"] is not None else ""
    if not number:
        number = "no probability" if measures["score"] is None else f"descriptor score {digits(measures['score'])}"
    numbers = [_building(number, name) for number, name in zip(decision.clusters, decision.cluster_names, strict=True)]
    if decision.is_together:
        return f"Together, in {numbers[0]}; this pair: {number}"
    if decision.is_together is None:
        return f"Buildings not known; this pair: {number}"
    if numbers[0] == numbers[1]:
        return f"Both alone; this pair: {number}"
    return f"Apart: left {numbers[0]}, right {numbers[1]}; this pair: {number}"


def _building(number: str | None, name: str | None) -> str:
    if number in (None, SINGLETONS_KEY):
        return "in no building" if number is None else "alone"
    return f"building {number} ({name})" if name else f"building {number}"


def pair_sentences(measures: Mapping[str, Any], positions: Sequence[str]) -> list[str]:
    """Say what is known of the pair itself.

    Parameters
    ----------
    measures : Mapping
        As :class:`stages.explaining.evidence.PairEvidence` has them.
    positions : sequence of str
        What EXIF says of the two.
    """
    verdict = f"verdict {measures['verdict']}; " if measures["verdict"] else ""
    texts = [
        f"This pair: {verdict}{measures['inliers']} inliers of {measures['matches']} matches, over "
        f"{_percent(measures['coverage'][0])} of the left photo and {_percent(measures['coverage'][1])} of the right "
        f"one; {KIND_WORDS[measures['kind']]}{_map(measures)}."
    ]
    if measures["overlay"]:
        texts.append(
            f"{measures['overlay']} matches were left out: they sit at the same place of both photos, as watermarks, "
            "stamps and borders do."
        )
    if measures["source"] is not None:
        texts.append(f"Why it was looked at: {SOURCE_WORDS[measures['source']]}.")
    if measures["score"] is not None:
        texts.append(f"Score of the descriptors: {digits(measures['score'])}.")
    return [*texts, *positions]


def _map(measures: Mapping[str, Any]) -> str:
    if measures["scale"] is None:
        return ""
    degrees = round(measures["rotation_deg"])
    turn = f", turned by {degrees} degree{'' if abs(degrees) == 1 else 's'}" if degrees else ""
    return f", {measures['scale']:.2f} times as large on the right{turn}"


# -- the decision -----------------------------------------------------------------------------------------------------


def decision_sentences(decision: Decision, info: Mapping[str, Any], is_probability: bool) -> list[str]:
    """Say why two photos are together or apart, but for the chain."""
    measure = "probability" if is_probability else "score"
    if decision.is_together is None:
        return []
    if decision.is_together:
        return [*_join_sentences(decision, info, measure), *_contradiction(decision), *map(_sentence, decision.decided)]
    texts = [_best_sentence(decision, measure), _reason_sentence(decision, info, measure)]
    if decision.reason == "no_pairs":
        texts += [_listing_sentence(listing) for listing in decision.listings]
    return [*(text for text in texts if text), *map(_sentence, decision.decided)]


def _join_sentences(decision: Decision, info: Mapping[str, Any], measure: str) -> list[str]:
    join = decision.join
    if join is None:
        if not info:
            return []
        return ["They were together from the start: a chain of strong pairs holds them."]
    text = f"They came together when {join['survivor_size']} and {join['absorbed_size']} photos were joined"
    text += f" because {STAGE_WORDS[join['stage']]}"
    details = []
    if "agreement" in join:
        asked = info.get("settings", {}).get("agreement_thresh")
        details.append(agreement_words(join["agreement"], asked))
    if "distance_m" in join:
        details.append(f"{metres(join['distance_m'])} between their medians")
    if join.get("pairs"):
        first, second, score = join["pairs"][0]
        details.append(f"best pair {first} and {second}, {measure} {digits(score)}")
    return [f"{text}: {'; '.join(details)}." if details else f"{text}."]


def _contradiction(decision: Decision) -> list[str]:
    if decision.doubt.get("reason") != "positions":
        return []
    apart = decision.doubt.get("distance_m")
    return [f"To review: their positions contradict the pair{f', {metres(apart)} apart' if apart else ''}."]


def _best_sentence(decision: Decision, measure: str) -> str:
    step = decision.best_pair
    if step is None:
        return "No pair between the two sides was looked at."
    if decision.reason == "decision":
        return f"The best pair between the two sides: {_step(step, measure)}."
    return f"Nearest to a link: {_step(step, measure)}."


def _reason_sentence(decision: Decision, info: Mapping[str, Any], measure: str) -> str:
    settings, doubt = info.get("settings", {}), decision.doubt
    strong, weak = settings.get("strong_edg_thresh"), settings.get("weak_edg_thresh")
    agreement = (
        f": {agreement_words(doubt['agreement'], settings.get('agreement_thresh'))}" if "agreement" in doubt else ""
    )
    far = f": {metres(doubt['distance_m'])}" if "distance_m" in doubt else ""
    words = {
        "below_weak": f"That is below the weak threshold of {weak}.",
        "unsure": f"That lies between the thresholds {weak} and {strong}: too unsure to join, worth a look.",
        "few_agree": f"One good pair is not enough: too few photos on both sides agree{agreement}.",
        "positions": f"Their positions lie too far apart{far}.",
        "tie": "Several joins are equal in all respects and cannot all be made, so none was.",
        "decision": "A person decided so.",
    }
    return words.get(decision.reason or "", "")


def _listing_sentence(listing: Listing) -> str:
    if listing.rank is None:
        return f"The descriptor lists {listing.length} photos for {listing.name}; the other is not one of them."
    return f"The descriptor lists the other photo for {listing.name}, in place {listing.rank} of {listing.length}."


def chain_sentences(decision: Decision, is_probability: bool, weak_thresh: float) -> list[str]:
    """Tell the chain between two photos, a pair a line; the weakest is marked.

    Of photos that are apart only a chain that nothing but the agreement of more photos keeps from being a join.
    """
    chain, measure = decision.chain, "probability" if is_probability else "score"
    if not chain:
        return ["No chain of pairs connects them."] if decision.is_together else []
    scores = _scores(chain)
    if decision.is_together is False and (len(chain) == 1 or min(scores, default=1.0) < weak_thresh):
        return []
    where = "in the building" if decision.is_together else "over all photos, from which no join follows"
    texts = [f"Strongest chain {where}, {len(chain)} {'pair' if len(chain) == 1 else 'pairs'}:"]
    for step in chain:
        is_weakest = len(chain) > 1 and step.decision is None and step.score == min(scores)
        texts.append(f"  {_step(step, measure)}{'  <- weakest' if is_weakest else ''}")
    return texts


def short_chain(decision: Decision) -> str:
    """Give the chain in one line for the picture."""
    chain = decision.chain
    if not chain:
        return ""
    if len(chain) > MAX_CHAIN:
        scores = _scores(chain)
        weakest = f", the weakest {digits(min(scores))}" if scores else ""
        return f"Strongest chain: {len(chain)} pairs{weakest}."
    parts = [PurePosixPath(chain[0].first).name]
    for step in chain:
        link = "decided" if step.decision or step.score is None else digits(step.score)
        parts += [f"({link})", PurePosixPath(step.second).name]
    return f"Strongest chain: {' '.join(parts)}"


def _scores(chain: Sequence[Step]) -> list[float]:
    """Give the scores that hold a chain where no decision does."""
    return [step.score for step in chain if step.decision is None and step.score is not None]


def _step(step: Step, measure: str) -> str:
    details = [] if step.score is None else [f"{measure} {digits(step.score)}"]
    if step.inliers is not None:
        details.append(f"{step.inliers} inliers")
    if step.decision is not None:
        details.insert(0, f"decided, {step.decision}")
    return f"{step.first} and {step.second}, {', '.join(details)}"


# -- numbers ----------------------------------------------------------------------------------------------------------


def metres(distance: float) -> str:
    """Give a distance as people say it."""
    return f"{distance:.0f} m" if distance < 1000 else f"{distance / 1000:.1f} km"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def digits(value: float) -> str:
    """Give a number with as many digits as tell it from 0 and 1."""
    if 0.9999 < value < 1.0001:
        return ">0.9999"
    return f"{value:.4f}" if value > 0.995 or abs(value) < 0.01 else f"{value:.2f}"


def agreement_words(value: float, asked: float | None) -> str:
    """Give an agreement with as many digits as tell it from what is asked."""
    if asked is None:
        return f"agreement {value:.2f}"
    number = next((number for number in range(2, 6) if f"{value:.{number}f}" != f"{asked:.{number}f}"), 6)
    return f"agreement {value:.{number}f}, {asked:g} is asked"


def _sentence(text: str) -> str:
    return f"Decided: {text}."
