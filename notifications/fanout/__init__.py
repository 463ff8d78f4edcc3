"""One post of a restaurant to all who follow it: one event in, ranges of followers, notices and commands out.

    restaurants.events ──▶ group `followers`: a Post                                         (posts.py)
    notices.fan_out    ──▶ the post's followers cut into ranges, a command a range           (splitting.py)
    notices.tell_range ──▶ a range's notices by one statement; then commands for those that
                           a worker must send, straight to SQS in batches                     (telling.py)
    notices.send_stretch ▶ the notices of up to STRETCH followers, one after the other        (sending.py)

Each step is found in the database half done or not, so each may be repeated: what was lost on the way is called for
again by the sweeper (`duties.py`).
"""
