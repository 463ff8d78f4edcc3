"""Distributions as counts in buckets, and what little is known of one place drawn towards what is known of all.

Pure arithmetic. Counting is exact under any order and batching of events, which a running estimate of a quantile (P²,
say) is not, and a replay must give what the live model holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: bucket → weight
Counts = Mapping[int, float]


def shrink(own: Counts, towards: Counts, *, strength: float) -> dict[int, float]:
    """`own` with `strength` more observations, spread like `towards`: much where there is little of one's own."""
    total = sum(towards.values())
    mixed = {bucket: float(count) for bucket, count in own.items()}
    if total > 0:
        for bucket, weight in towards.items():
            mixed[bucket] = mixed.get(bucket, 0.0) + strength * weight / total
    return mixed


def quantile(counts: Counts, share: float, *, width: float) -> float:
    """The length below which that share lies, in units of `width`'s; even within a bucket.

    Raises:
        ValueError: there are no counts.
    """
    total = sum(counts.values())
    if total <= 0:
        raise ValueError("a distribution without counts has no quantiles")
    below = 0.0
    for bucket in sorted(counts):
        weight = counts[bucket]
        if weight and below + weight >= share * total:
            return (bucket + (share * total - below) / weight) * width
        below += weight
    return (max(counts) + 1) * width


def upper(values: Sequence[float], share: float) -> float:
    """The bound that the next value keeps with probability `share`, if it is drawn like these (split conformal).

    One rank above the plain quantile: of n values and a new one each rank is equally likely to be the new one's. The
    largest stands for what lies beyond.
    """
    ordered = sorted(values)
    rank = -(-share * (len(ordered) + 1) // 1)
    return ordered[min(len(ordered), max(1, int(rank))) - 1]
