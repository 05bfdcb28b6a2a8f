"""What a recording looks like: its loudness along the time, for a player to draw."""

from casework.sound.peaks import Unheard, forget, peaks_of

__all__ = ["Unheard", "forget", "peaks_of"]
