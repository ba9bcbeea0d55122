"""News of room 0 for the rooms above, which alone know what a member holds there.

Both are sent inside the transaction of a removal or a lesser role, so that nobody is gone
and still has work. A receiver answers with a number of conversations.
"""

from django.dispatch import Signal

# (workspace, user): how many does this person hold?
holdings_asked = Signal()
# (workspace, user): they may answer no more; let go of what they hold, say how much it was.
member_stops_answering = Signal()
