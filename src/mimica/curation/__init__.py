"""From raw footage to consented, clean, sharded training clips: stages that are pure, typed and safe to repeat.

``pipeline.curate`` runs them under any `Engine`; this room does not know which: one core after another, or a cluster
(``mimica.scale``).
"""
