"""What is compared: which frames a network sees beside its own, how they are aligned, where they enter."""

from dataclasses import dataclass

from networks import LAST, NEIGHBOUR, Network

AROUND, PAST2, PAST4 = (-2, -1, 1, 2), (-2, -1), (-4, -3, -2, -1)


@dataclass(frozen=True)
class Variant:
    frames: tuple = ()  # neighbours, relative to the frame
    enter: str = "first"  # or "trunk"
    align: str = "none"  # of the neighbours: see motion.ALIGN
    last: str = ""  # recurrence: how the last restored crop is aligned; empty is without
    temporal: float = 0.0  # weight of the loss of d/dt (picture − truth)
    widths: tuple = (24, 48, 64)

    def network(self):
        planes = NEIGHBOUR * len(self.frames)
        first = LAST if self.last else 0
        if self.enter == "trunk":
            return Network(first, planes, self.widths)
        return Network(first + planes, 0, self.widths)


VARIANTS = {
    "single": Variant(),
    "single-wide": Variant(widths=(28, 56, 72)),
    "window-first": Variant(AROUND),
    "window-trunk": Variant(AROUND, "trunk"),
    "window-past4": Variant(PAST4),
    "true-first": Variant(AROUND, align="true"),
    "registered-first": Variant(AROUND, align="registered"),
    "registered-trunk": Variant(AROUND, "trunk", align="registered"),
    "translated-first": Variant(AROUND, align="translated"),
    "registered-past2": Variant(PAST2, align="registered"),
    "registered-past4": Variant(PAST4, align="registered"),
    "registered-spaced2": Variant((-4, -2), align="registered"),
    "recurrence": Variant(last="registered"),
    "both": Variant(AROUND, align="registered", last="registered"),
    "single-temporal": Variant(temporal=1.0),
    "single-temporal4": Variant(temporal=4.0),
    "registered-spaced3": Variant((-4, -2, 2), align="registered"),
    "spaced2-temporal": Variant((-4, -2), align="registered", temporal=1.0),
    "spaced2-temporal0.3": Variant((-4, -2), align="registered", temporal=0.3),
    "spaced3-temporal": Variant((-4, -2, 2), align="registered", temporal=1.0),
    "both-spaced": Variant((-4, -2), align="registered", last="registered"),
    "both-spaced-temporal": Variant((-4, -2), align="registered", last="registered", temporal=1.0),
    "spaced4": Variant((-4, -2, 2, 4), align="registered", temporal=0.3),
    "spaced6": Variant((-6, -4, -2, 2, 4, 6), align="registered", temporal=0.3),
    "wide4": Variant((-6, -3, 3, 6), align="registered", temporal=0.3),
    "spaced4-past": Variant((-6, -4, -2, 2), align="registered", temporal=0.3),
    "both-spaced-temporal0.3": Variant((-4, -2), align="registered", last="registered", temporal=0.3),
    "registered-temporal": Variant(AROUND, align="registered", temporal=1.0),
}
