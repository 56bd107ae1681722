"""How long clips are, and which of their frames count: as many are before and after those as neighbours may be away."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    clips: int  # of a step of training
    frames: int
    targets: range  # frames of a clip of training that count
    measured: range  # frames of a clip that is measured that count
    measured_frames: int

    def holds(self, neighbours):
        """Whether clips of training have these neighbours of all frames that count."""
        away = [0, *neighbours]
        return self.targets[0] + min(away) >= 0 and self.targets[-1] + max(away) < self.frames


# By the furthest neighbour before a frame.
SPANS = {
    4: Span(5, 10, range(4, 8), range(4, 10), 12),
    6: Span(6, 15, range(6, 9), range(6, 13), 19),
}
