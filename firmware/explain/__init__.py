"""`menshen explain`: would this credential, or holder, be let in here, then, and why: the same code path as the gate's.

What the gate knows only at that moment (who is inside, use counts, a lockdown, a latched fault, what was suspended or
enrolled there) is taken from the controller's state folder where there is one; the options add to it. Whose credential
it is is not told: that would be a search for a person (DESIGN.md, section 5, point 7); duress PINs look like any other.
"""

from firmware.explain.command import add_arguments, run
from firmware.explain.knowing import standing_of
from firmware.explain.single import Explained, explain

__all__ = ["Explained", "add_arguments", "explain", "run", "standing_of"]
