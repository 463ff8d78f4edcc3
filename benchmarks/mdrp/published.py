"""Published and measured figures of others, by instance: (click-to-door, ready-to-pickup) means in minutes.

Sources: *optimum* (clairvoyant) and *Reyes 2018* (rolling horizon) from Reyes, Erera, Savelsbergh, Sahasrabudhe,
O'Neil, "The Meal Delivery Routing Problem", 2018, and the instances' published results. *FoodMatch* and *linear
assignment* (no bundles) were measured with public or plain code under whole-minute travel.
"""

from __future__ import annotations

OPTIMUM, REYES, FOODMATCH, LINEAR = "optimum (clairvoyant)", "Reyes 2018", "FoodMatch", "linear assignment"

PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    "0o50t100s1p100": {OPTIMUM: (29.81, 1.46), REYES: (31.19, 2.52), FOODMATCH: (31.69, 3.12), LINEAR: (31.72, 3.39)},
    "0o50t100s2p125": {OPTIMUM: (32.60, 0.53), REYES: (34.18, 1.85), FOODMATCH: (33.98, 1.84), LINEAR: (34.56, 2.49)},
    "0r50t75s1p100": {OPTIMUM: (28.47, 0.67), REYES: (29.57, 1.04), FOODMATCH: (29.65, 1.75), LINEAR: (29.86, 2.10)},
    "0r50t100s2p100": {OPTIMUM: (29.93, 0.43), REYES: (31.21, 1.11), FOODMATCH: (31.18, 1.56), LINEAR: (32.40, 2.90)},
    "0o100t100s1p100": {OPTIMUM: (30.07, 1.65), FOODMATCH: (30.47, 1.92), LINEAR: (30.93, 2.51)},
    "1o100t100s1p100": {FOODMATCH: (32.13, 3.52), LINEAR: (32.58, 4.13)},
}

#: Orders that others left undelivered, where it is known and not 0.
LEFT_OUT: dict[str, dict[str, int]] = {"1o100t100s1p100": {LINEAR: 33}}

#: Click-to-door to be at or under; elsewhere FoodMatch is to be beaten.
TARGETS: dict[str, float] = {"0o100t100s1p100": 29.3, "1o100t100s1p100": 30.1}
